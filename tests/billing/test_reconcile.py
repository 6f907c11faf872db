"""H7: the comparison with Stripe looks at each customer by itself: what fails for one keeps no other back."""

import secrets

import pytest
from django.core.management import CommandError

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from billing.models import LedgerProof, Subscription, proofs
from billing.plans import catalogue
from billing.stripe import customers, gateway, reconcile
from imgapis.base import clock
from imgapis.work import nightly
from tests.commands import run


class Stripe:
    """The stub, which fails for some customers: `failing` are ids, `requests` counts them by customer."""

    def __init__(self, world, monkeypatch):
        self.failing: set[str] = set()
        self.requests: dict[str, int] = {}
        answer = world.stub.call

        def call(method, path, params, key):
            customer_id = params.get("customer", "")
            self.requests[customer_id] = self.requests.get(customer_id, 0) + 1
            if customer_id in self.failing:
                return 500, {"error": {"type": "api_error", "message": "This customer is broken."}}
            return answer(method, path, params, key)

        monkeypatch.setattr(world.stub, "call", call)


@pytest.fixture
def stripe(world, monkeypatch):
    return Stripe(world, monkeypatch)


@pytest.fixture
def buyers(world, monkeypatch):
    """Six workspaces, by id, that have bought a plan of whose purchase no event came; no other is compared."""
    rows = [
        workspaces.create_unowned(namespace=f"compared-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)
        for _ in range(6)
    ]
    for row in rows:
        world.buys(row, "growth")
    world.taken()
    ids = sorted(row.workspace_id for row in rows)
    monkeypatch.setattr(customers, "iter_all", lambda: map(customers.of_workspace, ids))
    return ids


def plans(buyers: list[str]) -> list[str]:
    return [workspace_rows.find(workspace_id).plan for workspace_id in buyers]


def customer_id(workspace_id: str) -> str:
    return customers.of_workspace(workspace_id).customer_id


def test_what_fails_for_one_customer_keeps_no_other_back_and_is_said(buyers, stripe):
    stripe.failing = {customer_id(buyers[0]), customer_id(buyers[3])}
    with pytest.raises(CommandError, match=r"4 compared, 4 changed, 2 failed.*does not answer"):
        run("reconcile_stripe")
    assert plans(buyers) == ["free", "growth", "growth", "free", "growth", "growth"]
    stripe.failing = set()
    assert run("reconcile_stripe") == "6 compared, 2 changed\n"


def test_where_stripe_is_away_the_rest_is_not_asked_for(buyers, stripe):
    stripe.failing = set(map(customer_id, buyers))
    with pytest.raises(CommandError, match="0 compared, 0 changed, 3 failed"):
        run("reconcile_stripe")
    assert sum(bool(stripe.requests.get(customer_id(each))) for each in buyers) == 3


def test_only_customers_in_a_row_without_an_answer_end_the_comparison(monkeypatch):
    """One that Stripe refuses, or answers for, shows that it is there."""
    away, refused = gateway.StripeUnavailable, gateway.StripeRefused
    answers = iter([away, away, True, away, away, refused, away, None, away, away, away, True])

    def compare(row: Subscription) -> bool | None:
        answer = next(answers)
        if isinstance(answer, type):
            raise answer
        return answer

    monkeypatch.setattr(customers, "iter_all", lambda: [Subscription(str(each), customer_id="c") for each in range(12)])
    monkeypatch.setattr(reconcile, "_compare", compare)
    done = reconcile.reconcile_all()
    assert (done.compared, done.changed, done.failed, done.is_over) == (1, 1, 9, True), "the last one is not asked for"


def test_the_night_goes_on_past_a_customer_that_fails(buyers, stripe):
    """The first of all kept every other one from being compared, night after night."""
    LedgerProof(proofs.STRIPE).delete()  # it is due
    stripe.failing = {customer_id(buyers[0])}
    assert nightly.compare_stripe()
    assert plans(buyers) == ["free", *["growth"] * 5]


def test_three_in_a_row_that_fail_hide_no_other_for_ever(buyers, stripe, monkeypatch):
    """They ended each night at the same place, and everybody behind them was never compared."""
    LedgerProof(proofs.STRIPE).delete()  # it is due
    stripe.failing = set(map(customer_id, buyers[1:4]))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert not nightly.compare_stripe(), "Stripe may be away"
    assert plans(buyers) == ["growth", *["free"] * 5]
    assert not nightly.compare_stripe(), "it is left alone for a while"
    now += nightly.PAUSE_SECONDS
    assert nightly.compare_stripe()
    assert plans(buyers) == ["growth", *["free"] * 3, "growth", "growth"]
    stripe.failing = set()
    now += clock.DAY
    assert nightly.compare_stripe()
    assert plans(buyers) == ["growth"] * 6


def test_the_command_takes_the_customers_in_another_order_each_time(buyers, stripe, monkeypatch):
    """Three that fail came first in every run, and ended it."""
    stripe.failing = set(map(customer_id, buyers[:3]))
    monkeypatch.setattr(reconcile.random, "shuffle", list.reverse)
    with pytest.raises(CommandError, match="3 compared, 3 changed, 3 failed"):
        run("reconcile_stripe")
    assert plans(buyers) == [*["free"] * 3, *["growth"] * 3]
