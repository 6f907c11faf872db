"""The render pool: a bounded queue, shared fairly between workspaces, before a fixed number of render processes."""

import collections
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass

from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.render import process
from transforms.render.fair_queue import FairQueue

JOBS_PER_PROCESS = 200
WAIT_SECONDS = 10.0
SERIES_SECONDS = 1.0  # how long jobs of one source may follow one another before it is others' turn
START_SECONDS = 10.0  # to import the engine, on a machine at work
WAITED_TOO_LONG = "The picture waited too long for others to be processed, and was not begun. Try again in a moment."


@dataclass(frozen=True)
class Sharing:
    """What a job can share with others of its workspace that have the very same sources in memory: jobs with equal
    `decoding` are decoded once. `cost` is its work in pixels where it has nothing to decode."""

    decoding: Hashable
    cost: int


class QueuedJob:
    """A job's place in the queue and, later, its result. `seconds` of wall time run from when its work begins; `cost`
    in pixels is an estimate."""

    __slots__ = ("cost", "done", "error", "job", "output", "seconds", "sharing", "workspace")

    def __init__(self, job: Job, workspace: str, seconds: float, cost: int = 0, sharing: Sharing | None = None):
        self.job = job
        self.workspace = workspace
        self.seconds = seconds
        self.cost = cost
        self.sharing = sharing
        self.done = threading.Event()
        self.output: Output | None = None
        self.error: BaseException | None = None


