"""Requests that wait for another one's result: what they may take of it, and what they may not (H16, R4)."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from imgapis.base import clock
from imgapis.base.errors import ApiError
from telemetry.events import CacheStatus
from transforms.engine.request.query import Query
from transforms.serving import delivery, purges
from transforms.serving.coalesce import SingleFlight, WaitedTooLong, host_lock
from transforms.serving.delivery import ImageRequest
from transforms.tenant import tenants

SECONDS = 10.0


@pytest.fixture
def flights(tmp_path):
    """The flights of a process of its own."""
    return SingleFlight(tmp_path / "locks")


class Leader:
    """A leader that is held in its work until it is let go; then it returns `outcome`, or raises it."""

    def __init__(self, flights, outcome):
        self._flights, self._outcome = flights, outcome
        self._inside, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._inside.wait(SECONDS)

    def let_go(self) -> None:
        """Let the work end, and wait until the flight has."""
        self._go.set()
        self._thread.join(SECONDS)

    def _run(self) -> None:
        try:
            self._flights.run("key", self._work, SECONDS)
        except ApiError:
            pass

    def _work(self):
        self._inside.set()
        self._go.wait(SECONDS)
        if isinstance(self._outcome, ApiError):
            raise self._outcome
        return self._outcome


def follow(flights, leader: Leader, **conditions):
    """What a follower that joins the held leader gets; the leader is let go once it waits."""
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(flights.run, "key", lambda: "made by the follower", SECONDS, **conditions)
        time.sleep(0.05)  # it has to be waiting when the leader ends: that is what is tested
        leader.let_go()
        return future.result(SECONDS)


def test_a_follower_takes_what_the_leader_made(flights):
    assert follow(flights, Leader(flights, "made")) == ("made", False)


def test_a_follower_for_whom_the_result_is_too_old_does_the_work_itself(flights):
    """H16"""
    leader = Leader(flights, "made")
    assert follow(flights, leader, fits=lambda outcome: outcome != "made") == ("made by the follower", True)


def test_a_follower_does_not_ask_a_busy_bucket_again(flights):
    busy = ApiError("The bucket is busy.", code="source_busy", status=503)
    with pytest.raises(ApiError, match="is busy"):
        follow(flights, Leader(flights, busy))


def test_an_error_from_before_the_purge_is_not_shared_either(flights):
    """H16: a source that was missing before its purge may be there after it."""
    missing = ApiError("It was not there.", code="source_missing", status=404)
    with pytest.raises(ApiError, match="It was not there"):
        follow(flights, Leader(flights, missing))
    leader = Leader(flights, missing)
    assert follow(flights, leader, since=clock.now() + 1) == ("made by the follower", True)


def test_an_error_of_a_fetch_that_its_leader_joined_may_be_from_before_the_purge(flights, monkeypatch):
    """H16: the leader came after the purge and did not know of it."""
    missing = ApiError("It was not there.", code="source_missing", status=404)
    monkeypatch.setattr(clock, "now", lambda: 1_000.0)
    with pytest.raises(ApiError, match="It was not there"):
        follow(flights, Leader(flights, missing), since=989.9, error_age=10.0)
    assert follow(flights, Leader(flights, missing), since=990.0, error_age=10.0) == ("made by the follower", True)


def test_work_begun_at_the_very_moment_of_a_purge_is_not_shared(flights, monkeypatch):
    """H16, H24: what it read may be from before."""
    monkeypatch.setattr(clock, "now", lambda: 1_000.0)
    assert follow(flights, Leader(flights, "made"), since=999.9) == ("made", False)
    assert follow(flights, Leader(flights, "made"), since=1_000.0) == ("made by the follower", True)


def test_a_lock_whose_file_its_holder_has_just_removed_is_not_held(tmp_path, monkeypatch):
    """H24: whoever comes next makes another file, and would hold that one's lock at the same time."""
    path, open_file, opened = tmp_path / "key", os.open, []

    def open_and_lose(*arguments) -> int:
        opened.append(open_file(*arguments))
        if len(opened) == 1:
            path.unlink()
        return opened[-1]

    monkeypatch.setattr(os, "open", open_and_lose)
    with host_lock(path, time.monotonic() + SECONDS):
        assert path.exists() and len(opened) == 2


def test_a_follower_that_nothing_fits_waits_no_longer_than_its_time(flights):
    leader = Leader(flights, "made")
    with pytest.raises(WaitedTooLong):
        flights.run("key", lambda: "made by the follower", 0.05, fits=lambda outcome: False)
    leader.let_go()


def test_a_purge_reaches_a_request_that_waits_for_a_picture_begun_before_it(bucket, origin, workspace, forgetful):
    """H16, K5: the follower's rules hold the purge, the leader's do not; the follower gets new bytes, billed as new."""
    image_request = ImageRequest(
        "transform", Query.parse(f"src=shop/slow/{workspace.namespace}.jpg&w=64"), None, None, None
    )
    path = f"/slow/{workspace.namespace}.jpg"
    before = tenants.of_namespace(workspace.namespace)
    with ThreadPoolExecutor(2) as threads:
        leading = threads.submit(delivery.deliver, before, image_request)
        while not origin.requests[path]:
            time.sleep(0.01)  # the leader has begun to fetch: a purge now is later than that
        rule = purges.purge(workspace, "system", "prefix", "shop/slow/")
        row = workspaces.find(workspace.workspace_id)
        after = tenants.of_row(row, row.namespace)
        following = threads.submit(delivery.deliver, after, image_request)
        first, second = leading.result(30), following.result(30)
    assert (first.cache, second.cache) == (CacheStatus.MISS, CacheStatus.MISS)
    assert first.output.stored <= float(rule.moment) < second.output.stored
    assert origin.requests[path] == 2 and (first.halves, second.halves) == (2, 2)
    assert all(proof.is_valid for proof in ledger.prove(workspace.workspace_id))
