"""Credits beyond the plan reach Stripe's meter once, each customer's by itself; a receipt is mailed once (H7)."""

import copy
import json
import secrets
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.people import people
from accounts.workspaces import workspaces
from billing.charging import cap_settings
from billing.models import Receipt, ReportedOverage
from billing.plans import catalogue
from billing.stripe import customers, gateway, meter, overage, payments, receipts, stripe_events, webhooks
from imgapis.base import clock
from imgapis.base.mail import mail
from imgapis.devstack.stripe_stub.sender import signature
from imgapis.watch import checks
from imgapis.work import outgoing_mail
from tests.billing.buying import Customer
from tests.billing.stripe_world import SECRET
from tests.billing.test_stripe import meter_values

DAY = 86_400


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter that may buy overage."""
    return with_overage(buyer, world, monkeypatch)


def with_overage(workspace, world, monkeypatch) -> Customer:
    customer = Customer(workspace, world, monkeypatch)
    customer.buy("starter")
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    return customer


def use_beyond(customer: Customer, credits: int) -> None:
    """Use what is left of the plan, and so many credits beyond it."""
    left = int(customer.counter.base) - int(customer.counter.used) if int(customer.counter.used) == 0 else 0
    assert customer.use(left + 2 * credits)


def report_round(monkeypatch, *members: Customer) -> overage.Round:
    """One round over some customers, in this order."""
    monkeypatch.setattr(customers, "iter_all", lambda: [customers.of_workspace(each.workspace_id) for each in members])
    monkeypatch.setattr(overage.random, "shuffle", lambda rows: None)
    return overage.report_all()


def lose_replies(monkeypatch) -> None:
    """Stripe takes every report, and each of its answers is lost."""
    real_report = meter.report

    def report(*args):
        real_report(*args)
        raise gateway.StripeUnavailable

    monkeypatch.setattr(meter, "report", report)


def failing(error: type[Exception]):
    """A function that raises an error, whatever it is asked."""

    def fail(*args, **params):
        raise error

    return fail


def test_one_customer_that_stripe_refuses_keeps_nobody_else_back(customer, world, monkeypatch):
    """H7: those after it were never told."""
    other = workspaces.create_unowned(namespace=f"other-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)
    other = with_overage(other, world, monkeypatch)
    for each in (customer, other):
        use_beyond(each, 3)
    with world.book.change():
        world.book.put("customers", {"id": customer.customer_id, "object": "customer", "deleted": True})
    assert report_round(monkeypatch, customer, other) == overage.Round(1, 1)
    assert (meter_values(world, customer.customer_id), meter_values(world, other.customer_id)) == ([], [3])
    sample = checks.sample(unreported_since=overage.failing_since())
    assert sample.unreported_since and checks.overage(sample, sample) == "", "one failed round is no alert yet"
    later = replace(sample, now=sample.unreported_since + checks.UNREPORTED_SECONDS)
    assert "has not taken" in checks.overage(sample, later)
    for row in ReportedOverage.query(customer.workspace_id):
        row.delete()


def test_where_stripe_is_away_the_round_ends_and_the_next_one_does_it(customer, world, monkeypatch):
    """D3: each customer without an answer costs seconds."""
    calls = []

    def away(*args):
        calls.append(args)
        raise gateway.StripeUnavailable

    use_beyond(customer, 3)
    with monkeypatch.context() as patch:
        patch.setattr(meter, "report", away)
        assert report_round(monkeypatch, *[customer] * 9) == overage.Round(0, overage.MOST_UNANSWERED)
        assert len(calls) == overage.MOST_UNANSWERED and overage.failing_since()
    assert report_round(monkeypatch, customer) == overage.Round(1, 0)
    assert ReportedOverage.get(customer.workspace_id, customer.counter.period).failing == 0


def test_a_period_that_fails_keeps_the_next_one_of_the_same_workspace_not_back(customer, world, monkeypatch):
    use_beyond(customer, 3)
    with monkeypatch.context() as patch:
        patch.setattr(meter, "report", failing(gateway.StripeRefused))
        report_round(monkeypatch, customer)
    customer.until(customer.ends + 60)
    use_beyond(customer, 5)
    real_report = meter.report

    def refuses_the_old(customer_id, identifier, credits, moment):
        if credits == 3:
            raise gateway.StripeRefused
        real_report(customer_id, identifier, credits, moment)

    monkeypatch.setattr(meter, "report", refuses_the_old)
    assert report_round(monkeypatch, customer) == overage.Round(0, 1)
    assert meter_values(world, customer.customer_id) == [5]


@pytest.mark.parametrize("days", [0.5, 1.02, 20])
def test_a_report_whose_answer_was_lost_counts_once_however_late_it_is_repeated(customer, world, monkeypatch, days):
    """H7: Stripe knows an identifier for a day; after that its meter is asked what it has counted."""
    use_beyond(customer, 10)
    with monkeypatch.context() as patch:
        lose_replies(patch)
        report_round(monkeypatch, customer)
    customer.pass_time(days * DAY)
    use_beyond(customer, 4)
    for _ in range(2):
        report_round(monkeypatch, customer)
    assert meter_values(world, customer.customer_id) == [10, 4]


def test_a_report_that_never_arrived_is_sent_days_later(customer, world, monkeypatch):
    """H7: what the meter has not counted is told, of the moment it was used."""
    use_beyond(customer, 10)
    begun_at = customer.moment
    with monkeypatch.context() as patch:
        patch.setattr(meter, "report", failing(gateway.StripeUnavailable))
        report_round(monkeypatch, customer)
    customer.pass_time(3 * DAY)
    report_round(monkeypatch, customer)
    assert meter_values(world, customer.customer_id) == [10]
    assert meter.counted(customer.customer_id, begun_at, begun_at) == 10


def test_two_reports_of_one_minute_are_told_apart(customer, world, monkeypatch):
    """H7: the first one's count must not pass for the second one's."""
    use_beyond(customer, 10)
    report_round(monkeypatch, customer)
    use_beyond(customer, 4)
    with monkeypatch.context() as patch:
        patch.setattr(meter, "report", failing(gateway.StripeUnavailable))
        report_round(monkeypatch, customer)
    customer.pass_time(2 * DAY)
    report_round(monkeypatch, customer)
    assert meter_values(world, customer.customer_id) == [10, 4]


@pytest.mark.parametrize("attempts", [0, 1])
def test_what_misses_the_invoice_of_its_period_is_on_one_of_its_own(customer, world, monkeypatch, attempts):
    """H2, H7: a meter event of a time that is invoiced already is billed by nobody. Stripe was away, or we were."""
    use_beyond(customer, 10_000)
    with monkeypatch.context() as patch:
        patch.setattr(meter, "report", failing(gateway.StripeUnavailable))
        for _ in range(attempts):
            report_round(monkeypatch, customer)
    customer.until(customer.ends + 30 * 3_600)
    use_beyond(customer, 5_000)
    report_round(monkeypatch, customer)
    assert meter_values(world, customer.customer_id) == [5_000]
    customer.until(customer.ends + 60)
    totals = [row["total"] for row in world.book.list_all("invoices", customer=customer.customer_id)]
    assert totals == [1_900 + 600, 1_200, 1_900, 1_900]


def test_what_an_earlier_release_had_begun_to_report_counts_once(customer, world, monkeypatch):
    """H7: its rows say neither of what moment, nor whether it fails."""
    use_beyond(customer, 10)
    with monkeypatch.context() as patch:
        lose_replies(patch)
        report_round(monkeypatch, customer)
    row = ReportedOverage.get(customer.workspace_id, customer.counter.period)
    row.update(actions=[ReportedOverage.moment.remove(), ReportedOverage.failing.remove()])
    customer.pass_time(2 * DAY)
    report_round(monkeypatch, customer)
    assert meter_values(world, customer.customer_id) == [10]


@pytest.fixture
def paid(world, web, dynamodb, settings, mailoutbox):
    """(workspace, event): an invoice of an owner's workspace is paid; its event has not been acted on."""
    person = people.create(f"payer-{secrets.token_hex(6)}@example.com")
    workspace = workspaces.create(person.person_id, namespace=f"payer-{secrets.token_hex(6)}", business_name="Payer")
    world.buys(workspace)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    return workspace, next(event for event in world.taken() if event["type"] == "invoice.paid")


