"""Plans bought, changed and ended at the Stripe stub, and its events: the workspace follows what Stripe says."""

import pytest

from accounts import audit
from accounts.models import Staff, workspaces
from billing.charging import credits, ledger
from billing.models import Customer, Receipt, ReportedOverage, StripeEvent, Subscription, counters
from billing.plans import catalogue, periods
from billing.stripe import (
    closing,
    customers,
    gateway,
    meter,
    overage,
    reconcile,
    stripe_events,
    stripe_setup,
    subscription_state,
    subscriptions,
    webhook_lag,
    webhooks,
)
from imgapis.base import clock
from imgapis.support.acts.of_workspaces import WORKSPACE
from tests.accounts import teams
from tests.billing.test_charge import bill


def row_of(workspace):
    return workspaces.find(workspace.workspace_id)


def counter_of(workspace):
    """The counter of the running period."""
    period = periods.at(periods.terms_of(row_of(workspace)), clock.now())
    return counters.find(workspace.workspace_id, period.name)


def sells_more(workspace) -> None:
    """Allow overage for a workspace."""
    now = clock.now()
    subscription = subscription_state.Entitlement(
        "starter", "active", now - 60, now + 86_400, read_at=now, overage=True
    )
    subscription_state.apply(workspace.workspace_id, subscription)


def meter_values(world, customer: str) -> list[int]:
    """The values reported to the meter for a customer, in whole credits."""
    payloads = [event["payload"] for event in world.book.objects["meter_events"].values()]
    return [int(payload["value"]) for payload in payloads if payload["stripe_customer_id"] == customer]


def test_it_works(world, web, buyer):
    """P03: free, bought, event delivered, and the credits are there."""
    world.buys(buyer, "growth")
    assert row_of(buyer).plan == "free", "nothing before Stripe says so"
    assert {reply.status for reply in world.deliver()} == {200}
    state = customers.of_workspace(buyer.workspace_id)
    assert (row_of(buyer).plan, state.tier, state.state) == ("growth", "growth", "active")
    assert counter_of(buyer).granted == catalogue.of("growth").halves


def test_we_keep_ids_state_tier_and_period_and_nothing_else():
    """P03: a new attribute of a billing row makes this red, and is to be argued for here."""
    attributes = {
        row.__name__: set(row.get_attributes())
        for row in (Subscription, Customer, StripeEvent, ReportedOverage, Receipt)
    }
    assert attributes == {
        "Subscription": {
            "workspace_id",
            "customer_id",
            "subscription_id",
            "state",
            "tier",
            "interval",
            "period_start",
            "period_end",
            "next_tier",
            "cancels",
            "asked",
            "reports_from",
            "held_from",
            "changing_until",  # a moment: that a change of the plan is being made
            "payer_left",  # a moment: that a transfer has removed who pays, nothing of whom
        },
        "Customer": {"customer_id", "workspace_id"},
        "StripeEvent": {"event_id", "kind", "outcome", "workspace_id", "created", "moment", "expires"},
        "ReportedOverage": {
            "workspace_id",
            "period",
            "credits",
            "telling",
            "told",
            "moment",
            "failing",
            "invoicing",
            "invoiced",
        },
        "Receipt": {"workspace_id", "invoice_id", "moment"},
    }


def test_without_a_key_there_are_no_prices(settings):
    settings.STRIPE_SECRET_KEY = None
    with pytest.raises(gateway.NotConfigured):
        gateway.price_ids()


def test_an_upgrade_is_there_at_once_and_a_downgrade_at_the_end_of_the_period(world, web, buyer):
    """B9; seconds after the purchase all but some seconds of the difference are paid for (H1)."""
    world.buys(buyer, "starter")
    world.deliver()
    subscriptions.change(row_of(buyer), "person", "scale", "month")
    halves = catalogue.of("scale").halves
    assert row_of(buyer).plan == "scale" and halves * 0.999 < counter_of(buyer).granted <= halves
    subscriptions.change(row_of(buyer), "person", "starter", "month")
    assert (row_of(buyer).plan, row_of(buyer).next_plan) == ("scale", "starter")
    world.move(31)
    world.deliver()
    assert (row_of(buyer).plan, row_of(buyer).next_plan) == ("starter", "")


