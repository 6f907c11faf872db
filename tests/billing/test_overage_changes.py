"""What was used beyond a plan is invoiced once, at the price that held when it was used, whatever follows (H2)."""

import pytest

from billing.charging import cap_settings, grants, summary
from billing.charging.caps import Cap
from billing.plans import catalogue
from billing.stripe import customers, gateway, meter, overage, subscriptions
from tests.billing.buying import DAY, HOUR, Customer
from tests.billing.test_overage import failing

STARTER, GROWTH, SCALE = (catalogue.of(tier).halves for tier in ("starter", "growth", "scale"))
CREDITS = 100_000
CENTS = {"starter": 12_000, "growth": 9_000, "scale": 6_000}  # of so many credits beyond a plan


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter that has used 100,000 credits beyond its plan; nothing of it is reported yet."""
    customer = Customer(buyer, world, monkeypatch)
    monkeypatch.setattr(customers, "iter_all", lambda: [customers.of_workspace(customer.workspace_id)])
    customer.buy("starter")
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    cap_settings.change(customer.workspace_id, "x", "period", Cap("off", 0))
    customer.pass_time(10 * DAY)
    use_beyond(customer, CREDITS)
    yield customer
    world.book.meter_delay = 0


def use_beyond(customer: Customer, credits: int) -> None:
    """Use what is left of the plan, and so many credits beyond it."""
    assert customer.use(customer.unused + 2 * credits)


def invoiced(customer: Customer) -> list[int]:
    """Cents of the lines that bill credits beyond a plan, oldest first."""
    invoices = customer.world.book.list_all("invoices", customer=customer.customer_id)
    lines = [line for invoice in reversed(invoices) for line in customer.overage_lines(invoice)]
    return [line["amount"] for line in lines if line["amount"]]


def end_period(customer: Customer) -> None:
    """Let the running period end, and the next one, with reports before and after each end."""
    for _ in range(2):
        overage.report_all()
        customer.until(customer.ends + 60)
        overage.report_all()
        customer.pass_time(2 * HOUR)
        overage.report_all()


@pytest.mark.parametrize("is_reported", [True, False])
@pytest.mark.parametrize("change", [("growth", "year"), ("growth", "month"), ("scale", "month"), ("scale", "year")])
def test_what_was_used_before_an_upgrade_is_invoiced_once_at_the_price_of_its_time(customer, change, is_reported):
    """H2: from month to year it was invoiced by nobody; within months at the new plan's price."""
    if is_reported:
        overage.report_all()
        customer.pass_time(HOUR)
    customer.change(*change)
    assert customer.row.plan == change[0]
    assert invoiced(customer) == [CENTS["starter"]] and customer.is_sound()
    customer.pass_time(HOUR)
    overage.report_all()
    customer.until(customer.ends + 60)
    overage.report_all()
    assert invoiced(customer) == [CENTS["starter"]]


def test_an_upgrade_shortly_before_the_turn_leaves_the_month_s_overage_its_price(customer):
    """H2: 100,000 credits at Starter's price were billed at Scale's."""
    overage.report_all()
    customer.until(customer.ends - HOUR)
    customer.change("scale")
    use_beyond(customer, CREDITS)
    customer.pass_time(HOUR / 2)
    end_period(customer)
    assert sorted(invoiced(customer)) == sorted([CENTS["starter"], CENTS["scale"]])


def test_two_upgrades_leave_each_plan_s_overage_its_price(customer):
    """H2"""
    customer.change("growth")
    use_beyond(customer, CREDITS)
    customer.pass_time(HOUR)
    customer.change("scale")
    use_beyond(customer, CREDITS)
    assert customer.is_sound()
    customer.pass_time(HOUR)
    end_period(customer)
    assert sorted(invoiced(customer)) == sorted(CENTS.values())


