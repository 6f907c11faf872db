"""What is owed stops what would be owed on top of it: overage stays off, and an unpaid period stays unpaid (H31)."""

import pytest

from billing.charging import cap_settings, credits, summary
from billing.models import counters
from billing.plans import catalogue
from billing.stripe import gateway, payments, subscriptions, webhooks
from tests.billing.buying import DAY, Customer
from tests.billing.test_charge import bill
from tests.billing.test_purchase import PurchaseDesk

STARTER = catalogue.of("starter")
SPAN = (1_790_000_000, 1_790_003_600)


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter that may buy overage."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter")
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    yield customer
    world.book.refuses_cards = False


def invoice_overage(customer: Customer, credits_used: int = 5_000) -> dict:
    """An invoice of credits beyond an earlier plan, charged to the card; as Stripe has it."""
    payments.invoice_overage(customer.customer_id, f"debt-{credits_used}", STARTER, credits_used, SPAN)
    customer.tell()
    invoices = customer.world.book.list_all("invoices", customer=customer.customer_id)
    return next(row for row in invoices if payments.OVERAGE_REPORT in row["metadata"])


def sync(customer: Customer) -> None:
    webhooks.sync_subscription(customer.workspace_id, customer.customer_id)


def sells_overage(customer: Customer) -> bool:
    """Whether credits beyond the plan's are sold now."""
    return summary.of(customer.row).room > 0


def refusal(customer: Customer) -> str:
    """The code of the refusal of work beyond the plan's credits; empty where it is sold."""
    left = summary.of(customer.row).included - summary.of(customer.row).used
    error = credits.refusal_of(bill(customer.workspace_id, cost=left + 2), customer.uncapped)
    return error.code if error else ""


@pytest.mark.parametrize("status", ["open", "uncollectible"])
def test_while_an_invoice_of_overage_is_owed_no_more_overage_is_sold(customer, status):
    """H31: credits went on being sold beyond the plan, up to the cap, with no card that pays for them."""
    assert sells_overage(customer) and refusal(customer) == ""
    customer.world.book.refuses_cards = True
    invoice = invoice_overage(customer)
    invoice["status"] = status
    sync(customer)
    assert not sells_overage(customer) and refusal(customer) == "overage_unpaid"
    assert (customer.row.plan, customer.row.overage) == ("starter", True), "the plan goes on, and so does the setting"
    customer.world.book.refuses_cards = False
    with customer.world.book.change():
        customer.world.stub.api.confirm(invoice["id"])
    customer.tell()
    assert invoice["status"] == "paid" and sells_overage(customer) and refusal(customer) == ""
    assert customer.is_sound()


def test_what_was_used_beyond_the_plan_before_the_debt_stays_sold_and_nothing_is_added_to_it(customer):
    included = summary.of(customer.row).included
    assert customer.use(included + 400)
    customer.world.book.refuses_cards = True
    invoice_overage(customer)
    assert summary.of(customer.row).overage == 400 and customer.use(2) == 0 and customer.is_sound()


@pytest.mark.parametrize(("end", "sells"), [("won", True), ("lost", False)])
def test_a_disputed_payment_of_overage_stops_overage_until_the_dispute_is_won(customer, end, sells):
    """H31"""
    invoice_overage(customer)
    with customer.world.book.change():
        dispute = customer.world.trade.dispute(customer.charges[-1], 1_000)
    customer.tell()
    assert customer.row.overage_debt == "disputed" and refusal(customer) == "overage_unpaid"
    with customer.world.book.change():
        customer.world.trade.close_dispute(dispute, end)
    customer.tell()
    assert sells_overage(customer) is sells and customer.is_sound()


def test_a_lost_dispute_whose_debt_was_settled_otherwise_stops_overage_no_longer(customer):
    """Stripe leaves the invoice of a lost dispute paid: staff say so on the dispute once it is settled."""
    invoice_overage(customer)
    with customer.world.book.change():
        dispute = customer.world.trade.dispute(customer.charges[-1], 1_000)
        customer.world.trade.close_dispute(dispute, "lost")
    customer.tell()
    assert not sells_overage(customer)
    dispute["metadata"]["settled"] = "yes"
    sync(customer)
    assert sells_overage(customer)


def test_a_dispute_of_a_plan_s_payment_alone_is_no_debt_of_overage(customer):
    with customer.world.book.change():
        customer.world.trade.dispute(customer.charges[0], 100)
    customer.tell()
    assert customer.row.overage_debt == ""


def test_overage_is_not_turned_on_while_it_is_owed(customer):
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=False)
    customer.world.book.refuses_cards = True
    invoice_overage(customer)
    with pytest.raises(cap_settings.OverageUnpaid) as refused:
        cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    assert (refused.value.code, refused.value.status) == ("overage_unpaid", 402)
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=False)