class Pool:
    """Render processes for one web worker, shared by its threads.

    Beside `processes` there are `spares`: they work for a workspace that has none at work, while all others work.
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
        wait_seconds: float = WAIT_SECONDS,
        spares: int = 1,
    ):
        """`seconds`: wall time of a job from when it begins; `memory_bytes`: address space of a process; `queue`: jobs
        that may wait, each `wait_seconds` at most; `argv`: what is started (tests start children that misbehave)."""
        self._processes = processes
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._memory_bytes = memory_bytes
        self._queue = queue
        self._argv = argv
        self._jobs_per_process = jobs_per_process
        self._spares = spares
        self._spares_started = 0
        self._state = threading.Condition()
        self._waiting: FairQueue[QueuedJob] = FairQueue()
        self._threads: list[threading.Thread] = []
        self._idle = 0  # attendants that wait for a job, spare ones apart
        self._children: set[process.Process] = set()
        self._busy: collections.Counter[str] = collections.Counter()  # jobs at work, by workspace
        self._closed = False

    def run(
        self,
        job: Job,
        workspace: str = "",
        cost: int = 0,
        sharing: Sharing | None = None,
        *,
        seconds: float | None = None,
        wait_seconds: float | None = None,
    ) -> Output:
        """Render `job`, whose `cost` in pixels is an estimate, in the turn of its workspace, or right after a job that
        it can share with. Raises EngineError: the engine's own, too_many_waiting, render_busy, render_timeout,
        render_crashed."""
        ticket = QueuedJob(job, workspace, self._seconds if seconds is None else seconds, cost, sharing)
        self._enqueue(ticket)
        if not ticket.done.wait(self._wait_seconds if wait_seconds is None else wait_seconds):
            self._abandon(ticket)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.output is not None  # a job is done with an error or with an output
        return ticket.output

    def close(self) -> None:
        """Refuse waiting jobs, kill running ones, and end the threads; a closed pool stays closed."""
        with self._state:
            self._closed = True
            for ticket in self._waiting.clear():
                _refuse(ticket)
            for child in self._children:
                child.kill()
            self._state.notify_all()
        for thread in self._threads:
            thread.join()

    def pids(self) -> list[int]:
        """The process ids of the living children, for health pages and tests."""
        with self._state:
            return sorted(child.pid for child in self._children if child.alive())

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._state:
            return len(self._waiting)

    def _enqueue(self, ticket: QueuedJob) -> None:
        workspace = ticket.workspace
        with self._state:
            if self._closed:
                raise busy()
            if not self._begins_at_once(workspace):
                self._check_room(workspace)
            self._waiting.put(workspace, ticket.cost, ticket)
            if len(self._waiting) > self._idle and len(self._threads) - self._spares_started < self._processes:
                self._start_thread(is_spare=False)
            self._state.notify_all()

    def _begins_at_once(self, workspace: str) -> bool:
        """Whether there is a process for it and nothing before it."""
        free = self._processes - self._busy.total() - len(self._waiting)
        if free > 0:
            return True
        has_none = not self._busy[workspace] and not self._waiting.count(workspace)
        return has_none and free > -self._spares

    def _check_room(self, workspace: str) -> None:
        """A workspace may wait with no more jobs than there are places left for the others."""
        places_left = self._queue - len(self._waiting)
        if places_left <= 0:
            raise busy()
        if self._waiting.count(workspace) >= places_left:
            raise EngineError(
                "too_many_waiting", "Too many pictures of this workspace wait to be processed. Try again in a moment."
            )

    def _may_start(self, workspace: str) -> bool:
        """Whether a job of the workspace may begin: the processes above the number are for who has none at work."""
        return self._busy.total() < self._processes or not self._busy[workspace]

    def _start_thread(self, is_spare: bool) -> None:
        name = f"render-{len(self._threads)}"
        thread = threading.Thread(target=self._serve_queue, args=(is_spare,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _abandon(self, ticket: QueuedJob) -> None:
        """A job that has waited too long leaves the queue; one that has begun has its own time from then."""
        with self._state:
            if self._waiting.remove(ticket.workspace, ticket):
                ticket.error = EngineError("render_busy", WAITED_TOO_LONG)
                ticket.done.set()
        ticket.done.wait()

    def _serve_queue(self, is_spare: bool) -> None:
        """Serve the queue with one child until the pool closes. No job is taken before the child can begin it, so that
        nobody waits for the one that takes the place of a child killed in another's job."""
        child = self._ready(None)
        self._start_spares()
        while (ticket := self._next(is_spare)) is not None:
            child = self._serve_series(ticket, child)
            del ticket  # and with it its sources, which nobody needs any more
        self._stop_child(child)

    def _serve_series(self, first: QueuedJob, child: process.Process) -> process.Process:
        """Do a job, and then those that can share with it; the child to go on with, which has nothing of them any more.
        Where others wait, the last one of a series begins SERIES_SECONDS after the end of the first, at the latest."""
        ticket: QueuedJob | None = first
        ends = None
        while ticket is not None:
            child = self._work(ticket, child)
            ends = ends or time.monotonic() + SERIES_SECONDS
            ticket = self._finish(ticket, child, ends)
        child = self._ready(child)  # not before: whatever it raises, a job that has begun must be answered
        child.forget()
        return child

    def _work(self, ticket: QueuedJob, child: process.Process) -> process.Process:
        """Set the output or the error of a job; the child that did it."""
        try:
            child = self._ready(child)  # which may have died while it was idle
            ticket.output = child.render(ticket.job, time.monotonic() + ticket.seconds)
        except EngineError as error:
            ticket.error = error
        except BaseException as error:
            # A bug is raised in the waiting thread; the attendant must survive, and the pipe's state is unknown.
            ticket.error = error
            child.end()
        return child

    def _start_spares(self) -> None:
        """Start the spare attendants, once the first child has started: that one is waited for."""
        with self._state:
            while self._spares_started < self._spares and not self._closed:
                self._spares_started += 1
                self._start_thread(is_spare=True)

    def _finish(self, ticket: QueuedJob, child: process.Process, series_ends: float) -> QueuedJob | None:
        """Tell a job's thread that it is done; the job that follows it in its series, which has begun: before any other
        attendant could take it."""
        with self._state:
            self._waiting.end(ticket)
            self._busy[ticket.workspace] -= 1
            if not self._busy[ticket.workspace]:
                del self._busy[ticket.workspace]
            follower = self._follower(ticket, child, series_ends)
            self._state.notify_all()
        ticket.done.set()
        return follower

    def _follower(self, last: QueuedJob, child: process.Process, series_ends: float) -> QueuedJob | None:
        """Begin a waiting job of the same workspace that has the sources which the child has from the last one, one
        that is decoded alike where there is any. It is charged without its decoding, if that is done."""
        is_over = time.monotonic() > series_ends

        def choose(tickets: list[QueuedJob]) -> tuple[QueuedJob, int] | None:
            sharing = [(each, each.sharing) for each in tickets if each.sharing and child.has_sources_of(each.job)]
            if not sharing or (is_over and len(sharing) < len(self._waiting)):
                return None
            for each, terms in sharing:
                if last.sharing and terms.decoding == last.sharing.decoding:
                    return each, terms.cost
            return sharing[0][0], sharing[0][0].cost

        if not self._may_go_on(child) or not self._may_start(last.workspace):
            return None
        ticket = self._waiting.take_from(last.workspace, choose)
        if ticket is not None:
            self._busy[ticket.workspace] += 1
        return ticket

    def _next(self, is_spare: bool) -> QueuedJob | None:
        """The next waiting job that may begin, or None when the pool closes. A spare attendant takes none while another
        one is idle."""
        with self._state:
            while not self._closed:
                ticket = self._waiting.take(self._may_start) if not (is_spare and self._idle) else None
                if ticket is not None:
                    self._busy[ticket.workspace] += 1
                    return ticket
                self._idle += not is_spare
                self._state.wait()
                self._idle -= not is_spare
            return None

    def _ready(self, child: process.Process | None) -> process.Process:
        """A live child that has started: the same one, or a new one after it died or did its number of jobs."""
        if child is not None:
            if self._may_go_on(child):
                return child
            self._stop_child(child)
        new_child = process.Process(self._memory_bytes, self._argv)
        with self._state:
            self._children.add(new_child)
            if self._closed:
                new_child.kill()
        new_child.await_start(time.monotonic() + START_SECONDS)
        return new_child

    def _may_go_on(self, child: process.Process) -> bool:
        return child.alive() and child.jobs < self._jobs_per_process

    def _stop_child(self, child: process.Process) -> None:
        with self._state:
            self._children.discard(child)
        child.retire()


def busy() -> EngineError:
    return EngineError("render_busy", "Too many pictures wait to be processed before this one. Try again in a moment.")


def _refuse(ticket: QueuedJob) -> None:
    ticket.error = busy()
    ticket.done.set()
