"""Child processes: they stop on SIGTERM, at the latest on SIGKILL, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import time

import pytest

from imgapis.devstack import children, failures

SLEEP = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN);print('up', flush=True); time.sleep(60)",
]

PARENT = """
import pathlib, sys, time
from imgapis.devstack import children
child = children.Child("a program", sys.argv[2:], pathlib.Path(sys.argv[1]))
child.wait_until(lambda: b"up" in child.log.read_bytes(), 20)
print(child.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts programs, which are stopped after the test."""
    programs = []

    def begin(command, **options):
        child = children.Child("a program", command, tmp_path / "log" / "program.log", **options)
        programs.append(child)
        return child

    yield begin
    for child in programs:
        child.stop(0)


def is_up(child) -> bool:
    return b"up" in child.log.read_bytes()


def test_a_program_stops_when_asked(start):
    child = start(SLEEP)
    child.wait_until(lambda: is_up(child), 20)
    child.stop()
    assert child.process.returncode == -signal.SIGTERM


def test_a_program_that_does_not_listen_is_killed(start):
    child = start(STUBBORN)
    child.wait_until(lambda: is_up(child), 20)
    child.stop(seconds=0.2)
    assert child.process.returncode == -signal.SIGKILL


def test_a_program_is_given_the_variables_named(start):
    child = start([sys.executable, "-c", "import os; print(os.environ['GREETING'])"], variables={"GREETING": "a b=c"})
    assert child.process.wait(20) == 0
    assert child.log.read_text() == "a b=c\n"


def test_a_program_that_ends_while_starting_is_reported_with_its_last_words(start):
    child = start([sys.executable, "-c", "raise SystemExit('no such table')"])
    with pytest.raises(failures.SetupError, match=r"a program ended while starting(.|\n)*no such table"):
        child.wait_until(lambda: False, 20)


def test_a_program_that_never_gets_ready_is_reported(start):
    child = start(SLEEP)
    with pytest.raises(failures.SetupError, match="not ready after"):
        child.wait_until(lambda: False, 0.2)


@pytest.mark.skipif(sys.platform != "linux", reason="dying with the parent is Linux's")
def test_a_program_dies_when_its_parent_is_killed(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log"), *SLEEP]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    child_pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _runs(child_pid):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_data_in_use_is_refused_until_its_program_has_ended(start, tmp_path):
    lock = children.lock_directory(tmp_path / "data", 0)
    child = start(SLEEP, lock=lock)
    os.close(lock)
    with pytest.raises(failures.SetupError, match="in use by another"):
        children.lock_directory(tmp_path / "data", 0)
    child.stop(0)
    os.close(children.lock_directory(tmp_path / "data", 5))
