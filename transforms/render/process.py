"""The parent's handle of one render process: start it, send it jobs, end it."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.render import answers, wire

ROOT = Path(__file__).resolve().parents[2]
CHILD = (sys.executable, "-s", "-m", "transforms.render.child")
# Nothing of the server's environment is passed on: no keys, no proxies. Two arenas keep glibc's memory flat.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_EXIT_SECONDS = 1.0
_FORGET_SECONDS = 1.0


class Process:
    """A child that renders one job at a time.

    Start it from a thread that lives as long as it does: Linux sends the parent-death signal when the
    *thread* that started a child ends.
    """

    def __init__(self, memory_bytes: int, argv: tuple[str, ...] = CHILD):
        self.jobs = 0
        self._has_started = False
        self._sources: tuple[bytes | None, ...] = ()  # which the child has, from the job before
        self._child = subprocess.Popen(
            [*argv, str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=ROOT,
            env=ENVIRONMENT,
        )
        assert self._child.stdin is not None and self._child.stdout is not None  # both are pipes
        self._stdin, self._stdout = self._child.stdin, self._child.stdout
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stdout.fileno(), False)

    @property
    def pid(self) -> int:
        return self._child.pid

    def alive(self) -> bool:
        return self._child.poll() is None

    def await_start(self, deadline: float) -> None:
        """Return once the child can take a job, has failed to start, or `deadline` (time.monotonic() seconds) has
        passed: the next job tells."""
        with contextlib.suppress(wire.PipeClosed, wire.DeadlinePassed):
            self._receive_start(deadline)

    def _receive_start(self, deadline: float) -> None:
        if not self._has_started:
            wire.receive(self._stdout.fileno(), deadline)
            self._has_started = True

    def render(self, job: Job, deadline: float) -> Output:
        """Render `job` before `deadline` (time.monotonic() seconds) or raise EngineError.

        After render_timeout and render_crashed the process is dead; otherwise it has the sources of the job until the
        next one comes or `forget` is called.
        """
        self.jobs += 1
        has_sources = self.has_sources_of(job)
        if has_sources:
            job = replace(job, sources=())
        else:
            self.forget()
            self._sources = job.sources
        head = {"seconds": max(0.0, deadline - time.monotonic()), "same_sources": has_sources}
        try:
            self._receive_start(deadline)
            wire.send(self._stdin.fileno(), head, pickle.dumps(job, pickle.HIGHEST_PROTOCOL), deadline)
            return answers.read(*wire.receive(self._stdout.fileno(), deadline))
        except wire.DeadlinePassed:
            self.end()
            raise timeout() from None
        except wire.PipeClosed:
            raise self._post_mortem() from None
        except EngineError as error:
            if error.code == "render_crashed":
                self.end()
            raise

    def has_sources_of(self, job: Job) -> bool:
        """Whether the child has the very same sources, from the job before."""
        return have_same_sources(job.sources, self._sources)

    def forget(self) -> None:
        """Let the child free the sources of the last job, and what it has decoded of them (P07)."""
        if not self._sources:
            return
        self._sources = ()
        try:
            wire.send(self._stdin.fileno(), {}, b"", time.monotonic() + _FORGET_SECONDS)
        except wire.PipeClosed:
            pass  # with the child they are gone
        except wire.DeadlinePassed:
            self.kill()

    def retire(self) -> None:
        """Shut down gracefully: close standard input, wait for the child to exit, kill it after a second."""
        self._stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_SECONDS)
        self.end()

    def kill(self) -> None:
        """Send SIGKILL and return at once; safe from any thread."""
        self._child.kill()

    def end(self) -> None:
        """Kill, reap and close the pipes."""
        self._sources = ()
        self._child.kill()
        self._child.wait()
        self._stdin.close()
        self._stdout.close()

    def _post_mortem(self) -> EngineError:
        """The error for a broken pipe, by the child's exit status. A child that has not exited is killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_SECONDS)
        self.end()
        status = self._child.returncode
        if status == -signal.SIGXCPU:
            return timeout()
        error = EngineError("render_crashed", "The picture could not be processed.")
        error.add_note(f"render process ended with status {status}")
        return error


def have_same_sources(one: tuple[bytes | None, ...], other: tuple[bytes | None, ...]) -> bool:
    """Whether two jobs have the very same sources in memory, and any."""
    return any(one) and len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def timeout() -> EngineError:
    return EngineError("render_timeout", "The picture took too long to process.")
