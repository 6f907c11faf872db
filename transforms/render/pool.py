"""The render pool: one bounded first-come queue before a fixed number of render processes."""

import collections
import threading
import time

from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.render import process

JOBS_PER_PROCESS = 200


class QueuedJob:
    """A job's place in the queue and, later, its result."""

    __slots__ = ("deadline", "done", "error", "job", "output")

    def __init__(self, job: Job, deadline: float):
        self.job = job
        self.deadline = deadline
        self.done = threading.Event()
        self.output: Output | None = None
        self.error: BaseException | None = None


class Pool:
    """Render processes for one web worker, shared by its threads.

    Threads and processes start with the first jobs, so a pool may be made before the server forks,
    but not used. Each process belongs to one attendant thread that starts, feeds and replaces it.
    """

    def __init__(
        self,
        processes: int,
        seconds: float,
        memory_bytes: int,
        queue: int,
        argv: tuple[str, ...] = process.CHILD,
        jobs_per_process: int = JOBS_PER_PROCESS,
    ):
        """`seconds`: wall time of a job, its waiting included; `memory_bytes`: address space of a process;
        `queue`: jobs that may wait; `argv`: what is started (tests start children that misbehave)."""
        self._processes = processes
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._queue = queue
        self._argv = argv
        self._jobs_per_process = jobs_per_process
        self._state = threading.Condition()
        self._waiting: collections.deque[QueuedJob] = collections.deque()
        self._threads: list[threading.Thread] = []
        self._children: set[process.Process] = set()
        self._busy = 0
        self._closed = False

    def run(self, job: Job, seconds: float | None = None) -> Output:
        """Render `job`; raises EngineError: the engine's own, or render_busy, render_timeout, render_crashed."""
        ticket = QueuedJob(job, time.monotonic() + (self._seconds if seconds is None else seconds))
        self._enqueue(ticket)
        if not ticket.done.wait(max(0.0, ticket.deadline - time.monotonic())):
            self._abandon(ticket)
        if ticket.error is not None:
            raise ticket.error
        return ticket.output

    def close(self) -> None:
        """Refuse waiting jobs, kill running ones, and end the threads; a closed pool stays closed."""
        with self._state:
            self._closed = True
            for ticket in self._waiting:
                _refuse(ticket)
            self._waiting.clear()
            for child in self._children:
                child.kill()
            self._state.notify_all()
        for thread in self._threads:
            thread.join()

    def pids(self) -> list[int]:
        """The process ids of the living children, for health pages and tests."""
        with self._state:
            return sorted(child.pid for child in self._children if child.alive())

    def _enqueue(self, ticket: QueuedJob) -> None:
        with self._state:
            if self._closed or len(self._waiting) >= self._queue + self._processes - self._busy:
                raise busy()
            self._waiting.append(ticket)
            idle = len(self._threads) - self._busy
            if len(self._waiting) > idle and len(self._threads) < self._processes:
                self._start_thread()
            self._state.notify()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._serve_queue, name=f"render-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _abandon(self, ticket: QueuedJob) -> None:
        """At the deadline: a waiting job leaves the queue; a running one is being killed by its attendant."""
        with self._state:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                _refuse(ticket)
        ticket.done.wait()

    def _serve_queue(self) -> None:
        """Serve the queue with one child until the pool closes."""
        child = None
        while (ticket := self._next()) is not None:
            try:
                child = self._ready(child)
                ticket.output = child.render(ticket.job, ticket.deadline)
            except EngineError as error:
                ticket.error = error
            except BaseException as error:
                # A bug is raised in the waiting thread; the attendant must survive, and the pipe's state is unknown.
                ticket.error = error
                if child is not None:
                    child.end()
            self._finish(ticket)
        if child is not None:
            self._stop_child(child)

    def _finish(self, ticket: QueuedJob) -> None:
        with self._state:
            self._busy -= 1
        ticket.done.set()

    def _next(self) -> QueuedJob | None:
        """The oldest waiting job, or None when the pool closes."""
        with self._state:
            while not self._waiting and not self._closed:
                self._state.wait()
            if self._closed:
                return None
            self._busy += 1
            return self._waiting.popleft()

    def _ready(self, child: process.Process | None) -> process.Process:
        """A live child: the same one, or a new one after it died or did its number of jobs."""
        if child is not None and child.alive() and child.jobs < self._jobs_per_process:
            return child
        if child is not None:
            self._stop_child(child)
        new_child = process.Process(self._memory_bytes, self._argv)
        with self._state:
            self._children.add(new_child)
            if self._closed:
                new_child.kill()
        return new_child

    def _stop_child(self, child: process.Process) -> None:
        with self._state:
            self._children.discard(child)
        child.retire()


def busy() -> EngineError:
    return EngineError("render_busy", "The server is busy. Try again in a moment.")


def _refuse(ticket: QueuedJob) -> None:
    ticket.error = busy()
    ticket.done.set()