def test_a_change_that_has_not_come_yet_is_taken_back(world, web, buyer):
    world.buys(buyer, "growth")
    world.deliver()
    subscriptions.change(row_of(buyer), "person", "starter", "year")
    assert row_of(buyer).next_plan == "starter"
    subscriptions.resume(row_of(buyer), "person")
    assert row_of(buyer).next_plan == ""
    world.move(31)
    world.deliver()
    assert row_of(buyer).plan == "growth"


def test_choosing_the_running_plan_again_takes_back_a_change_that_has_not_come_yet(world, web, buyer):
    """H24"""
    world.buys(buyer, "growth")
    world.deliver()
    subscriptions.change(row_of(buyer), "person", "starter", "month")
    assert row_of(buyer).next_plan == "starter"
    subscriptions.change(row_of(buyer), "person", "growth", "month")
    assert row_of(buyer).next_plan == ""
    world.move(31)
    world.deliver()
    assert row_of(buyer).plan == "growth"


def test_a_cancelled_plan_goes_on_to_its_end_and_can_be_resumed(world, web, buyer):
    """P20"""
    world.buys(buyer)
    world.deliver()
    subscriptions.cancel(row_of(buyer), "person")
    assert (row_of(buyer).plan, row_of(buyer).next_plan) == ("starter", "free")
    subscriptions.resume(row_of(buyer), "person")
    assert row_of(buyer).next_plan == ""
    subscriptions.cancel(row_of(buyer), "person")
    world.move(31)
    world.deliver()
    assert (row_of(buyer).plan, row_of(buyer).billing_state) == ("free", "canceled")


def bought_days() -> float:
    """Days of a month that is bought now."""
    return (clock.months_after(clock.now(), 1) - clock.now()) / 86_400


def test_refused_payments_keep_the_service_until_the_last_try_and_then_it_is_a_free_one(world, web, buyer):
    """B15: the sequence of a card that has run out, step by step."""
    world.buys(buyer)
    world.deliver()
    with world.refusing_cards():
        world.move(bought_days() + 1)
        world.deliver()
        assert (row_of(buyer).plan, row_of(buyer).billing_state) == ("starter", "past_due")
        world.move(4)
        world.deliver()
        assert row_of(buyer).plan == "starter"
        world.move(4)
        world.deliver()
    assert (row_of(buyer).plan, row_of(buyer).billing_state) == ("free", "canceled")


def test_a_card_that_pays_again_makes_it_good(world, web, buyer):
    """B15"""
    world.buys(buyer)
    with world.refusing_cards():
        world.move(bought_days() + 1)
    world.move(4)
    world.deliver()
    assert (row_of(buyer).plan, row_of(buyer).billing_state) == ("starter", "active")