@pytest.mark.parametrize("is_reported", [True, False])
def test_a_plan_s_credits_are_not_used_up_by_what_was_sold_beyond_the_plan_before(customer, is_reported):
    """H1, H2: the same credits were sold twice, as overage and as the plan's."""
    if is_reported:
        overage.report_all()
    base = int(customer.counter.base)
    customer.change("growth")
    granted = int(customer.counter.base) - base
    assert granted > 60_000 and customer.unused == granted
    assert customer.use(granted) == granted
    assert summary.of(customer.row).overage_cents == CENTS["starter"], "nothing is sold while the plan lasts"
    end_period(customer)
    assert invoiced(customer) == [CENTS["starter"]]


def test_the_forecast_in_money_counts_what_was_sold_before_an_upgrade(customer):
    """H24, H2"""
    customer.change("growth")
    customer.until(customer.ends - HOUR)
    usage = summary.of(customer.row)
    assert usage.forecast_cents == usage.overage_cents == CENTS["starter"]


def test_without_overage_a_plan_s_credits_are_all_there_after_an_upgrade(customer):
    """H2: what was sold stays sold when the customer allows no more of it."""
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=False)
    base = int(customer.counter.base)
    customer.change("growth")
    assert int(customer.counter.left) == customer.unused == int(customer.counter.base) - base
    assert customer.use(customer.unused) and customer.use(1) == 0


def test_a_gift_can_be_used_whole_and_takes_nothing_off_the_bill(customer):
    """H2: a gift disappeared in what had been sold before."""
    grants.grant(customer.workspace_id, 20_000, "for the trouble of last week", "staff:x")
    assert customer.unused == 20_000 and customer.use(20_000)
    end_period(customer)
    assert invoiced(customer) == [CENTS["starter"]]


def test_what_comes_back_with_a_refund_that_failed_can_be_used_whole(customer):
    """H2, H20"""
    grants.grant(customer.workspace_id, 20_000, "for the trouble of last week", "staff:x")
    refund = customer.refund(customer.charges[0])
    taken = 20_000 - customer.unused
    use_beyond(customer, 1_000)
    customer.settle_refund(refund, "failed")
    assert taken > 0 and customer.unused == taken and customer.is_sound()


def test_a_cap_in_money_counts_what_was_sold_at_an_earlier_price(customer):
    """H2: $150 of overage in the month; $120 are spent at Starter's price, $30 are left at Scale's."""
    cap_settings.change(customer.workspace_id, "x", "period", Cap("cents", 15_000))
    customer.change("scale")
    assert customer.use(customer.unused) and customer.use(2 * 50_000) == 2 * 50_000
    assert customer.use(1) == 0 and summary.of(customer.row).overage_cents == 15_000
    customer.change("starter")
    assert customer.use(1) == 0


def beyond_scale(buyer, world, monkeypatch) -> Customer:
    """A customer who has used CREDITS beyond Scale; only theirs are reported."""
    customer = Customer(buyer, world, monkeypatch)
    monkeypatch.setattr(customers, "iter_all", lambda: [customers.of_workspace(customer.workspace_id)])
    customer.buy("scale")
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    use_beyond(customer, CREDITS)
    return customer


def test_a_downgrade_at_the_turn_leaves_the_last_minutes_their_price(buyer, world, monkeypatch):
    """H2: 0.6 cents a credit became 0.12."""
    customer = beyond_scale(buyer, world, monkeypatch)
    overage.report_all()
    customer.change("starter")
    customer.until(customer.ends - HOUR)
    use_beyond(customer, CREDITS)
    customer.until(customer.ends + 60)
    end_period(customer)
    assert customer.row.plan == "starter" and sum(invoiced(customer)) == 2 * CENTS["scale"]


def test_an_upgrade_waits_until_stripe_has_counted_what_it_invoices_with_it(customer, world):
    """H2: Stripe adds up in the background, and bills at the change what it has added up."""
    world.book.meter_delay = 120
    overage.report_all()
    with pytest.raises(overage.OverageNotInvoiced):
        customer.change("growth", "year")
    assert customer.row.plan == "starter" and customer.subscription["pending_update"] is None
    customer.pass_time(180)
    overage.report_all()
    customer.change("growth", "year")
    assert customer.row.plan == "growth" and invoiced(customer) == [CENTS["starter"]]


