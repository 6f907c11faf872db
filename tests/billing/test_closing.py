"""What is used beyond a plan is paid for however the workspace ends: reported, invoiced, only then cancelled (H2)."""

import pytest

from billing.charging import cap_settings, overage_credits
from billing.charging.caps import Cap
from billing.stripe import closing, customers, gateway, meter, overage, subscriptions
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.models import erasures
from imgapis.privacy import certificates, erasure, steps
from tests.accounts import teams
from tests.billing.buying import Customer
from tests.billing.test_overage import failing
from tests.billing.test_stripe import meter_values
from tests.people import Browser, sign_in

DAY = 86_400
HOUR = 3_600
CREDITS = 200_000
CENTS = 24_000  # of so many credits at Starter's price


@pytest.fixture
def customer(world, bucket, monkeypatch):
    """An owner's workspace on Starter that has used 200,000 credits beyond its plan; nothing of it is reported yet."""
    owner = teams.new_person("owes")
    customer = Customer(teams.new_workspace(owner), world, monkeypatch)
    monkeypatch.setattr(erasures, "iter_all", lambda: filter(None, [erasures.find(customer.workspace_id)]))
    customer.owner = owner
    customer.buy("starter")
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    cap_settings.change(customer.workspace_id, "x", "period", Cap("off", 0))
    assert customer.use(int(customer.counter.base) + 2 * CREDITS)
    yield customer
    world.book.refuses_cards, world.book.meter_delay = False, 0


def erase(customer: Customer, **options):
    """Ask for the erasure at once, and work on it; returns its row."""
    erasure.request("workspace", customer.workspace_id, at_once=True, **options)
    return work_on(customer)


def work_on(customer: Customer):
    erasure.process_due()
    return erasures.find(customer.workspace_id)


def work_after(customer: Customer, seconds: float):
    """Let time go by, and work on the erasure."""
    customer.moment += seconds
    return work_on(customer)


def invoices(customer_id: str, world) -> list[dict]:
    """The invoices at Stripe that bill credits beyond the plan."""
    rows = world.book.list_all("invoices", customer=customer_id)
    return [row for row in rows if any(_is_metered(line, world) for line in row["lines"]["data"])]


def _is_metered(line: dict, world) -> bool:
    price = world.book.get("prices", line["pricing"]["price_details"]["price"])
    return (price is None or bool(price["recurring"]["meter"])) and line["amount"] > 0


def owed(customer_id: str, world) -> tuple[list[int], list[str]]:
    """(cents, states) of what was invoiced beyond the plan."""
    rows = invoices(customer_id, world)
    return [row["total"] for row in rows], [row["status"] for row in rows]


def test_who_deletes_the_workspace_at_once_pays_what_was_used(customer, world):
    """H2: no meter event, no invoice, before."""
    customer_id = customer.customer_id
    assert closing.owed_cents(customer.workspace_id) == CENTS
    assert erase(customer).state == "swept"
    assert meter_values(world, customer_id) == [CREDITS] and owed(customer_id, world) == ([CENTS], ["paid"])
    assert not closing.is_deleted(customer_id), "the last invoice has a day to come"
    row = work_after(customer, erasure.SWEEP_SECONDS + 1)
    assert closing.is_deleted(customer_id)
    facts = certificates.verify(dict(row.certificate))
    assert (row.state, row.customer_id, facts["invoices_at_stripe"]) == ("done", "", "closed")
    assert erasure.UNPAID not in facts["exceptions"] and "Invoices stay at Stripe" in facts["exceptions"][0]


def test_nothing_is_cancelled_before_the_meter_has_counted(customer, world):
    """H2: Stripe adds up in the background, and invoices what it has added up."""
    customer_id = customer.customer_id
    world.book.meter_delay = 120
    row = erase(customer)
    assert (row.state, int(row.step), steps.waits_for(row)) == ("running", 0, "invoice")
    assert customer.subscription["status"] == "active" and customer.row is not None
    assert customer.use(2) == 0, "nothing more is sold meanwhile"
    row = work_after(customer, 180)
    assert row.state == "swept" and owed(customer_id, world) == ([CENTS], ["paid"])


def test_nobody_allows_overage_while_a_deletion_settles_the_bill(customer, world, monkeypatch):
    """H2: what was used between the report and the last step was billed to nobody."""
    cancel_all, codes = closing._cancel_all, []

    def cancelled(customer_id: str) -> int:
        try:
            cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
        except ApiError as refusal:
            codes.append(refusal.code)
        return cancel_all(customer_id)

    monkeypatch.setattr(closing, "_cancel_all", cancelled)
    assert erase(customer).state == "swept" and codes == ["bill_settling"]


