"""The request threads of a web worker: a fixed number at work, and one more for each that waits."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from imgapis.base import waiting

Task = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]  # what to run, its arguments, and where its result goes


class RequestThreads:
    """As much of a ThreadPoolExecutor as gunicorn uses. A thread that waits (`imgapis.base.waiting`) is not counted:
    one that is started in its place takes what comes next, and those that are too many end with their request."""

    def __init__(self, most: int):
        self._most = most
        self._state = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._working = 0  # threads that do not wait, idle ones included
        self._idle = 0
        self._unfinished = 0  # requests that were submitted and are not done
        self._closed = False

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Run `function(*args)` in a thread."""
        future: Future[Any] = Future()
        with self._state:
            if self._closed:
                raise RuntimeError("the request threads have been shut down")
            self._unfinished += 1
            self._tasks.append((future, function, args))
            self._staff()
        return future

    def shutdown(self, wait: bool = True) -> None:
        """Take nothing more; what was submitted is still run. `wait` is there for gunicorn, which does not."""
        with self._state:
            self._closed = True
            self._state.notify_all()

    def drain(self, seconds: float) -> None:
        """Wait until everything that was submitted is done, at most so long."""
        with self._state:
            self._state.wait_for(lambda: not self._unfinished, seconds)

    def lend(self) -> None:
        """The calling thread waits from now on."""
        with self._state:
            self._working -= 1
            self._staff()

    def take_back(self) -> None:
        """The calling thread works again, also where another one has its place: then one ends after its request."""
        with self._state:
            self._working += 1

    def _staff(self) -> None:
        """Wake a thread for what was submitted, or start one where that is allowed."""
        if len(self._tasks) <= self._idle:
            self._state.notify()
        elif self._working < self._most:
            self._working += 1
            try:
                # A daemon, which ends with the process: `drain` is what waits for requests.
                threading.Thread(target=self._serve, name="request", daemon=True).start()
            except RuntimeError:  # the system has no thread left: whoever is done next takes it
                self._working -= 1

    def _serve(self) -> None:
        waiting.serve_from(self)
        while (task := self._next()) is not None:
            self._run(*task)
            del task  # an idle thread keeps no request

    def _run(self, future: Future[Any], function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(function(*args))
        except BaseException as error:
            future.set_exception(error)
        finally:
            with self._state:
                self._unfinished -= 1
                if self._closed:
                    self._state.notify_all()  # whoever drains

    def _next(self) -> Task | None:
        """What to run next; None where this thread is to end."""
        with self._state:
            while True:
                if self._working > self._most:
                    if self._tasks:
                        self._state.notify()  # what this one was woken for is another idle one's
                    break
                if self._tasks:
                    return self._tasks.popleft()
                if self._closed:
                    break
                self._idle += 1
                self._state.wait()
                self._idle -= 1
            self._working -= 1
            return None