def test_a_report_whose_answer_was_lost_is_settled_before_the_change(customer, monkeypatch):
    """H2, H7"""
    real_report = meter.report
    with monkeypatch.context() as patch:

        def lossy(*args):
            real_report(*args)
            raise gateway.StripeUnavailable

        patch.setattr(meter, "report", lossy)
        overage.report_all()
        with pytest.raises(gateway.StripeUnavailable):
            customer.change("growth", "year")
        assert customer.row.plan == "starter"
    customer.change("growth", "year")
    end_period(customer)
    assert invoiced(customer) == [CENTS["starter"]]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_lost_answer_at_any_call_of_an_upgrade_bills_once(customer, monkeypatch, is_late):
    """H2, D4: also where the next try comes when Stripe has forgotten the idempotency keys."""
    real_call, made = gateway.call, []

    def lossy(function, *args, **params):
        answer = real_call(function, *args, **params)
        name = function.__qualname__
        if name.split(".")[-1] in ("create", "update", "finalize_invoice", "pay") and name not in made:
            made.append(name)
            raise gateway.StripeUnavailable
        return answer

    monkeypatch.setattr(gateway, "call", lossy)
    for _ in range(8):
        try:
            customer.change("growth", "year")
        except gateway.StripeUnavailable:
            pass
        customer.pass_time(2 * DAY if is_late else HOUR)
        if is_late:
            customer.world.book.replies.clear()
        overage.report_all()
    assert len(made) == 5, made
    assert customer.row.plan == "growth" and invoiced(customer) == [CENTS["starter"]]
    assert customer.is_sound()


def test_what_is_used_while_an_upgrade_waits_for_its_confirmation_is_invoiced_once(customer, world):
    """H2, H22: from the click until the payer confirms nothing is reported, as the change would lose it."""
    overage.report_all()
    world.book.asks_confirmation = True
    url = subscriptions.change(customer.row, "person", "growth", "year")
    customer.tell()
    use_beyond(customer, CREDITS)
    customer.pass_time(HOUR)
    overage.report_all()
    world.stub.press(url.removeprefix(world.stub.address) + "/confirm", {})
    world.book.asks_confirmation = False
    customer.tell()
    overage.report_all()
    assert customer.row.plan == "growth"
    customer.until(customer.ends + 60)
    overage.report_all()
    assert sorted(invoiced(customer)) == [CENTS["starter"]] * 2


def test_while_an_invoice_of_overage_is_unpaid_no_dearer_plan_is_sold(customer, world):
    """H2: the card pays the small difference, and not what is owed."""
    customer.change("growth")
    invoices = world.book.list_all("invoices", customer=customer.customer_id)
    (invoice,) = [row for row in invoices if customer.overage_lines(row)]
    invoice |= {"status": "open", "amount_paid": 0}
    with pytest.raises(subscriptions.InvoiceUnpaid):
        customer.change("scale")
    assert customer.row.plan == "growth"
    with world.book.change():
        world.trade.pay(invoice)
    customer.tell()
    customer.change("scale")
    assert customer.row.plan == "scale"


def test_an_invoice_of_overage_gives_no_credits_and_is_for_nobody_s_plan(customer):
    """H1, H20"""
    customer.change("growth")
    before = int(customer.counter.granted), customer.unused
    overage_charge = next(row for row in customer.charges if row["amount"] == CENTS["starter"])
    customer.refund(overage_charge)
    assert (int(customer.counter.granted), customer.unused) == before


def test_a_report_that_was_lost_before_the_turn_is_invoiced_at_its_price_after_it(buyer, world, monkeypatch):
    """H2, H7: it did not arrive, and the meter has the next plan's price."""
    customer = beyond_scale(buyer, world, monkeypatch)
    customer.change("starter")
    customer.until(customer.ends - HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(meter, "report", failing(gateway.StripeUnavailable))
        overage.report_all()
    customer.until(customer.ends + 2 * HOUR)
    end_period(customer)
    assert invoiced(customer) == [CENTS["scale"]]
