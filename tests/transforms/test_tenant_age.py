"""How long the settings of a workspace are remembered while the store is away: fifteen minutes and no more (D2)."""

import pytest
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
