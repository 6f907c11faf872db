"""Caps and the plan by API key: the same rules as the page, refused without the scope (B17)."""

import pytest

from accounts.models import workspaces
from billing.charging import cap_settings
from billing.charging.caps import Cap
from billing.stripe import subscription_state
from billing.stripe.subscription_state import Entitlement
from imgapis.base import clock
from tests.accounts.test_rest import Client

DAY = 86_400
pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def script(dynamodb):
    """An owner's API client."""
    return Client(scopes=["workspace.view", "billing.manage"])


def subscribe(script: Client) -> None:
    """A paid plan since a day."""
    now = clock.now()
    subscription = Entitlement("starter", "active", now - DAY, now + 29 * DAY, read_at=now)
    subscription_state.apply(script.workspace.workspace_id, subscription)


def test_it_works(script):
    reply, body = script.ask("GET", "/billing")
    assert (reply.status, body["plan"], body["included"], body["used"]) == (200, "free", "1000", "0")


def test_a_cap_is_set_and_taken_back(script):
    subscribe(script)
    _, caps = script.ask("PUT", "/billing/caps/day", {"unit": "credits", "amount": 700})
    assert {"span": "day", "unit": "credits", "amount": 700, "own": True} in caps
    assert cap_settings.of(workspaces.find(script.workspace.workspace_id)).day == Cap("credits", 700)
    _, caps = script.ask("DELETE", "/billing/caps/day")
    assert {"span": "day", "unit": "credits", "amount": 10_000, "own": False} in caps


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/billing/caps/week", {"unit": "credits", "amount": 5}),
        ("/billing/caps/day", {"unit": "euros", "amount": 5}),
        ("/billing/caps/day", {"unit": "credits", "amount": -1}),
        ("/billing/overage", {"allowed": True}),  # the free plan sells none
    ],
)
def test_what_cannot_be_is_refused_by_name(path, body, script):
    reply, problem = script.ask("PUT", path, body)
    assert (reply.status, problem["code"]) == (400, "invalid_cap")


def test_overage_is_allowed_by_key_where_it_is_sold(script):
    subscribe(script)
    reply, _ = script.ask("PUT", "/billing/overage", {"allowed": True})
    assert reply.status == 200 and workspaces.find(script.workspace.workspace_id).overage
    assert script.ask("GET", "/billing")[1]["overage_allowed"] is True


def test_a_key_without_the_scope_sees_the_bill_and_changes_nothing(script):
    """B17"""
    reader = Client("viewer", ["workspace.view"], workspace=script.workspace)
    assert reader.ask("GET", "/billing")[0].status == 200
    for method, path, body in (
        ("GET", "/billing/caps", None),
        ("PUT", "/billing/caps/day", {"unit": "off"}),
        ("DELETE", "/billing/caps/day", None),
        ("PUT", "/billing/overage", {"allowed": True}),
    ):
        assert reader.ask(method, path, body)[0].status == 403
    assert cap_settings.of(workspaces.find(script.workspace.workspace_id)).own == ()
