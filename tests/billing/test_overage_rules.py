"""Where each credit beyond a plan is billed, and when a report waits: the rules behind overage's histories (H2)."""

import secrets
from dataclasses import replace

import pytest

from billing.charging import overage_credits
from billing.models import Counter, ReportedOverage, Subscription
from billing.models import overage as overage_rows
from billing.models import subscriptions as subscription_rows
from billing.stripe import customers, gateway, meter, overage, payments
from billing.stripe.gateway import StripeRefused, StripeUnavailable, SubscriptionSnapshot
from billing.stripe.overage import Billing, Destination, OverageNotInvoiced
from imgapis.base import clock
from telemetry import metrics
from tests.billing.buying import DAY, HOUR
from tests.billing.test_overage import failing

START = clock.moment_of_hour("2026-11-15T10")
ENDS = clock.moment_of_hour("2026-12-15T10")
PERIOD = "2026-11-15T10Z"
NOW = START + 10 * DAY
SERVED = SubscriptionSnapshot(
    subscription_id="sub_1",
    customer_id="cus_1",
    state="active",
    tier="starter",
    interval="month",
    start=int(START),
    end=int(ENDS),
    next_tier="",
    cancels=False,
    schedule_id="",
    items=(),
)
ENDED = replace(SERVED, state="canceled", ended_at=int(ENDS))
METER, INVOICE, LATER = Destination


@pytest.fixture
def workspace_id(dynamodb) -> str:
    """An id that nothing else has."""
    return f"w_{secrets.token_hex(8)}"


def starter_counter(workspace_id: str = "w", beyond: int = 0) -> Counter:
    """The counter of a month on Starter with so many credits used beyond the plan."""
    used = 40_000 + 2 * beyond
    halves = {"granted": 400_000, "used": used, "left": 400_000 - used, "base": 40_000, "room": 360_000}
    return Counter(workspace_id, PERIOD, ends=ENDS, plan="starter", **halves)


@pytest.mark.parametrize(
    ("plan", "running", "now", "subscription", "hold", "destination"),
    [
        ("starter", "starter", NOW, SERVED, None, METER),
        ("starter", "growth", NOW, SERVED, None, INVOICE),  # an upgrade since
        ("starter", "", NOW, SERVED, None, INVOICE),  # the workspace is gone: nothing more is told of it
        ("starter", "free", NOW, SERVED, None, INVOICE),  # the plan was cut short
        ("starter", "free", ENDS + 60, ENDED, None, METER),  # its last invoice is a draft
        ("starter", "free", ENDS + 60, replace(ENDED, ended_at=int(ENDS) - 1), None, INVOICE),
        ("starter", "free", ENDS + 60, None, None, INVOICE),
        ("starter", "starter", ENDS + 3_300, SERVED, None, METER),
        ("starter", "starter", ENDS + 3_301, SERVED, None, INVOICE),
        ("growth", "growth", NOW, replace(SERVED, tier="growth"), None, INVOICE),  # not the counter's plan
        ("starter", "starter", NOW, replace(SERVED, tier="growth"), None, LATER),  # changed at Stripe a moment ago
        ("starter", "starter", NOW, replace(SERVED, state="unpaid"), None, INVOICE),
        ("starter", "starter", NOW, SERVED, (NOW + 1, NOW), LATER),
        ("starter", "starter", NOW, SERVED, (NOW, NOW), METER),  # the hold is over
        ("starter", "starter", NOW, SERVED, (NOW + 1, NOW - DAY), LATER),
        ("starter", "starter", NOW, SERVED, (NOW + 1, NOW - DAY - 1), INVOICE),  # held for longer than a day
        ("starter", "starter", NOW, SERVED, (NOW + 1, None), LATER),  # by a release that wrote down no beginning
        ("starter", "growth", NOW, SERVED, (NOW + 1, NOW), INVOICE),  # what no meter bills waits for nothing
    ],
)
@pytest.mark.parametrize("is_final", [False, True])
def test_what_was_used_goes_to_the_meter_on_an_invoice_or_waits(
    monkeypatch, plan, running, now, subscription, hold, destination, is_final
):
    row = None if hold is None else Subscription("w", customer_id="c", reports_from=hold[0], held_from=hold[1])
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(overage, "_running_plan", lambda workspace_id: running)
    monkeypatch.setattr(customers, "of_workspace", lambda workspace_id: row)
    monkeypatch.setattr(gateway, "subscription", lambda customer_id: subscription)
    expected = INVOICE if is_final and destination is LATER else destination
    assert Billing("w", "c", is_final).destination(plan, starter_counter()) is expected