@pytest.mark.parametrize("kind", ["invoice.voided", "invoice.marked_uncollectible"])
def test_stripe_is_asked_to_tell_when_an_invoice_is_given_up_or_voided(kind):
    assert kind in webhooks.HANDLERS


def test_the_billing_page_says_that_overage_is_off_and_how_it_comes_back(web, world):
    desk = PurchaseDesk()
    desk.buy(world, "starter")
    desk.press("overage", allowed="yes")
    customer_id = world.book.get("sessions", next(reversed(world.book.objects["sessions"])))["customer"]
    with world.refusing_cards():
        payments.invoice_overage(customer_id, "debt-page", STARTER, 5_000, SPAN)
    world.deliver()
    page = desk.page()
    assert "An invoice for credits used beyond the plan is not paid: overage is off until it is." in page
    assert "Overage: off until it is paid" in page
    assert "Turn overage off" in page


def refuse_renewal(customer: Customer) -> dict:
    """The plan's renewal is refused; returns its open invoice."""
    customer.world.book.refuses_cards = True
    customer.until(customer.ends + 60)
    customer.world.book.refuses_cards = False
    (renewal,) = customer.world.book.list_all("invoices", customer=customer.customer_id, status="open")
    return renewal


def test_an_upgrade_s_payment_leaves_the_period_unpaid_until_its_own_invoice_is_paid(customer):
    """H31: some cents on the last day ended the grace, and sold overage, for a month that nobody had paid for."""
    renewal = refuse_renewal(customer)
    customer.pass_time(DAY / 2)
    assert customer.period.unpaid
    gateway.change(gateway.subscription(customer.customer_id), "growth", "month")  # as on Stripe's own pages
    customer.tell()
    assert customer.subscription["status"] == "active", "Stripe goes by the newest invoice"
    assert customer.row.plan == "growth" and customer.row.unpaid_since > 0
    assert customer.period.unpaid and not sells_overage(customer)
    with customer.world.book.change():
        customer.world.stub.api.confirm(renewal["id"])
    customer.tell()
    growth, starter = catalogue.of("growth").halves, STARTER.halves
    assert customer.row.unpaid_since == 0 and starter < int(customer.counter.base) <= growth
    assert int(customer.counter.base) > growth * 0.95 and sells_overage(customer) and customer.is_sound()


def test_no_upgrade_is_sold_while_the_plan_s_own_invoice_is_owed(customer):
    """H31: its payment would give nothing before the other is paid."""
    renewal = refuse_renewal(customer)
    charges = len(customer.charges)
    with pytest.raises(subscriptions.InvoiceUnpaid) as refused:
        customer.change("growth")
    assert "running period" in refused.value.message and len(customer.charges) == charges
    with customer.world.book.change():
        customer.world.stub.api.confirm(renewal["id"])
    customer.tell()
    customer.change("growth")
    assert customer.row.plan == "growth" and len(customer.charges) == charges + 2


def draft_renewal(customer: Customer, minutes: int) -> dict:
    """So many minutes of the next period go by, whose invoice Stripe has not charged yet; returns that draft."""
    customer.pass_time(customer.ends + 60 * minutes - customer.moment, tell=False)
    invoice = customer.world.book.list_all("invoices", customer=customer.customer_id)[0]
    invoice["status"] = "draft"
    customer.tell()
    return invoice


def test_an_upgrade_in_the_hour_of_the_draft_leaves_the_period_unpaid_until_stripe_charges_it(customer):
    """H31, H6"""
    invoice = draft_renewal(customer, 1)
    customer.change("growth")
    assert customer.period.unpaid and not sells_overage(customer)
    invoice["status"] = "paid"
    sync(customer)
    assert not customer.period.unpaid and int(customer.counter.base) > catalogue.of("growth").halves * 0.99


def test_no_year_is_sold_before_the_month_s_own_invoice_is_charged(customer):
    """H31: the year gave the whole month back before it was paid for: 20,000 credits less, for nothing."""
    invoice, charges = draft_renewal(customer, 55), len(customer.charges)
    with pytest.raises(subscriptions.InvoiceDraft) as refused:
        customer.change("growth", "year")
    assert "within an hour" in refused.value.message and len(customer.charges) == charges
    assert (customer.row.plan, customer.subscription["status"]) == ("starter", "active")
    invoice["status"] = "paid"
    sync(customer)
    customer.change("growth", "year")
    assert int(customer.counter.base) > catalogue.of("growth").halves * 0.99 and customer.is_sound()


def test_a_share_that_nobody_paid_for_is_not_moved_into_a_year(customer):
    """H24, H6: what is left of a paid month is."""
    draft_renewal(customer, 55)
    month = customer.period.name
    assert customer.use(2) == 2 and customer.period.unpaid
    gateway.change(gateway.subscription(customer.customer_id), "growth", "year")
    customer.tell()
    share = counters.find(customer.workspace_id, month)
    assert customer.period.name != month and int(share.extra) == 0 and customer.is_sound()
