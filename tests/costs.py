"""What the tests cost: `make test PYTEST="-n 0 -p tests.costs"` ends with a table of files by wall and CPU seconds, and
with how many programs of each kind were started."""

import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

import psutil
import pytest

PROGRAMS = ("DynamoDBLocal", "weed", "gunicorn", "chromium", "nginx", "manage.py", "pytest", "node", "git")


@dataclass
class Cost:
    """Of one file: its tests, seconds on the wall, of pytest's own CPU, and of the CPU of every process below it."""

    tests: int = 0
    wall: float = 0.0
    own: float = 0.0
    children: float = 0.0


_costs: dict[str, Cost] = defaultdict(Cost)
_cpu_seconds: dict[tuple[int, float], float] = {}
_started: Counter[str] = Counter()


def _count_programs(event: str, arguments: tuple) -> None:
    """An audit hook: what was started, by the first known name among its words."""
    if event == "subprocess.Popen":
        words = " ".join(str(word) for word in arguments[1])
        _started[next((name for name in PROGRAMS if name in words), "others")] += 1


def _children() -> float:
    """CPU seconds of all descendants so far, also of those that have ended, as far as they were seen."""
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
            _cpu_seconds[(child.pid, child.create_time())] = times.user + times.system
        except psutil.Error:
            continue
    return sum(_cpu_seconds.values())


def pytest_configure():
    """Count from here on."""
    sys.addaudithook(_count_programs)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Add what one test cost, its fixtures included, to its file."""
    cost = _costs[item.nodeid.partition("::")[0]]
    wall, own, children = time.monotonic(), time.process_time(), _children()
    try:
        return (yield)
    finally:
        cost.tests += 1
        cost.wall += time.monotonic() - wall
        cost.own += time.process_time() - own
        cost.children += _children() - children


def pytest_terminal_summary(terminalreporter):
    """The table, dearest first."""
    terminalreporter.section("costs")
    terminalreporter.line(f"{'wall s':>8} {'pytest':>8} {'others':>8} {'tests':>6}  file")
    for name, cost in sorted(_costs.items(), key=lambda pair: -pair[1].wall):
        terminalreporter.line(f"{cost.wall:8.1f} {cost.own:8.1f} {cost.children:8.1f} {cost.tests:6}  {name}")
    terminalreporter.line("started: " + ", ".join(f"{count} {name}" for name, count in _started.most_common()))