def test_a_payment_page_that_is_open_at_a_deletion_buys_nothing(customer, world):
    session_id, _ = gateway.checkout(customer.workspace_id, customer.customer_id, "growth", "month", "http://localhost")
    erase(customer)
    assert world.book.get("sessions", session_id)["status"] == "expired"


def test_the_page_says_what_is_owed_and_what_the_deletion_waits_for(customer, world, web, client):
    """H2"""
    browser = Browser()
    sign_in(browser, customer.owner.email)
    text = browser.get(f"/w/{customer.row.namespace}/data/erase").text
    assert "in the running period: <strong>$240</strong>" in text and "is invoiced first" in text
    world.book.meter_delay = 120
    erase(customer)
    page = client.get(f"/privacy/erasures/{customer.workspace_id}", HTTP_HOST="localhost")
    text = page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert "waits for Stripe to invoice" in text and clock.day(clock.now() + steps.INVOICE_DAYS * DAY) in text


def test_whatever_stripe_does_our_own_stores_are_empty_in_time(customer, world, monkeypatch):
    """H2, P19: Stripe is away for three weeks; what is owed is lost, and the thirty days hold."""
    customer_id, requested = customer.customer_id, customer.moment
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "call", failing(gateway.StripeUnavailable))
        row = erase(customer)
        assert (row.state, steps.waits_for(row)) == ("running", "invoice") and customer.row is not None
        row = work_after(customer, steps.INVOICE_DAYS * DAY)
        assert row.state == "swept" and customer.row is None and not customers.of_workspace(customer.workspace_id)
        row = work_after(customer, erasure.SWEEP_SECONDS + 1)
        assert row.state == "swept" and row.emptied + erasure.RECOVERY_DAYS * DAY < requested + 30 * DAY
        customer.moment = requested + 21 * DAY
        row = work_on(customer)
        assert row.state == "swept" and [late.subject_id for late in erasure.late()] == [row.subject_id]
    row = work_after(customer, HOUR + 1)
    assert row.state == "done" and closing.is_deleted(customer_id)
    recovery_ends = certificates.verify(dict(row.certificate))["beyond_recovery"]
    assert recovery_ends < clock.stamp(requested + 30 * DAY)


def test_a_card_that_is_refused_leaves_an_open_invoice_and_its_customer_for_twenty_days(customer, world):
    """H2: without the customer Stripe could not collect it; everything of ours is gone meanwhile."""
    customer_id, requested = customer.customer_id, customer.moment
    with world.refusing_cards():
        assert erase(customer).state == "swept" and customer.row is None
        row = work_after(customer, erasure.SWEEP_SECONDS + 1)
        assert (row.state, steps.waits_for(row), row.certificate) == ("swept", "payment", None)
        assert owed(customer_id, world) == ([CENTS], ["open"]) and not closing.is_deleted(customer_id)
        assert invoices(customer_id, world)[0]["auto_advance"], "Stripe goes on collecting it"
        customer.moment = requested + 16 * DAY
        assert steps.waits_for(work_on(customer)) == "payment" and erasure.late() == []
        customer.moment = requested + steps.CUSTOMER_DAYS * DAY + 1
        row = work_on(customer)
    facts = certificates.verify(dict(row.certificate))
    assert row.state == "done" and closing.is_deleted(customer_id)
    assert facts["invoices_at_stripe"] == "open" and erasure.UNPAID in facts["exceptions"]
    assert facts["counts_are"] == "exact", "waiting breaks nothing off"
    assert facts["beyond_recovery"] < clock.stamp(requested + 30 * DAY)


def test_the_twenty_days_count_from_the_day_that_the_erasure_was_asked_for(customer, world):
    """H24, H2, P19: not from its beginning, which waits for days in which it can be undone."""
    customer_id, requested = customer.customer_id, customer.moment
    erasure.request("workspace", customer.workspace_id)
    with world.refusing_cards():
        assert work_after(customer, erasure.UNDO_DAYS * DAY + 1).state == "swept"
        customer.moment = requested + steps.CUSTOMER_DAYS * DAY + 1
        row = work_on(customer)
    assert row.state == "done" and closing.is_deleted(customer_id)


def test_an_invoice_that_is_paid_later_ends_the_waiting(customer, world):
    """H2"""
    customer_id = customer.customer_id
    with world.refusing_cards():
        erase(customer)
        work_after(customer, erasure.SWEEP_SECONDS + 1)
    with world.book.change():
        assert world.trade.pay(invoices(customer_id, world)[0])
    row = work_after(customer, HOUR + 1)
    assert row.state == "done" and closing.is_deleted(customer_id) and row.invoices == "closed"


