"""How long the settings of a workspace are remembered while the store is away: fifteen minutes and no more (D2); and
that hosts which anybody makes up push none of them out (H15)."""

import contextlib
import math

import pytest
from cachetools import LRUCache
from pynamodb.exceptions import GetError

from imgapis.base import clock
from transforms.tenant import tenants


@pytest.fixture
def now(monkeypatch):
    """A clock that a test moves."""
    moment = [clock.monotonic()]
    monkeypatch.setattr(clock, "monotonic", lambda: moment[0])
    return moment


@pytest.fixture
def away(monkeypatch):
    """A function that makes the store fail, and returns the list of its look-ups."""
    lookups = []

    def read(namespace):
        lookups.append(namespace)
        raise GetError("away")

    def go() -> list:
        monkeypatch.setattr(tenants, "_read", read)
        return lookups

    return go


def test_an_outage_is_borne_for_fifteen_minutes(workspace, forgetful, now, away):
    before = tenants.of_namespace(workspace.namespace)
    away()
    start = now[0]
    for minutes in (1, 5, 14.9):
        now[0] = start + minutes * 60
        assert tenants.of_namespace(workspace.namespace) == before
    now[0] = start + 15 * 60 + 1
    with pytest.raises(tenants.StateUnavailable):
        tenants.of_namespace(workspace.namespace)


def test_a_store_that_has_just_not_answered_is_not_waited_for_again(workspace, forgetful, now, away):
    tenants.of_namespace(workspace.namespace)
    lookups = away()
    now[0] += 6
    for _ in range(20):
        tenants.of_namespace(workspace.namespace)
    assert len(lookups) == 1
    now[0] += 6
    tenants.of_namespace(workspace.namespace)
    assert len(lookups) == 2


def test_nobody_is_remembered_who_was_never_known(forgetful, now, away, dynamodb):
    away()
    with pytest.raises(tenants.StateUnavailable):
        tenants.of_namespace("never-seen")


def test_hosts_that_do_not_exist_push_out_no_tenant(workspace, forgetful, now, monkeypatch):
    """H15: as many as anybody likes, by namespace and by domain; they are remembered apart, and boundedly."""
    monkeypatch.setattr(tenants, "_known", LRUCache(10))
    monkeypatch.setattr(tenants, "_absent", LRUCache(10))
    known, lookups = tenants.of_namespace(workspace.namespace), []
    monkeypatch.setattr(tenants, "_read", lambda name: lookups.append(name))
    monkeypatch.setattr(tenants, "_read_domain", lambda name: lookups.append(name))
    for number in range(40):
        assert tenants.of_namespace(f"nobody-{number}") is None and tenants.of_domain(f"img{number}.example") is None
    assert tenants.of_namespace(workspace.namespace) is known and workspace.namespace not in lookups
    assert len(lookups) == 80 and len(tenants._absent) == 10
    assert tenants.of_namespace("nobody-39") is None and len(lookups) == 80, "absent ones are remembered too"


def test_a_host_that_comes_to_exist_is_known_within_seconds_and_one_that_ends_is_not(workspace, forgetful, now):
    """H15: a name is in one of the two memories."""
    read = tenants._read
    for reader, expected in ((lambda name: None, None), (read, workspace.workspace_id), (lambda name: None, None)):
        now[0] += tenants.FRESH_SECONDS
        tenant = tenants._fresh(workspace.namespace, reader)
        assert (tenant and tenant.workspace_id) == expected
        assert (workspace.namespace in tenants._known, workspace.namespace in tenants._absent) == (
            expected is not None,
            expected is None,
        )


def test_failed_look_ups_are_forgotten_with_their_host(workspace, forgetful, now, away, monkeypatch):
    """H15"""
    monkeypatch.setattr(tenants, "_absent", LRUCache(3))
    for number in range(10):
        tenants._fresh(f"nobody-{number}", lambda name: None)
    away()
    now[0] += 6
    for number in range(10):
        with contextlib.suppress(tenants.StateUnavailable):
            tenants.of_namespace(f"nobody-{number}")
    for number in range(10, 20):
        tenants._fresh(f"nobody-{number}", lambda name: None)
    assert len(tenants._absent) == 3 and {entry.failed_at for entry in tenants._absent.values()} == {-math.inf}