def handle(event: dict) -> str:
    body = json.dumps(event).encode()
    return webhooks.handle(stripe_events.verify_event(body, signature(SECRET, body, int(time.time()))))


def test_a_second_event_of_a_paid_invoice_mails_no_second_receipt(paid, monkeypatch):
    """H7"""
    workspace, event = paid
    sent = []
    monkeypatch.setattr(receipts, "dispatch", sent.extend)
    again = copy.deepcopy(event) | {"id": f"evt_{secrets.token_hex(8)}"}
    assert [handle(each) for each in (event, again, event, again)] == ["acted", "acted", "again", "again"]
    assert len(sent) == 1 and Receipt.get(workspace.workspace_id, event["data"]["object"]["id"])


def test_two_events_of_a_paid_invoice_at_the_same_moment_mail_one_receipt(paid, monkeypatch):
    """H7: the second is acted on between the first one's look and its write."""
    _, event = paid
    again = copy.deepcopy(event) | {"id": f"evt_{secrets.token_hex(8)}"}
    sent, real_look, outcomes = [], receipts.is_sent, []
    monkeypatch.setattr(receipts, "dispatch", sent.extend)

    def look(*args):
        found = real_look(*args)
        if not outcomes:
            outcomes.append("first")
            outcomes.append(handle(again))
        return found

    monkeypatch.setattr(receipts, "is_sent", look)
    assert handle(event) == "acted" and outcomes == ["first", "acted"] and len(sent) == 1


