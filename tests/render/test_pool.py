"""The render pool: limits, crashes, deadlines and the queue (I3, I4, H13)."""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from transforms import engine_errors
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.render import fair_queue
from transforms.render.pool import Pool, QueuedJob

MISBEHAVING = (sys.executable, "-s", "-m", "tests.render.misbehaving")
MEMORY = 1_000_000_000


def make_pool(**changes) -> Pool:
    settings = {"processes": 1, "seconds": 20.0, "memory_bytes": MEMORY, "queue": 8, "argv": MISBEHAVING, "spares": 0}
    return Pool(**(settings | changes))


@pytest.fixture
def pool():
    pool = make_pool()
    yield pool
    pool.close()


def job(act: str, *sources: bytes, **values) -> Job:
    return Job(act, values, "png", sources)


def tell(pool: Pool) -> dict:
    return json.loads(pool.run(job("tell")).body)


def refusal(pool: Pool, act: str, workspace: str = "", limits: dict | None = None, **values) -> EngineError:
    with pytest.raises(EngineError) as caught:
        pool.run(job(act, **values), workspace, **limits or {})
    return caught.value


class Held:
    """A job that has begun and stays until released."""

    def __init__(self, pool: Pool, folder, workspace: str = "", **limits: float):
        folder.mkdir(exist_ok=True)
        self.began, self.go = folder / "began", folder / "go"
        os.mkfifo(self.began)
        os.mkfifo(self.go)
        self.answers: list = []
        self.thread = threading.Thread(target=self.ask, args=(pool, workspace, limits))
        self.thread.start()
        self.pid = int(self.began.read_text())

    def ask(self, pool: Pool, workspace: str, limits: dict) -> None:
        try:
            self.answers.append(pool.run(job("hold", began=str(self.began), go=str(self.go)), workspace, **limits))
        except EngineError as error:
            self.answers.append(error)

    def release(self) -> None:
        self.go.write_text("")
        self.thread.join()


@pytest.fixture
def held(pool, tmp_path):
    held = Held(pool, tmp_path)
    yield held
    if held.thread.is_alive():
        held.release()


def test_nothing_starts_before_the_first_job(pool):
    assert pool.pids() == []
    assert tell(pool)["pid"] == pool.pids()[0]


def test_an_output_comes_back_whole(pool):
    output = pool.run(job("tell"))
    assert (output.width, output.height, output.source_size) == (1, 2, (3, 4))
    assert (output.composed, output.warnings, output.timings) == (1, ("careful",), {"decode": 1.5})
    assert type(output.body) is bytes


def test_a_large_job_and_a_large_answer_pass(pool):
    source = os.urandom(5_000_000)
    assert pool.run(job("echo", source, source)).body == source + source


def test_a_refusal_keeps_its_code_sentence_and_parameter_and_the_child(pool):
    pid = tell(pool)["pid"]
    error = refusal(pool, "refuse")
    assert (error.code, error.message, error.param) == ("broken_image", "It ends too early.", "src")
    assert tell(pool)["pid"] == pid


@pytest.mark.parametrize("act", ["abort", "segfault", "hoard", "leave", "fail", "gibberish"])
def test_a_crash_fails_its_own_request_and_the_child_is_replaced(pool, act):
    """I4"""
    pid = tell(pool)["pid"]
    assert refusal(pool, act).code == "render_crashed"
    assert tell(pool)["pid"] != pid


def test_a_bug_is_told_to_the_operator_by_type_and_place_only(pool):
    error = refusal(pool, "fail")
    assert error.__notes__[0].startswith("RuntimeError at misbehaving.py:")
    assert "secret" not in error.message + "".join(error.__notes__)


def test_a_job_is_killed_at_its_deadline_and_the_next_one_is_served(pool):
    """I3"""
    pid = tell(pool)["pid"]
    began = time.monotonic()
    assert refusal(pool, "hang", limits={"seconds": 0.3}).code == "render_timeout"
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert tell(pool)["pid"] != pid


def test_a_child_beyond_its_cpu_time_is_a_timeout(pool):
    """I3"""
    assert refusal(pool, "spin").code == "render_timeout"
    assert tell(pool)


def test_the_child_is_caged_and_knows_no_secrets(pool, monkeypatch):
    """I4"""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_canary")
    reply = tell(pool)
    assert reply["limits"] == {"AS": MEMORY, "CORE": 0, "FSIZE": 0}
    assert reply["environment"]["MALLOC_ARENA_MAX"] == "2"
    assert set(reply["environment"]) <= {"PATH", "LANG", "LC_CTYPE", "MALLOC_ARENA_MAX"} | {
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
    }
    assert reply["foreign"] == []


def test_the_child_cannot_write_files(pool, tmp_path):
    assert refusal(pool, "write", path=str(tmp_path / "x")).code == "render_crashed"
    assert (tmp_path / "x").read_bytes() == b""


def test_what_a_library_prints_never_reaches_the_answer(pool):
    assert json.loads(pool.run(job("chatter")).body) == "quiet"


def test_a_child_that_died_idle_costs_nobody_a_request(pool):
    pid = tell(pool)["pid"]
    os.kill(pid, 9)
    while pool.pids():
        pass
    assert tell(pool)["pid"] != pid


def test_a_child_is_replaced_after_its_share_of_jobs():
    pool = make_pool(jobs_per_process=3)
    try:
        pids = [tell(pool)["pid"] for _ in range(7)]
    finally:
        pool.close()
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]


def test_a_full_queue_refuses_at_once(tmp_path):
    pool = make_pool(queue=0)
    held = Held(pool, tmp_path)
    assert refusal(pool, "tell").code == "render_busy"
    held.release()
    assert tell(pool)
    pool.close()


