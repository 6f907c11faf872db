"""Jobs of one source that wait together are done one after the other, and the source is sent once (R4)."""

import os
import pickle
import threading
import time
from dataclasses import replace

import pytest

from tests.render.test_pool import Held, job, make_pool
from transforms.engine.errors import EngineError
from transforms.render import child, pool, process, wire
from transforms.render.fair_queue import FairQueue
from transforms.render.pool import Sharing

SOURCE = os.urandom(100_000)
ONCE, TWICE = Sharing(1, 10), Sharing(2, 10)
SECONDS = 30  # the longest that a test waits for anything


class Sent:
    """What the pool has sent to its children: the number of each job, and whether its source went with it."""

    def __init__(self, send):
        self._send = send
        self.jobs: list[tuple[int, bool]] = []
        self.forgets = 0

    def __call__(self, fd: int, head: dict, body: bytes, deadline: float | None = None) -> None:
        self._send(fd, head, body, deadline)
        if not head:
            self.forgets += 1
        elif "n" in (sent := pickle.loads(body)).values:
            self.jobs.append((sent.values["n"], bool(sent.sources)))


@pytest.fixture
def sent(monkeypatch):
    sent = Sent(wire.send)
    monkeypatch.setattr(wire, "send", sent)
    return sent


class Crowd:
    """A pool whose only process is held until all jobs wait; then they are worked off, and `answers` has what each
    numbered job got."""

    def __init__(self, folder):
        self.pool = make_pool(queue=40)
        self.held = Held(self.pool, folder, "holder")
        self.answers: dict[int, object] = {}
        self.threads: list[threading.Thread] = []

    def ask(self, act: str, source: bytes, sharing: Sharing | None = ONCE, workspace: str = "shop", **limits) -> None:
        """One more job, behind the others: it waits when this returns, or has its answer already."""
        number, before, ends = len(self.threads), self.pool.waiting(), time.monotonic() + SECONDS
        arguments = (number, act, source, sharing, workspace, limits)
        thread = threading.Thread(target=self._run, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()
        while self.pool.waiting() == before and thread.is_alive():
            assert time.monotonic() < ends, "the job neither waits nor is answered"
            thread.join(0.001)

    def done(self) -> dict[int, object]:
        """Let them be worked off; the answers: bytes, or the code of an error."""
        self.held.release()
        for thread in self.threads:
            thread.join(SECONDS)
        self.pool.close()
        return self.answers

    def _run(self, number, act, source, sharing, workspace, limits) -> None:
        try:
            output = self.pool.run(job(act, source, n=number), workspace, 100, sharing, **limits)
            self.answers[number] = output.body
        except EngineError as error:
            self.answers[number] = error.code
        except OSError as error:
            self.answers[number] = type(error)


@pytest.fixture
def crowd(tmp_path, sent):
    crowd = Crowd(tmp_path)
    yield crowd
    if crowd.held.thread.is_alive():
        crowd.done()


def test_a_source_is_sent_once_for_all_that_wait_and_like_follows_like(crowd, sent):
    crowd.ask("echo", SOURCE, ONCE)
    crowd.ask("echo", b"another one")
    crowd.ask("echo", SOURCE, TWICE)
    crowd.ask("echo", SOURCE, ONCE)
    assert crowd.done() == {0: SOURCE, 1: b"another one", 2: SOURCE, 3: SOURCE}
    assert sent.jobs == [(0, True), (3, False), (2, False), (1, True)]


def test_after_the_last_of_them_the_child_is_told_to_forget(crowd, sent):
    """P07"""
    for _ in range(3):
        crowd.ask("echo", SOURCE)
    crowd.done()
    assert sent.forgets == 1


def test_what_the_child_forgets_is_gone():
    """P07"""
    state = child._State()
    sent = job("echo", SOURCE)
    assert state.job({"same_sources": False}, bytearray(pickle.dumps(sent))) == sent
    assert state.job({"same_sources": True}, bytearray(pickle.dumps(replace(sent, sources=())))) == sent
    state.forget()
    assert state.sources == () and state.decodings._last is None


def test_two_workspaces_never_share(crowd, sent):
    crowd.ask("echo", SOURCE, workspace="shop")
    crowd.ask("echo", SOURCE, workspace="stranger")
    crowd.ask("echo", SOURCE, workspace="shop")
    crowd.done()
    assert sorted(sent.jobs) == [(0, True), (1, True), (2, False)]


def test_equal_bytes_of_two_fetches_and_jobs_that_share_nothing_are_sent_each(crowd, sent):
    crowd.ask("echo", SOURCE)
    crowd.ask("echo", bytes(bytearray(SOURCE)))
    crowd.ask("echo", SOURCE, sharing=None)
    crowd.done()
    assert [has_source for _, has_source in sent.jobs] == [True, True, True]


@pytest.mark.parametrize("act", ["abort", "segfault", "fail"])
def test_a_crash_is_of_one_job_and_the_others_are_done_by_the_next_process(crowd, sent, act):
    """I4"""
    crowd.ask("echo", SOURCE)
    crowd.ask(act, SOURCE)
    crowd.ask("echo", SOURCE)
    assert crowd.done() == {0: SOURCE, 1: "render_crashed", 2: SOURCE}
    assert sent.jobs == [(0, True), (1, False), (2, True)]


def test_each_has_its_own_time(crowd):
    """I3"""
    crowd.ask("echo", SOURCE)
    crowd.ask("hang", SOURCE, seconds=0.3)
    crowd.ask("echo", SOURCE)
    assert crowd.done() == {0: SOURCE, 1: "render_timeout", 2: SOURCE}


def test_a_refusal_is_of_one_job_and_the_series_goes_on(crowd, sent):
    for act in ("echo", "refuse", "echo"):
        crowd.ask(act, SOURCE)
    assert crowd.done() == {0: SOURCE, 1: "broken_image", 2: SOURCE}
    assert [has_source for _, has_source in sent.jobs] == [True, False, False]


def test_where_no_process_can_be_had_for_one_of_a_series_it_is_told_and_the_others_are_done(crowd, monkeypatch):
    """I4"""
    ready, calls = crowd.pool._ready, []

    def fail_once(child):
        calls.append(child)
        if len(calls) == 3:  # behind the job that is held, before the first one of the series, and before the second
            raise BlockingIOError
        return ready(child)

    for _ in range(3):
        crowd.ask("echo", SOURCE)
    monkeypatch.setattr(crowd.pool, "_ready", fail_once)
    assert crowd.done() == {0: SOURCE, 1: BlockingIOError, 2: SOURCE}


def test_who_has_waited_too_long_is_not_done_with_the_others(crowd, sent):
    crowd.ask("echo", SOURCE)
    crowd.ask("echo", SOURCE, wait_seconds=0.0)
    crowd.threads[1].join(SECONDS)
    crowd.ask("echo", SOURCE)
    assert crowd.done() == {0: SOURCE, 1: "render_busy", 2: SOURCE}
    assert [number for number, _ in sent.jobs] == [0, 2]


def test_a_process_that_has_done_its_number_of_jobs_takes_none_of_a_series_along(tmp_path, sent):
    served = make_pool(jobs_per_process=2, queue=40)
    crowd = Crowd.__new__(Crowd)
    crowd.pool, crowd.held, crowd.answers, crowd.threads = served, Held(served, tmp_path), {}, []
    for _ in range(4):
        crowd.ask("echo", SOURCE)
    assert crowd.done() == dict.fromkeys(range(4), SOURCE)
    assert [has_source for _, has_source in sent.jobs] == [True, True, False, True]


@pytest.mark.parametrize(("seconds", "order"), [(0.0, [0, 3, 1, 2]), (60.0, [0, 1, 2, 3])])
def test_others_wait_for_a_series_no_longer_than_its_time(crowd, sent, monkeypatch, seconds, order):
    """R6"""
    monkeypatch.setattr(pool, "SERIES_SECONDS", seconds)
    for _ in range(3):
        crowd.ask("echo", SOURCE)
    crowd.ask("echo", b"a neighbour's", workspace="neighbour")
    crowd.done()
    assert [number for number, _ in sent.jobs] == order


def test_where_nobody_else_waits_a_series_goes_on(crowd, sent, monkeypatch):
    monkeypatch.setattr(pool, "SERIES_SECONDS", 0.0)
    for _ in range(3):
        crowd.ask("echo", SOURCE)
    crowd.done()
    assert [has_source for _, has_source in sent.jobs] == [True, False, False]


def test_what_was_taken_out_of_turn_is_waited_for():
    """R6: a series is charged to its workspace, which then waits until the others have had as much."""
    queue = FairQueue(100, clock=lambda: 0.0)
    for number in range(4):
        queue.put("series", 100, ("series", number))
    for number in range(5):
        queue.put("other", 100, ("other", number))
    assert queue.take(lambda workspace: True) == ("series", 0)
    for _ in range(2):
        assert queue.take_from("series", lambda items: (items[-1], 150)) is not None
    assert [queue.take(lambda workspace: True)[0] for _ in range(5)] == ["other"] * 4 + ["series"]


def test_nothing_is_taken_out_of_turn_where_nothing_is_chosen():
    queue = FairQueue(100, clock=lambda: 0.0)
    assert queue.take_from("nobody", lambda items: (items[0], 1)) is None
    queue.put("one", 100, ("one", 0))
    assert queue.take_from("one", lambda items: None) is None and queue.count("one") == 1


def test_a_child_that_takes_no_word_is_ended(monkeypatch):
    """P07: with it goes what it was to forget."""
    monkeypatch.setattr(process, "_FORGET_SECONDS", 0.05)
    stuck = process.Process(1_000_000_000, ("sleep", "600", "--"))
    stuck._sources = (SOURCE,)
    os.write(stuck._stdin.fileno(), bytes(65_536))  # its pipe is full
    stuck.forget()
    assert stuck._child.wait(5) == -9 and not stuck._sources
    stuck.end()