def test_a_refund_takes_back_what_is_not_used_and_once(world, web, buyer):
    """B15: half the money back is half the plan's credits; an event delivered twice counts once; never below 0."""
    customer = world.buys(buyer)
    world.deliver()
    credits.charge(bill(buyer.workspace_id), periods.terms_of(row_of(buyer)))
    charge = world.book.list_all("charges", customer=customer)[0]
    with world.book.change():
        world.trade.refund(charge, charge["amount"] // 2)
    events = world.taken()
    world.deliver(*events, *events)
    halves = catalogue.of("starter").halves
    assert (counter_of(buyer).granted, counter_of(buyer).left) == (halves // 2, halves // 2 - 2)
    with world.book.change():
        world.trade.refund(charge, charge["amount"] - charge["amount"] // 2)
    world.deliver()
    assert (counter_of(buyer).granted, counter_of(buyer).left) == (2, 0)
    assert all(proof.is_valid for proof in ledger.prove(buyer.workspace_id))


def test_a_refused_card_changes_no_plan(world, web, buyer):
    world.buys(buyer)
    world.deliver()
    with world.refusing_cards(), pytest.raises(gateway.PaymentRefused):
        subscriptions.change(row_of(buyer), "person", "scale", "month")
    assert row_of(buyer).plan == "starter"


def test_stripe_away_is_said_and_leaves_nothing_half(world, web, buyer, monkeypatch):
    """D3"""
    monkeypatch.setattr(gateway, "RETRIES", 0)
    gateway._client.cache_clear()
    world.stub.down = True
    with pytest.raises(gateway.StripeUnavailable):
        subscriptions.start_checkout(buyer, "person", "starter", "month", "http://localhost/back")
    assert customers.of_workspace(buyer.workspace_id) is None and row_of(buyer).plan == "free"
    world.stub.down = False
    gateway._client.cache_clear()
    assert subscriptions.start_checkout(buyer, "person", "starter", "month", "http://localhost/back").startswith("http")


def test_who_has_a_plan_does_not_buy_another(world, web, buyer):
    world.buys(buyer)
    with pytest.raises(subscriptions.AlreadySubscribed):
        subscriptions.start_checkout(buyer, "person", "starter", "month", "http://localhost/back")
    assert row_of(buyer).plan == "starter", "and what no event has told yet is seen"


@pytest.mark.parametrize(("tier", "interval"), [("free", "month"), ("gold", "month"), ("starter", "week")])
def test_what_is_not_sold_is_refused_by_name(world, buyer, tier, interval):
    """B16: the form's price is a name of ours, and nothing else."""
    with pytest.raises(subscriptions.UnknownPlan, match="starter, growth, scale"):
        subscriptions.start_checkout(buyer, "person", tier, interval, "http://localhost/back")


def test_missed_events_are_made_good_at_night(world, web, buyer, monkeypatch):
    """B14: none of its events ever came."""
    monkeypatch.setattr(customers, "iter_all", lambda: iter([customers.of_workspace(buyer.workspace_id)]))
    world.buys(buyer, "growth")
    world.taken()
    done = reconcile.reconcile_all()
    assert done.compared >= 1 and done.changed >= 1 and row_of(buyer).plan == "growth"
    subscription = world.book.list_all(
        "subscriptions", customer=customers.of_workspace(buyer.workspace_id).customer_id
    )[0]
    with world.book.change():
        world.trade.end(subscription)
    world.taken()
    reconcile.reconcile_all()
    assert row_of(buyer).plan == "free"


def test_overage_is_told_to_the_meter_once_and_in_whole_credits(world, web, buyer):
    customer = world.buys(buyer)
    world.deliver()
    sells_more(buyer)
    counter = counter_of(buyer)
    used = int(counter.base) + 7
    counter.update(actions=[type(counter).used.set(used), type(counter).left.set(type(counter).granted - used)])
    overage.report(buyer.workspace_id, customer)
    overage.report(buyer.workspace_id, customer)
    values = meter_values(world, customer)
    assert values == [3]


def test_overage_told_and_lost_on_the_way_back_is_told_again_and_counted_once(world, web, buyer, monkeypatch):
    customer = world.buys(buyer)
    world.deliver()
    sells_more(buyer)
    counter = counter_of(buyer)
    counter.update(actions=[type(counter).used.set(int(counter.base) + 10)])
    real_report, lost_replies = meter.report, []

    def report_and_lose_reply(*args):
        real_report(*args)
        if not lost_replies:
            lost_replies.append(1)
            raise gateway.StripeUnavailable

    monkeypatch.setattr(meter, "report", report_and_lose_reply)
    with pytest.raises(gateway.StripeUnavailable):
        overage.report(buyer.workspace_id, customer)
    counter.update(actions=[type(counter).used.set(int(counter.base) + 20)])
    for _ in range(3):
        overage.report(buyer.workspace_id, customer)
    values = meter_values(world, customer)
    assert sum(values) == 10


def test_an_erased_customer_is_gone_at_stripe_and_twice_is_no_error(world, web, buyer):
    """P19, D5"""
    customer = world.buys(buyer)
    world.deliver()
    assert [closing.end_subscriptions(buyer.workspace_id, customer) for _ in range(2)] == [1, 0]
    for _ in range(2):
        closing.delete_customer(customer, wait=True)
    assert closing.end_subscriptions(buyer.workspace_id, customer) == 0
    assert closing.is_deleted(customer)
    assert {row["status"] for row in world.book.list_all("subscriptions", customer=customer)} == {"canceled"}


def test_support_replays_an_event(world, web, buyer):
    world.buys(buyer)
    (first_event, *_) = world.taken()
    assert webhooks.replay(first_event["id"]) == "acted" and row_of(buyer).plan == "starter"
    assert webhooks.replay(first_event["id"]) == "again" and webhooks.replay("evt_unknown") == "unknown event"


def test_an_event_replayed_by_staff_stands_in_the_log_of_whom_it_is_of(world, web, buyer):
    """A17"""
    world.buys(buyer)
    (first_event, *_) = world.taken()
    answers = {"event": first_event["id"], "reason": "It never arrived"}
    assert WORKSPACE["replay"].perform(Staff("p_staff", role="billing"), buyer, answers) == "Replayed: acted."
    entry = next(entry for entry in audit.newest(buyer.workspace_id, 9) if entry.act == "stripe.replayed")
    assert (entry.actor, entry.target, entry.reason) == ("staff:p_staff", first_event["id"], "It never arrived")


def test_what_came_of_a_replay_from_another_workspace_s_page_stands_in_the_log_of_whom_it_is_of(world, web, buyer):
    """H24, A17: the other's log says no more than that staff replayed an event from its page."""
    world.buys(buyer)
    (first_event, *_) = world.taken()
    other = teams.new_workspace(teams.new_person("other"))
    answers = {"event": first_event["id"], "reason": "It never arrived"}
    WORKSPACE["replay"].perform(Staff("p_staff", role="billing"), other, answers)
    logs = [audit.newest(row.workspace_id, 9) for row in (other, buyer)]
    outcomes = [[entry.after for entry in log if entry.act == "stripe.replayed"] for log in logs]
    assert outcomes == [[{"outcome": "begun"}], [{"outcome": "acted"}]]


def test_setting_up_again_makes_nothing_twice(world):
    counts_before = {kind: len(rows) for kind, rows in world.book.objects.items()}
    assert list(stripe_setup.run("http://localhost/stripe/webhook")) == []
    assert {kind: len(rows) for kind, rows in world.book.objects.items()} == counts_before
    assert sorted(gateway.price_ids()) == sorted(key.removeprefix("imgapis_") for key in gateway.lookup_keys())


def test_setting_up_again_leaves_what_an_operator_lets_payers_change(world):
    """H34: it adds the name and the e-mail address alone."""
    (configuration,) = world.book.list_all("configurations")
    with world.book.change():
        configuration["features"]["customer_update"]["allowed_updates"] = ["address", "phone", "tax_id"]
    assert len(list(stripe_setup.run("http://localhost/stripe/webhook"))) == 1
    fields = ["address", "phone", "tax_id", "name", "email"]
    assert configuration["features"]["customer_update"]["allowed_updates"] == fields


def test_an_event_that_was_never_acted_on_is_seen_until_it_is(world, web, buyer):
    """O2: nothing arrives at our webhook, so only Stripe knows of it."""
    world.buys(buyer)
    events = world.taken()
    our_ids = {event["id"] for event in events if event["type"] in webhooks.HANDLERS}
    later = clock.now() + webhook_lag.LATE_SECONDS + 60
    listed_events = stripe_events.events(webhooks.HANDLERS, clock.now() - 60, later)
    assert our_ids and our_ids <= {event.event_id for event in listed_events}
    assert webhook_lag.unacted_since(clock.now()) is None, "a minute is no lag"
    assert webhook_lag.unacted_since(later) is not None
    for event in stripe_events.events(webhooks.HANDLERS, clock.now() - 86_400, later):
        webhooks.handle(event)
    assert webhook_lag.unacted_since(later) is None