def test_a_receipt_of_a_process_that_ends_once_the_payment_is_on_record_is_mailed_once(paid, monkeypatch, mailoutbox):
    """H7, H14: a crash between the two lost it."""
    workspace, event = paid

    def ends(row) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(mail, "dispatch", ends)
        handle(event)
    assert receipts.is_sent(workspace.workspace_id, event["data"]["object"]["id"]) and handle(event) == "again"
    for _ in range(2):
        outgoing_mail.send_due()
    (receipt,) = [message for message in mailoutbox if workspace.namespace in message.body]
    assert receipt.subject == "Your img apis receipt"
    assert "$19.00" in receipt.body and "Payer" in receipt.body and event["data"]["object"]["number"] in receipt.body


def test_a_receipt_waits_for_stripe_which_says_what_it_holds(paid, monkeypatch, mailoutbox):
    """D3, H14: one for which Stripe did not answer was lost."""
    workspace, event = paid

    def away(*args):
        raise gateway.StripeUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(payments, "invoice", away)
        handle(event)
    assert mailoutbox == []
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 60)
    outgoing_mail.send_due()
    assert len([message for message in mailoutbox if workspace.namespace in message.body]) == 1


def test_the_stub_knows_an_identifier_for_a_day_and_counts_by_minutes(customer, world):
    """The fake knew it for ever, and hid the fault."""
    customer_id, moment = customer.customer_id, clock.now()
    for _ in range(2):
        meter.report(customer_id, "one", 7, moment)
    assert meter.counted(customer_id, moment, moment) == 7
    customer.pass_time(timedelta(days=1, seconds=1).total_seconds())
    meter.report(customer_id, "one", 7, moment)
    assert meter.counted(customer_id, moment, moment) == 14
    assert meter.counted(customer_id, moment + 60, moment + 90) == 0
    with pytest.raises(gateway.StripeRefused):
        meter.report(customer_id, "old", 1, moment - 40 * DAY)