def test_a_change_that_waits_for_its_payer_is_held_until_some_minutes_after_it_is_void(workspace_id, monkeypatch):
    Subscription(workspace_id, customer_id="c").save()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(overage, "_running_plan", lambda workspace_id: "starter")
    waiting = replace(SERVED, pending_until=int(NOW) + HOUR)
    monkeypatch.setattr(gateway, "subscription", lambda customer_id: waiting)
    assert Billing(workspace_id, "c").destination("starter", starter_counter()) is LATER
    assert subscription_rows.find(workspace_id).reports_from == NOW + HOUR + 300


@pytest.mark.parametrize(
    ("pending_until", "before", "until"),
    [
        (0, 0, NOW + 300),
        (0, NOW + DAY, NOW + 300),  # the change that the hold was for is over
        (NOW + HOUR, 0, NOW + HOUR + 300),
        (NOW + HOUR, NOW + DAY, NOW + DAY),
    ],
)
def test_after_a_change_reports_are_held_for_some_minutes_or_as_long_as_it_waits(
    workspace_id, monkeypatch, pending_until, before, until
):
    Subscription(workspace_id, customer_id="c", reports_from=before).save()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    subscription = replace(SERVED, pending_until=int(pending_until))
    monkeypatch.setattr(gateway, "subscription", lambda customer_id: subscription)
    overage.finish_change(workspace_id, "c")
    assert subscription_rows.find(workspace_id).reports_from == until


def test_before_a_change_reports_are_held_also_where_it_has_to_wait_for_the_count(workspace_id, monkeypatch):
    Subscription(workspace_id, customer_id="c").save()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(overage, "require_counted", failing(OverageNotInvoiced))
    with pytest.raises(OverageNotInvoiced):
        overage.prepare_change(workspace_id, "c")
    assert subscription_rows.find(workspace_id).reports_from == NOW + 300


@pytest.mark.parametrize(
    ("state", "days", "is_reported"),
    [("active", 90, True), ("past_due", 0, True), ("canceled", 34, True), ("canceled", 36, False), ("none", 34, True)],
)
def test_a_subscription_that_has_ended_is_looked_at_for_as_long_as_stripe_takes_reports(state, days, is_reported):
    row = Subscription("w", customer_id="c", state=state, period_end=clock.now() - days * DAY)
    assert overage._is_reported(row) is is_reported


def test_only_customers_in_a_row_without_an_answer_end_a_round_and_what_failed_is_counted(monkeypatch):
    answers = iter(
        [StripeUnavailable, StripeUnavailable, None, StripeUnavailable, StripeRefused, StripeUnavailable, None]
    )
    rows = [Subscription(f"w{number}", customer_id="c", state="active") for number in range(7)]

    def report(workspace_id: str, customer_id: str) -> bool:
        error = next(answers)
        if error:
            raise error
        return True

    monkeypatch.setattr(customers, "iter_all", lambda: rows)
    monkeypatch.setattr(overage, "report", report)
    counts = metrics.counts().overage_failed
    before = counts._value.get()
    assert overage.report_all() == overage.Round(2, 5)
    assert counts._value.get() - before == 5


def test_the_oldest_report_that_fails_says_since_when(monkeypatch):
    rows = [ReportedOverage("w", str(since), failing=since) for since in (30, 10, 20)]
    monkeypatch.setattr(overage_rows, "failing", lambda: iter(rows))
    assert overage.failing_since() == 10