def test_who_waits_too_long_is_told_so_and_the_others_go_on(pool, held):
    """H13"""
    began = time.monotonic()
    error = refusal(pool, "tell", limits={"wait_seconds": 0.2})
    assert error.code == "render_busy" and "waited too long" in error.message
    assert 0.2 <= time.monotonic() - began < 2
    held.release()
    assert held.answers[0].content_type == "application/json"
    assert tell(pool)


def test_the_time_of_a_job_runs_from_its_beginning(pool, held):
    """H13: it waits for longer than it may work."""
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(pool.run(job("tell"), seconds=2.0)))
    waiting.start()
    waiting.join(2.2)
    held.release()
    waiting.join(20)
    assert len(answers) == 1


def test_a_workspace_without_a_job_at_work_need_not_wait_for_one_that_has_all(tmp_path):
    """H13: the one process above the number is for it, and for no other."""
    pool = make_pool(spares=1)
    held = Held(pool, tmp_path, "heavy")
    try:
        assert json.loads(pool.run(job("tell"), "neighbour").body)["pid"] != held.pid
        assert refusal(pool, "tell", "heavy", limits={"wait_seconds": 0.1}).code == "render_busy"
        assert len(pool.pids()) == 2
    finally:
        held.release()
        pool.close()


def test_who_lets_jobs_run_into_the_limit_waits_for_as_long_as_they_took(tmp_path):
    """H13: three workspaces send what looks like next to nothing and runs until its time is over; a larger picture of a
    fourth is begun before any of them has a second one."""
    pool, order = make_pool(queue=40), []
    held = Held(pool, tmp_path, "holder")

    def ask(act: str, workspace: str, cost: int, **limits: float) -> None:
        try:
            pool.run(job(act), workspace, cost, wait_seconds=60.0, **limits)
        except EngineError:
            pass
        order.append(workspace)

    endless = [threading.Thread(target=ask, args=("hang", name, 1), kwargs={"seconds": 0.5}) for name in "abc" * 3]
    larger = threading.Thread(target=ask, args=("tell", "neighbour", 3 * fair_queue.QUANTUM))
    try:
        for thread in (*endless, larger):
            thread.start()
        while pool.waiting() < len(endless) + 1:
            time.sleep(0.001)
        held.release()
        larger.join()
        assert max(Counter(order).values()) == 1
    finally:
        pool.close()
        for thread in endless:
            thread.join()


def test_a_spare_process_takes_nothing_while_another_one_is_idle(monkeypatch):
    """H24: it is for who has none at work while all others are."""
    pool, ticket = make_pool(spares=1), QueuedJob(job("tell"), "anybody", 1.0)
    pool._waiting.put("anybody", 1, ticket)
    monkeypatch.setattr(pool._state, "wait", pool.close)  # instead of waiting for what never comes
    pool._idle = 1
    assert pool._next(is_spare=True) is None and ticket.error.code == "render_busy"


def test_a_killed_child_is_replaced_before_anybody_asks(pool):
    """H13: a picture that takes too long costs the next one no start of a process."""
    pid = tell(pool)["pid"]
    assert refusal(pool, "hang", limits={"seconds": 0.1}).code == "render_timeout"
    while not set(pool.pids()) - {pid}:
        time.sleep(0.001)


def test_one_workspace_cannot_fill_the_queue(tmp_path):
    """H13: it is told so by 429, and there is room for the others."""
    pool = make_pool(queue=4, spares=1)
    helds = [Held(pool, tmp_path / "first", "heavy"), Held(pool, tmp_path / "second", "other")]
    answers = []
    run = lambda name: answers.append(pool.run(job("tell"), name))  # noqa: E731
    threads = [threading.Thread(target=run, args=("heavy",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    while pool.waiting() < 2:
        time.sleep(0.001)
    error = refusal(pool, "tell", "heavy")
    assert error.code == "too_many_waiting" and engine_errors.api_error(error).status == 429
    neighbour = threading.Thread(target=run, args=("neighbour",))
    neighbour.start()
    for held in helds:
        held.release()
    for thread in (*threads, neighbour):
        thread.join()
    pool.close()
    assert len(answers) == 3


def test_many_threads_share_the_processes():
    pool = make_pool(processes=2, queue=80, spares=1)
    answers: list[bytes] = []

    def ask(number: int) -> None:
        source = f"{number:03}".encode()
        answers.append(source == pool.run(job("echo", source)).body)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * 40
        assert 1 <= len(pool.pids()) <= 3
    finally:
        pool.close()


def test_a_child_outlives_the_thread_whose_request_started_it(pool):
    """Linux sends the parent-death signal when the starting thread ends."""
    first: list[int] = []
    thread = threading.Thread(target=lambda: first.append(tell(pool)["pid"]))
    thread.start()
    thread.join()
    assert tell(pool)["pid"] == first[0]


def test_closing_kills_what_runs_and_refuses_what_comes(pool, held):
    pids = pool.pids()
    pool.close()
    held.thread.join()
    assert held.answers[0].code == "render_crashed"
    assert pool.pids() == []
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert refusal(pool, "tell").code == "render_busy"


OWNER = """
import sys
from tests.render import test_pool
test_pool.make_pool().run(test_pool.job("hold", began=sys.argv[1], go=sys.argv[2]))
"""


def test_a_child_at_work_dies_with_its_parent(tmp_path):
    """I3"""
    began, go = tmp_path / "began", tmp_path / "go"
    os.mkfifo(began)
    os.mkfifo(go)
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(began), str(go)])
    child = os.pidfd_open(int(began.read_text()))
    try:
        owner.kill()
        owner.wait()
        ended = select.poll()
        ended.register(child, select.POLLIN)
        assert ended.poll(5000), "the render process outlived its parent"
    finally:
        os.close(child)
