"""A workspace makes so many pictures at once as its plan allows: the next wait, a crowd is told 429 (R6)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import store as accounts_store
from billing.charging import ledger
from tests.transforms.web_client import ask
from transforms.serving import concurrency


@pytest.fixture
def narrow(web, workspace):
    """A workspace that makes two at once."""
    accounts_store.change_workspace(accounts_store.workspace(workspace.workspace_id), limits={"concurrency": 2})
    return workspace


def hold_place(name: str, limit: int) -> tuple[threading.Event, threading.Thread]:
    """(event, thread): another thread holds a place until the event is set."""
    acquired, release = threading.Event(), threading.Event()

    def hold():
        with concurrency.slot(name, limit):
            acquired.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert acquired.wait(5)
    return release, thread


def test_the_next_waits_for_a_place_and_gets_it():
    release, thread = hold_place("waits", 1)
    threading.Timer(0.2, release.set).start()
    with concurrency.slot("waits", 1):
        thread.join(5)
        assert not thread.is_alive()


def test_who_waits_too_long_is_told_when_to_come_again(monkeypatch):
    monkeypatch.setattr(concurrency, "WAIT_SECONDS", 0.1)
    release, thread = hold_place("long", 1)
    with pytest.raises(concurrency.ConcurrencyLimitReached) as excinfo, concurrency.slot("long", 1):
        pass
    assert (excinfo.value.status, excinfo.value.retry_after) == (429, 1)
    with concurrency.slot("other", 1):
        pass  # another workspace is not held up
    release.set()
    thread.join(5)


def test_a_line_that_is_long_already_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(concurrency, "MOST_WAITING", 0)
    release, thread = hold_place("line", 1)
    with pytest.raises(concurrency.ConcurrencyLimitReached), concurrency.slot("line", 1):
        pass
    release.set()
    thread.join(5)
    with concurrency.slot("line", 1):
        pass


@pytest.mark.prove
def test_a_crowd_of_one_workspace_gets_429_and_pays_for_what_it_was_sent(narrow, stranger, origin):
    """R6, B3: the others are served meanwhile."""
    paths = [f"/transform?src=shop/slow/{number}.jpg&w=16" for number in range(60)]
    with ThreadPoolExecutor(60) as threads:
        futures = [threads.submit(ask, narrow.namespace, path) for path in paths]
        stranger_reply = ask(stranger.namespace, "/transform?src=shop/any/quiet.jpg&w=16")
        unfinished_futures = [future for future in futures if not future.done()]
        replies = [future.result() for future in futures]
    refusals = [reply for reply in replies if reply.status == 429]
    assert {reply.status for reply in replies} <= {200, 429} and refusals and stranger_reply.status == 200
    assert all(reply.headers["retry-after"] == "1" and b"too_many_at_once" in reply.body for reply in refusals)
    assert unfinished_futures  # the stranger's picture came before the crowd's last
    (proof,) = ledger.prove(narrow.workspace_id)
    assert proof.is_valid and proof.used == 2 * sum(reply.status == 200 for reply in replies)


def test_followers_hold_no_place(narrow):
    """R6"""
    with ThreadPoolExecutor(40) as threads:
        replies = list(
            threads.map(lambda _: ask(narrow.namespace, "/transform?src=shop/slow/same.jpg&w=16"), range(40))
        )
    assert {reply.status for reply in replies} == {200}
