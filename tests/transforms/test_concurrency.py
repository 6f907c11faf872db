"""A workspace makes so many pictures at once as its plan allows: the next wait, and 429 is for too long (R6, H13)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from tests import environment
from tests.transforms.web_client import ask
from transforms.serving.coalesce import host_lock
from transforms.serving.scheduling import concurrency

PAGE = environment.count(24, 60, 60)


@pytest.fixture
def narrow(web, workspace):
    """A workspace that makes two at once."""
    workspaces.change(workspaces.find(workspace.workspace_id), limits={"concurrency": 2})
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


def take_place(name: str, limit: int) -> None:
    with concurrency.slot(name, limit):
        pass


def test_the_next_waits_for_a_place_and_gets_it():
    release, thread = hold_place("waits", 1)
    threading.Timer(0.2, release.set).start()
    with concurrency.slot("waits", 1):
        thread.join(5)
        assert not thread.is_alive()


def test_who_waits_too_long_is_told_when_to_come_again(settings):
    settings.TURN_SECONDS = 0.1
    release, thread = hold_place("long", 1)
    with pytest.raises(concurrency.ConcurrencyLimitReached) as excinfo, concurrency.slot("long", 1):
        pass
    assert (excinfo.value.status, excinfo.value.retry_after) == (429, 2)
    with concurrency.slot("other", 1):
        pass  # another workspace is not held up
    release.set()
    thread.join(5)
    with concurrency.slot("long", 1):
        pass


def test_places_held_by_another_process_are_waited_for():
    with host_lock(concurrency.DIRECTORY / "elsewhere-0", 0.0):
        waiting = threading.Thread(target=take_place, args=("elsewhere", 1))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_page_of_new_pictures_is_whole_and_the_others_are_served_meanwhile(narrow, stranger, origin):
    """H13, R6, B3: they are made two at once, one after the other, and none is refused."""
    paths = [f"/transform?src=shop/any/page-{number}.jpg&w=16" for number in range(PAGE)]
    with ThreadPoolExecutor(PAGE) as threads:
        futures = [threads.submit(ask, narrow.namespace, path) for path in paths]
        stranger_reply = ask(stranger.namespace, "/transform?src=shop/any/quiet.jpg&w=16")
        unfinished_futures = [future for future in futures if not future.done()]
        replies = [future.result() for future in futures]
    assert {reply.status for reply in replies} == {200} and stranger_reply.status == 200
    assert unfinished_futures  # the stranger's picture came before the crowd's last
    (proof,) = ledger.prove(narrow.workspace_id)
    assert proof.is_valid and proof.used == 2 * PAGE


def test_followers_hold_no_place(narrow):
    """R6"""
    with ThreadPoolExecutor(40) as threads:
        replies = list(
            threads.map(lambda _: ask(narrow.namespace, "/transform?src=shop/slow/same.jpg&w=16"), range(40))
        )
    assert {reply.status for reply in replies} == {200}
