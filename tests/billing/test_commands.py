"""The commands of billing: what operators do at Stripe and prove of the ledger from the shell."""

import re
import secrets

import pytest
from django.core.management import CommandError

from accounts.models import workspaces
from billing.charging import credits
from billing.models import counters
from billing.plans import periods
from billing.stripe import customers, gateway
from imgapis.base import clock
from tests.billing.test_charge import bill
from tests.commands import run


@pytest.fixture
def customer(world, buyer, monkeypatch):
    """A workspace that has bought a plan of whose purchase no event came; no other is compared with Stripe."""
    world.buys(buyer, "growth")
    monkeypatch.setattr(customers, "iter_all", lambda: iter([customers.of_workspace(buyer.workspace_id)]))
    return buyer


@pytest.fixture
def charged(buyer, monkeypatch):
    """A workspace with one charge of one credit; the ledger of no other is proven."""
    credits.charge(bill(buyer.workspace_id), periods.terms_of(buyer))
    monkeypatch.setattr(workspaces, "iter_ids", lambda: iter([buyer.workspace_id]))
    return buyer


def plan_of(workspace) -> str:
    return workspaces.find(workspace.workspace_id).plan


def webhooks_of(world, address: str) -> list[dict]:
    """Stripe's endpoints for an address of ours, oldest first."""
    return [row for row in world.book.objects["endpoints"].values() if row["url"] == address]


def test_a_purchase_that_no_event_told_is_made_good_once(customer):
    assert run("reconcile_stripe") == "1 compared, 1 changed\n"
    assert plan_of(customer) == "growth"
    assert run("reconcile_stripe") == "1 compared, 0 changed\n"


def test_nothing_is_reconciled_while_stripe_does_not_answer(world, customer):
    world.stub.down = True
    with pytest.raises(CommandError, match="does not answer"):
        run("reconcile_stripe")
    assert plan_of(customer) == "free"


def test_an_event_is_replayed_and_the_second_time_only_looked_at(world, customer):
    (event, *_) = world.taken()
    assert run("stripe_replay", event["id"]) == "acted\n"
    assert plan_of(customer) == "growth"
    assert run("stripe_replay", event["id"]) == "again\n"


def test_an_event_that_stripe_does_not_have_is_refused_by_name(world):
    with pytest.raises(CommandError, match="evt_unknown"):
        run("stripe_replay", "evt_unknown")


def test_no_event_is_replayed_while_stripe_does_not_answer(world, customer):
    (event, *_) = world.taken()
    world.stub.down = True
    with pytest.raises(CommandError, match="does not answer"):
        run("stripe_replay", event["id"])
    assert plan_of(customer) == "free"


def test_a_set_up_makes_the_webhook_of_this_site_once_and_another_only_where_it_is_renewed(world, settings):
    settings.SITE_URL = f"http://localhost/{secrets.token_hex(4)}"
    address = f"{settings.SITE_URL}/stripe/webhook"
    first_secret = re.fullmatch(rf"webhook {address}: STRIPE_WEBHOOK_SECRET=(whsec_\w+)\n", run("stripe_setup"))[1]
    (endpoint,) = webhooks_of(world, address)
    assert endpoint["api_version"] == gateway.VERSION
    assert run("stripe_setup") == "" and len(webhooks_of(world, address)) == 1
    renewed = run("stripe_setup", "--renew-webhook")
    assert f"webhook {address}: STRIPE_WEBHOOK_SECRET=whsec_" in renewed and first_secret not in renewed
    assert "STRIPE_WEBHOOK_SECRET_FALLBACKS" in renewed and len(webhooks_of(world, address)) == 2


def test_nothing_is_set_up_while_stripe_does_not_answer(world, settings):
    settings.SITE_URL = f"http://localhost/{secrets.token_hex(4)}"
    world.stub.down = True
    with pytest.raises(CommandError, match="does not answer"):
        run("stripe_setup")
    assert webhooks_of(world, f"{settings.SITE_URL}/stripe/webhook") == []


def test_a_ledger_that_adds_up_is_printed_period_by_period(charged):
    period = periods.at(periods.terms_of(charged), clock.now()).name
    line, summary = run("verify_ledger").splitlines()
    assert line.startswith(f"{charged.workspace_id} {period}: events 1, ")
    assert ", used 1, " in line and line.endswith("grants kept: holds")
    assert summary == "All periods add up: 1."


def test_a_charge_that_the_counter_has_lost_fails_the_proof(charged):
    (counter,) = counters.periods(charged.workspace_id)
    used, left = int(counter.used), int(counter.left)
    counter.update(actions=[type(counter).used.set(used - 2), type(counter).left.set(left + 2)])
    with pytest.raises(CommandError, match="Do not add up: 1 of 1 periods"):
        run("verify_ledger")