def test_a_lost_answer_at_any_call_bills_once(customer, world, monkeypatch):
    """H2, D4: every call of the end is made, and its answer lost, one after the other."""
    customer_id, real_call, made = customer.customer_id, gateway.call, []

    def lossy(function, *args, **params):
        answer = real_call(function, *args, **params)
        name = function.__qualname__
        if name.split(".")[-1] in ("create", "cancel", "finalize_invoice", "pay", "delete") and name not in made:
            made.append(name)
            raise gateway.StripeUnavailable
        return answer

    monkeypatch.setattr(gateway, "call", lossy)
    row = erase(customer)
    for _ in range(7):
        if row.state == "done":
            break
        row = work_after(customer, HOUR + 1 if row.state == "running" else erasure.SWEEP_SECONDS + 1)
    assert row.state == "done" and len(made) == 5, made
    assert meter_values(world, customer_id) == [CREDITS] and owed(customer_id, world) == ([CENTS], ["paid"])


def test_who_cancels_pays_what_was_used_up_to_the_last_minute(customer, world):
    """H2: what is used after the last round is reported with the news of the end, while the last invoice is a draft."""
    customer_id = customer.customer_id
    subscriptions.cancel(customer.row, "person")
    customer.until(customer.ends + 60)
    assert customer.row.plan == "free" and meter_values(world, customer_id) == [CREDITS]
    customer.pass_time(HOUR)
    assert owed(customer_id, world) == ([CENTS], ["paid"])


def test_a_card_that_is_refused_at_the_renewal_leaves_what_was_used_on_the_invoice(customer, world, monkeypatch):
    """H2: the round reports it in time, and invoices what came late of a subscription that Stripe has given up."""
    customer_id = customer.customer_id
    monkeypatch.setattr(customers, "iter_all", lambda: [customers.of_workspace(customer.workspace_id)])
    overage.report_all()
    with world.refusing_cards():
        customer.until(customer.ends + 60)
        customer.pass_time(8 * DAY)
        assert customer.row.billing_state == "canceled"
        counter = next(row for row in customer.counters() if overage_credits.used_beyond(row))
        counter.update(actions=[type(counter).used.add(2_000), type(counter).left.add(-2_000)])
        overage.report_all()
        assert meter_values(world, customer_id) == [CREDITS]
        erase(customer)
        states = sorted((row["status"], row["total"]) for row in invoices(customer_id, world))
        assert states == [("open", 120), ("open", CENTS), ("void", CENTS + 1_900)]
        assert not closing.is_deleted(customer_id), "it is collected while there is a customer"


def test_no_other_plan_is_sold_before_what_was_used_is_paid(customer, world, monkeypatch):
    """H2: a card that is blocked after the use, and another one for the next plan."""
    monkeypatch.setattr(customers, "iter_all", lambda: [customers.of_workspace(customer.workspace_id)])
    overage.report_all()
    with world.refusing_cards():
        customer.until(customer.ends + 60)
        customer.pass_time(8 * DAY)
    assert customer.row.billing_state == "canceled"
    (invoice,) = invoices(customer.customer_id, world)
    for status in ("uncollectible", "open"):
        invoice["status"] = status
        with pytest.raises(subscriptions.InvoiceUnpaid):
            subscriptions.start_checkout(customer.row, "person", "growth", "month", "http://localhost/back")
    with world.book.change():
        world.trade.pay(invoice)
    customer.tell()
    assert subscriptions.start_checkout(customer.row, "person", "growth", "month", "http://localhost/back")


def test_a_renewal_that_was_never_paid_keeps_nobody_from_coming_back(buyer, world, monkeypatch):
    """H2: it sold nothing: the plan was not served."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter")
    with world.refusing_cards():
        customer.until(customer.ends + 60)
        customer.pass_time(8 * DAY)
    assert customer.row.billing_state == "canceled"
    assert subscriptions.start_checkout(customer.row, "person", "starter", "month", "http://localhost/back")


def test_what_is_owed_is_of_the_running_period_alone(customer):
    """Of one that is over Stripe has made the invoice."""
    assert closing.owed_cents(customer.workspace_id) == CENTS
    customer.moment = customer.ends + HOUR
    assert closing.owed_cents(customer.workspace_id) == 0


def test_a_workspace_that_owes_nothing_waits_for_nothing(buyer, world, bucket, monkeypatch):
    customer = Customer(buyer, world, monkeypatch)
    monkeypatch.setattr(erasures, "iter_all", lambda: [erasures.find(customer.workspace_id)])
    monkeypatch.setattr(meter, "counted", failing(AssertionError))
    customer.buy("growth")
    customer_id = customer.customer_id
    assert closing.owed_cents(customer.workspace_id) == 0
    assert erase(customer).state == "swept" and closing.is_deleted(customer_id)
    assert {row["status"] for row in world.book.list_all("subscriptions", customer=customer_id)} == {"canceled"}
    assert [row["total"] for row in world.book.list_all("invoices", customer=customer_id)] == [7_900]
