"""A child process: it writes to a log, dies with its parent, and stops on SIGTERM or is killed five seconds later."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from imgapis.devstack import failures

STOP_SECONDS = 5.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """One running program. Start it from the main thread: on Linux a child dies with the thread that made it."""

    def __init__(
        self,
        name: str,
        command: list[str],
        log: Path,
        variables: Mapping[str, str] | None = None,
        lock: int | None = None,
    ) -> None:
        """Start the command with these variables added to ours; it inherits the open file `lock`, if there is one."""
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        # env(1) adds the variables and becomes the program, so nothing here needs to read our own environment.
        full_command = ["env", *(f"{key}={value}" for key, value in (variables or {}).items()), *command]
        parent = os.getpid()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                full_command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop the children in order
                pass_fds=() if lock is None else (lock,),
                preexec_fn=lambda: _set_parent_death_signal(parent),
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready()` is true; SetupError with the log's end if the program ends or time runs out first."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise failures.SetupError(f"{self.name} ended while starting; {self.log_tail()}")
            if time.monotonic() > deadline:
                raise failures.SetupError(f"{self.name} is not ready after {seconds:.0f} s; {self.log_tail()}")
            time.sleep(0.05)

    def log_tail(self) -> str:
        """The last five lines of the log and its path, for a message."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-5:]
        except FileNotFoundError:
            lines = []
        return "\n".join([f"its log {self.log} ends:", *(f"  {line}" for line in lines)])

    def terminate(self) -> None:
        """Ask the program to stop, without waiting."""
        self._signal(signal.SIGTERM)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop the program and what it started: SIGTERM, and SIGKILL after so many seconds. Twice is harmless."""
        self.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        self._signal_group(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> None:
        if self.alive:
            self.process.send_signal(number)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # nothing of the group is left


def lock_directory(directory: Path, seconds: float) -> int:
    """An open, locked file beside a data directory, to be inherited by the program that owns the data.

    The lock lasts as long as that program, whoever started it: after `kill -9` of the parent the next start waits
    here until the old program has closed its files. SetupError when it does not within so many seconds.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(f"{directory}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise failures.SetupError(
                    f"{directory} is in use by another `make run`: stop it, or choose other data: make run VAR_DIR=..."
                ) from None
            time.sleep(0.1)


def _set_parent_death_signal(parent: int) -> None:
    """In the child, before it becomes the program: a SIGTERM when the parent dies."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
