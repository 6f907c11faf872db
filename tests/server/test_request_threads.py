"""What waits holds no request thread, and does not grow without bounds (H13)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from imgapis.base.waiting import Places, ServerBusy, TooManyWaiting
from imgapis.server import request_threads
from imgapis.server.request_threads import RequestThreads

SECONDS = 10.0


@pytest.fixture
def places(monkeypatch):
    """The places of a process with room for eight."""
    places = Places(8)
    monkeypatch.setattr(request_threads.waiting, "serve_from", places.serve_from)
    return places


@pytest.fixture
def threads():
    threads = RequestThreads(2)
    yield threads
    threads.shutdown()


def request_thread_count() -> int:
    return sum(thread.name == "request" for thread in threading.enumerate())


def occupy(places: Places, workspace: str, free: threading.Event, count: int) -> list[threading.Thread]:
    """Threads that hold so many places of a workspace until `free` is set."""

    def hold() -> None:
        with places.place(workspace):
            free.wait(SECONDS)

    holders = [threading.Thread(target=hold) for _ in range(count)]
    for holder in holders:
        holder.start()
    while places.held(workspace) < count:
        time.sleep(0.001)
    return holders


def test_requests_run_and_their_errors_come_back(threads):
    assert threads.submit(lambda number: number + 1, 1).result(SECONDS) == 2
    assert isinstance(threads.submit(lambda: 1 / 0).exception(SECONDS), ZeroDivisionError)


def test_no_more_threads_than_allowed_are_at_work(threads):
    free, started = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        started.release()
        free.wait(SECONDS)

    futures = [threads.submit(work) for _ in range(6)]
    assert [started.acquire(timeout=SECONDS) for _ in range(2)] == [True, True]
    assert not started.acquire(timeout=0.05)
    free.set()
    assert not wait(futures, SECONDS).not_done


def test_who_waits_is_replaced_and_a_hit_is_answered_beside_all_that_wait(places, threads):
    free = threading.Event()

    def wait_in_place() -> str:
        with places.place("crowd"):
            free.wait(SECONDS)
        return "waited"

    waiting = [threads.submit(wait_in_place) for _ in range(4)]
    while places.held("crowd") < 4:
        time.sleep(0.001)
    assert threads.submit(lambda: "hit").result(SECONDS) == "hit"
    free.set()
    assert [future.result(SECONDS) for future in waiting] == ["waited"] * 4
    ends = time.monotonic() + SECONDS
    while request_thread_count() > 2 and time.monotonic() < ends:  # those that are too many end after their request
        time.sleep(0.001)
    assert request_thread_count() <= 2


def test_what_runs_when_the_threads_are_shut_down_is_waited_for(threads):
    """R9"""
    free, done = threading.Event(), threading.Event()

    def work() -> None:
        free.wait(SECONDS)
        done.set()

    threads.submit(work)
    threads.shutdown(wait=False)
    threads.drain(0.01)
    assert not done.is_set()
    threading.Timer(0.05, free.set).start()
    threads.drain(SECONDS)
    assert done.is_set()
    with pytest.raises(RuntimeError):
        threads.submit(work)


def test_a_workspace_waits_with_as_many_as_it_leaves_for_the_others(places):
    free = threading.Event()
    holders = occupy(places, "crowd", free, 4)
    with pytest.raises(TooManyWaiting) as caught, places.place("crowd"):
        pass
    assert (caught.value.status, caught.value.code) == (429, "too_many_waiting") and caught.value.retry_after
    holders += occupy(places, "neighbour", free, 2) + occupy(places, "third", free, 1)
    with places.place("fourth"), pytest.raises(ServerBusy) as refused, ThreadPoolExecutor(1) as executor:
        executor.submit(lambda: places.place("fifth").__enter__()).result()
    assert refused.value.status == 503 and refused.value.retry_after
    free.set()
    for holder in holders:
        holder.join(SECONDS)
    with places.place("crowd"):
        assert places.held("crowd") == 1
    assert places.held("crowd") == 0


def test_a_request_that_waits_within_waiting_has_one_place(places):
    with places.place("one"), places.place("one"):
        assert places.held("one") == 1
    assert places.held("one") == 0