@pytest.fixture
def used(workspace_id, monkeypatch) -> Counter:
    """A stored counter of Starter with ten credits beyond the plan; it is the tenth day."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    counter = starter_counter(workspace_id, beyond=10)
    counter.save()
    return counter


@pytest.mark.parametrize(("credits", "is_all"), [(None, False), (9, False), (10, True)])
def test_nothing_ends_before_all_that_was_used_is_reported(used, credits, is_all):
    if credits is not None:
        ReportedOverage(used.workspace_id, PERIOD, credits=credits, telling=credits).save()
    try:
        overage.require_reported(used.workspace_id)
    except OverageNotInvoiced:
        assert not is_all
    else:
        assert is_all


@pytest.mark.parametrize(
    ("counted", "invoiced", "now", "is_counted"),
    [
        (10, 0, NOW, True),
        (9, 0, NOW, False),
        (6, 4, NOW, True),  # four are on an invoice of their own
        (5, 4, NOW, False),
        (9, 0, ENDS + DAY, False),  # a period that ended yesterday may still be counted
        (9, 0, ENDS + DAY + 1, True),
    ],
)
def test_nothing_ends_before_the_meter_has_counted_what_it_was_told(
    used, monkeypatch, counted, invoiced, now, is_counted
):
    ReportedOverage(used.workspace_id, PERIOD, credits=10, telling=10, invoiced=invoiced).save()
    monkeypatch.setattr(meter, "counted", lambda customer_id, start, end: counted)
    monkeypatch.setattr(clock, "now", lambda: now)
    try:
        overage.require_counted(used.workspace_id, "c")
    except OverageNotInvoiced:
        assert not is_counted
    else:
        assert is_counted


def under_way(used: Counter, **values) -> ReportedOverage:
    """A report of credits five to nine that was written down and not done."""
    row = ReportedOverage(used.workspace_id, PERIOD, credits=5, telling=9, invoiced=2, **values)
    row.save()
    return row


@pytest.mark.parametrize(("counted", "is_counted"), [(3, False), (4, True)])
def test_a_report_is_counted_where_all_of_it_is(used, monkeypatch, counted, is_counted):
    monkeypatch.setattr(meter, "counted", lambda customer_id, start, end: counted)
    assert overage._is_counted(under_way(used, moment=NOW), used, "c") is is_counted


@pytest.mark.parametrize(("counted", "is_counted"), [(8, False), (9, True)])
def test_one_of_an_earlier_release_is_counted_where_the_whole_period_is(used, monkeypatch, counted, is_counted):
    monkeypatch.setattr(meter, "counted", lambda customer_id, start, end: counted)
    assert overage._is_counted(under_way(used), used, "c") is is_counted


@pytest.mark.parametrize(("invoicing", "invoiced"), [("", 2), ("starter", 6)])
def test_of_what_is_done_only_what_was_invoiced_apart_is_added_to_it(used, invoicing, invoiced):
    overage._settle(under_way(used, invoicing=invoicing))
    row = overage_rows.find(used.workspace_id, PERIOD)
    assert (row.credits, row.invoiced, row.told) == (9, invoiced, NOW)


@pytest.mark.parametrize(
    ("age", "counted", "is_done", "sent"),
    [
        (HOUR - 1, 0, False, []),  # it may be counted yet
        (HOUR, 4, True, []),
        (HOUR, 3, True, [4]),
    ],
)
def test_a_report_that_the_meter_would_not_bill_any_more_is_invoiced_once_it_must_have_been_counted(
    used, monkeypatch, age, counted, is_done, sent
):
    row, invoiced = under_way(used, moment=NOW - age), []
    monkeypatch.setattr(overage, "_running_plan", lambda workspace_id: "growth")
    monkeypatch.setattr(meter, "counted", lambda customer_id, start, end: counted)
    monkeypatch.setattr(payments, "invoice_overage", lambda *args: invoiced.append(args))
    assert overage._resume(row, used, Billing(used.workspace_id, "c")) is is_done
    assert [credits for _, _, _, credits, _ in invoiced] == sent
    stored = overage_rows.find(used.workspace_id, PERIOD)
    assert (stored.credits, stored.invoicing) == (9 if is_done else 5, "starter" if sent else "")
    assert stored.invoiced == (6 if sent else 2)


def test_what_somebody_else_has_reported_meanwhile_is_not_invoiced_instead(used, monkeypatch):
    row = under_way(used, moment=NOW - HOUR)
    monkeypatch.setattr(overage, "_running_plan", lambda workspace_id: "growth")
    monkeypatch.setattr(payments, "invoice_overage", failing(AssertionError))

    def counted(*args) -> int:
        overage_rows.settle(ReportedOverage.get(used.workspace_id, PERIOD), NOW, 2)
        return 0

    monkeypatch.setattr(meter, "counted", counted)
    assert not overage._resume(row, used, Billing(used.workspace_id, "c"))


def test_a_round_goes_no_further_in_a_period_whose_earlier_report_waits(used, monkeypatch):
    under_way(used, moment=NOW)
    monkeypatch.setattr(overage, "_running_plan", lambda workspace_id: "growth")
    monkeypatch.setattr(payments, "invoice_overage", failing(AssertionError))
    assert not overage.report(used.workspace_id, "c")
    assert overage_rows.find(used.workspace_id, PERIOD).telling == 9


def test_a_report_that_fails_is_marked_and_its_fault_is_raised(used, monkeypatch):
    monkeypatch.setattr(overage, "_running_plan", lambda workspace_id: "growth")
    monkeypatch.setattr(payments, "invoice_overage", failing(StripeRefused))
    with pytest.raises(StripeRefused):
        overage.report(used.workspace_id, "c")
    row = overage_rows.find(used.workspace_id, PERIOD)
    assert (row.credits, row.telling, row.failing, row.invoicing) == (0, 10, NOW, "starter")


def test_an_invoice_names_the_time_of_its_period_and_not_beyond(used, monkeypatch):
    spans = []
    monkeypatch.setattr(payments, "invoice_overage", lambda customer_id, name, plan, credits, span: spans.append(span))
    row = under_way(used, invoicing="starter")
    for now in (NOW, ENDS + DAY):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        overage._invoice(row, used, "c")
    assert spans == [(START, NOW), (START, ENDS)]


def test_one_who_writes_a_report_down_first_is_the_only_one(used):
    first, second = (overage_rows.get_or_create(used.workspace_id, PERIOD) for _ in range(2))
    assert overage._begin(first, used, 10, "starter") and not overage._begin(second, used, 10, "starter")
    assert (first.telling, first.invoicing) == (10, "starter")


@pytest.mark.parametrize(("plan", "is_begun"), [("", False), ("starter", True)])
def test_a_hold_keeps_back_what_is_told_to_the_meter_and_not_what_is_invoiced(used, plan, is_begun):
    Subscription(used.workspace_id, customer_id="c", reports_from=NOW + 60).save()
    row = overage_rows.get_or_create(used.workspace_id, PERIOD)
    assert overage._begin(row, used, 10, plan) is is_begun
    assert (overage_rows.find(used.workspace_id, PERIOD).telling == 10) is is_begun


@pytest.mark.parametrize(
    ("changes", "is_restored"),
    [
        ({}, True),
        ({"items": (("credits", "si_1"), ("overage", "si_2"))}, False),
        ({"pending_until": 1}, False),
        ({"tier": "free"}, False),
        ({"state": "canceled"}, False),
        ({"state": "past_due"}, True),
    ],
)
def test_a_metered_price_is_put_back_where_a_served_plan_has_none(monkeypatch, changes, is_restored):
    calls = []
    monkeypatch.setattr(gateway, "call", lambda function, *args, **params: calls.append(params))
    monkeypatch.setattr(gateway, "price_ids", lambda: {"starter_overage": "price_1"})
    overage.restore_metered(replace(SERVED, **changes))
    assert [params["items"] for params in calls] == ([[{"price": "price_1"}]] if is_restored else [])


def test_a_metered_price_that_somebody_else_has_put_back_is_no_error(monkeypatch):
    monkeypatch.setattr(gateway, "price_ids", lambda: {"starter_overage": "price_1"})
    monkeypatch.setattr(gateway, "call", failing(StripeRefused))
    overage.restore_metered(SERVED)


def test_each_credit_beyond_the_plans_of_a_month_is_owed_at_the_price_of_its_time():
    counter = starter_counter(beyond=1_000)
    counter.sold, counter.plan, counter.base = {"growth": 2_000, "starter": 4_000}, "scale", 34_000
    assert overage_credits.parts(counter) == [("starter", 2_000), ("growth", 3_000), ("scale", 4_000)]
    assert overage_credits.owed_cents(counter) == 240 + 90 + 60
