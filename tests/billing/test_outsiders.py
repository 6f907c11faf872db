"""An outsider requests ever new variants of a customer's images: it stops at the cap of the day (C1)."""

import secrets

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from billing.charging import credits, ledger
from billing.notifications import alerts, notifications
from billing.plans import periods
from imgapis.base import clock
from tests import environment
from tests.billing.test_charge import bill
from tests.transforms.web_client import ask

VARIANTS = environment.count(1_000, 1_000, 10_000)


@pytest.fixture
def customer(dynamodb):
    """A workspace on the free plan: a thousand credits, and a cap of five hundred a day that nobody had to set."""
    return workspaces.create_unowned(namespace=f"looped-{secrets.token_hex(6)}", allowance=2_000)


@pytest.mark.prove
@pytest.mark.timeout(600)
def test_ever_new_variants_stop_at_the_cap_of_the_day(customer):
    """C1, B3: half of the month is left, every further variant is refused before any work, the customer is notified."""
    terms = periods.terms_of(customer)
    outcomes = []
    for _ in range(VARIANTS):
        charge = bill(customer.workspace_id)
        try:
            credits.require_credits(charge, terms)
            credits.charge(charge, terms)
            outcomes.append("charged")
        except credits.CapReached:
            outcomes.append("capped")
    assert (outcomes.count("charged"), outcomes.count("capped")) == (500, VARIANTS - 500)
    (proof,) = ledger.prove(customer.workspace_id)
    assert (proof.used, proof.left, proof.is_valid) == (1_000, 1_000, True)
    alerts.check(customer.workspace_id)
    today = clock.day(clock.now())
    assert notifications.get(customer.workspace_id, f"{today} cap 100")


def test_at_the_cap_what_is_cached_goes_on_and_nothing_is_fetched(web, origin, workspace):
    """C1, over HTTP."""
    caps = {"day": {"unit": "credits", "amount": 3}}
    workspace_rows.change(workspace_rows.find(workspace.workspace_id), caps=caps)
    replies = [ask(workspace.namespace, f"/transform?src=shop/shoe.jpg&w={width}") for width in range(40, 60)]
    assert [reply.status for reply in replies] == [200] * 3 + [402] * 17
    fetches = origin.requests["/shoe.jpg"]
    refusal = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=61")
    assert (refusal.status, b'"cap_reached"' in refusal.body) == (402, True)
    assert b"owner" in refusal.body and origin.requests["/shoe.jpg"] == fetches
    hit = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=40")
    assert (hit.status, hit.headers["x-img-cache"], hit.headers["x-img-credits"]) == (200, "HIT", "0")
    (proof,) = ledger.prove(workspace.workspace_id)
    assert (proof.used, proof.is_valid) == (6, True)
