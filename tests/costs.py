"""What the tests cost: `-p tests.costs` ends a run with a table of its files by wall and CPU seconds."""

import time
from collections import defaultdict
from dataclasses import dataclass

import psutil
import pytest


@dataclass
class Cost:
    """Seconds of one file: on the wall, of pytest's own CPU, of the CPU of every process below it."""

    tests: int = 0
    wall: float = 0.0
    own: float = 0.0
    children: float = 0.0


_costs: dict[str, Cost] = defaultdict(Cost)
_living: dict[tuple[int, float], float] = {}
_started: set[tuple[int, str]] = set()


def _children() -> float:
    """CPU seconds of all descendants so far, those that have ended included as far as they were ever seen."""
    me = psutil.Process()
    for child in me.children(recursive=True):
        try:
            times = child.cpu_times()
            _living[(child.pid, child.create_time())] = times.user + times.system
        except psutil.Error:
            continue
    return sum(_living.values())


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
    terminalreporter.line(f"{'wall':>8} {'pytest':>8} {'others':>8} {'tests':>6}  file")
    for name, cost in sorted(_costs.items(), key=lambda pair: -pair[1].wall):
        terminalreporter.line(f"{cost.wall:8.1f} {cost.own:8.1f} {cost.children:8.1f} {cost.tests:6}  {name}")
