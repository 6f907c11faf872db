"""While a change of plan waits, and once a plan is over, overage is invoiced once, at the price of its time (H2)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from billing.charging import cap_settings
from billing.charging.caps import Cap
from billing.models import ReportedOverage
from billing.stripe import closing, customers, gateway, overage, subscriptions, webhooks
from billing.stripe.stripe_facts import ChangeUnconfirmed
from imgapis.base.errors import ApiError
from tests.billing.buying import DAY, HOUR, Customer
from tests.billing.test_overage import failing
from tests.billing.test_overage_changes import CENTS, CREDITS, end_period, invoiced, use_beyond

MINUTE = 60
STARTER = CENTS["starter"]


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter that may buy overage, ten days into its month."""
    customer = Customer(buyer, world, monkeypatch)
    customer.moment += HOUR + 1 - world.book.now() % HOUR  # so that the period here ends with the one at Stripe
    monkeypatch.setattr(customers, "iter_all", lambda: [customers.of_workspace(customer.workspace_id)])
    buy_with_overage(customer)
    customer.pass_time(10 * DAY)
    return customer


def buy_with_overage(customer: Customer, tier: str = "starter") -> None:
    """Buy a plan, and allow any overage."""
    customer.buy(tier)
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    cap_settings.change(customer.workspace_id, "x", "period", Cap("off", 0))


def click(customer: Customer, tier: str = "growth") -> str:
    """Choose a larger plan, whose payment the bank wants confirmed; the address of Stripe's page for it."""
    with asking(customer):
        url = subscriptions.change(customer.row, "person", tier, "month")
    customer.tell()
    return url


@contextmanager
def asking(customer: Customer) -> Iterator[None]:
    """The bank wants the payments inside the block confirmed."""
    customer.world.book.asks_confirmation = True
    try:
        yield
    finally:
        customer.world.book.asks_confirmation = False


def confirm(customer: Customer, url: str) -> None:
    """Confirm the payment at Stripe."""
    customer.world.stub.press(url.removeprefix(customer.world.stub.address) + "/confirm", {})
    customer.tell()


def last_invoice(customer: Customer) -> str:
    """The address of the newest invoice that waits for its payer."""
    invoices = customer.world.book.list_all("invoices", customer=customer.customer_id, status="open")
    return invoices[0]["hosted_invoice_url"]


def late_round(customer: Customer, seconds: float = HOUR) -> None:
    """A round some time later."""
    customer.pass_time(seconds)
    overage.report_all()


def end_plan(customer: Customer) -> None:
    """Cancel the plan: it goes on to the end of the month."""
    subscriptions.cancel(customer.row, "person")
    customer.tell()


@pytest.mark.parametrize("is_cancelled_at_once", [False, True])
def test_what_is_reported_when_no_plan_runs_any_more_is_invoiced(customer, is_cancelled_at_once):
    """H2: news of the end two hours late, and no round meanwhile: it went to a meter that nobody invoices."""
    use_beyond(customer, CREDITS)
    end_plan(customer)
    if is_cancelled_at_once:
        with customer.world.book.change():
            customer.world.trade.end(customer.subscription)
    else:
        customer.pass_time(customer.ends - customer.moment + 2 * HOUR, tell=False)
    customer.tell()
    for _ in range(2):
        late_round(customer)
    assert invoiced(customer) == [STARTER] and customer.row.plan == "free"


@pytest.mark.parametrize("minutes", [58, 110])
def test_a_report_that_was_lost_before_the_plan_s_end_is_invoiced(customer, monkeypatch, minutes):
    """H2, H7: repeated after the last invoice has left, it went to the meter; Stripe is asked first whether it came."""
    use_beyond(customer, CREDITS)
    end_plan(customer)
    customer.until(customer.ends - MINUTE)
    with monkeypatch.context() as patch, suppress(ApiError):
        patch.setattr(overage.meter, "report", failing(gateway.StripeUnavailable))
        overage.report_all()
        customer.pass_time(MINUTE + minutes * MINUTE, tell=False)
    for _ in range(3):
        late_round(customer)
    assert invoiced(customer) == [STARTER]


def test_a_report_whose_answer_was_lost_before_the_plan_s_end_is_not_invoiced_again(customer, monkeypatch):
    """H2, H7"""
    use_beyond(customer, CREDITS)
    end_plan(customer)
    customer.until(customer.ends - MINUTE)
    real_report = overage.meter.report

    def lossy(*args):
        real_report(*args)
        raise gateway.StripeUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(overage.meter, "report", lossy)
        overage.report_all()
    customer.pass_time(MINUTE + 58 * MINUTE)
    for _ in range(3):
        late_round(customer)
    assert invoiced(customer) == [STARTER]


def test_clicks_again_and_again_until_the_plan_is_over_hide_nothing(customer):
    """H2: each click held the reports for 23 hours, the last one beyond the last invoice."""
    use_beyond(customer, CREDITS)
    end_plan(customer)
    while customer.ends - customer.moment > 20 * HOUR:
        click(customer)
        late_round(customer, 20 * HOUR)
    click(customer)
    customer.until(customer.ends - 10 * MINUTE)
    click(customer)
    for _ in range(30):
        late_round(customer)
    assert customer.row.plan == "free" and invoiced(customer) == [STARTER]


def test_what_is_held_for_a_day_is_invoiced_apart(customer):
    """H2: a hold that is renewed by clicks lasted as long as the clicks did."""
    use_beyond(customer, CREDITS)
    for _ in range(4):
        url = click(customer)
        late_round(customer, 11 * HOUR)
    assert invoiced(customer) == [STARTER]
    confirm(customer, url)
    end_period(customer)
    assert customer.row.plan == "growth" and invoiced(customer) == [STARTER]


def test_a_hold_across_the_turn_leaves_what_it_holds_its_price(customer):
    """H2: the click after the turn held what last month's invoice would have taken."""
    customer.until(customer.ends - HOUR)
    use_beyond(customer, CREDITS)
    click(customer)
    customer.until(customer.ends + MINUTE)
    url = click(customer, "scale")
    late_round(customer, 30 * MINUTE)
    assert invoiced(customer) == []
    late_round(customer)
    assert invoiced(customer) == [STARTER]
    confirm(customer, url)
    end_period(customer)
    assert customer.row.plan == "scale" and invoiced(customer) == [STARTER]


def test_a_hold_that_ends_with_the_period_leaves_last_month_s_invoice_what_it_held(customer):
    """H2, H22: Stripe discards a change that waits at the period's end, and the invoice is a draft for an hour."""
    customer.until(customer.ends - 2 * HOUR)
    use_beyond(customer, CREDITS)
    click(customer)
    customer.until(customer.ends + MINUTE)
    assert customer.subscription["pending_update"] is None
    late_round(customer, 15 * MINUTE)
    counted = overage.meter.counted(customer.customer_id, customer.moment - DAY, customer.moment)
    assert counted == CREDITS
    late_round(customer, 2 * HOUR)
    assert invoiced(customer) == [STARTER]


def test_a_second_click_leaves_the_hold(customer):
    """H2, H22: the end of the first change ended the hold of the second, which lost what was reported then."""
    click(customer, "growth")
    url = click(customer, "scale")
    use_beyond(customer, CREDITS)
    late_round(customer)
    confirm(customer, url)
    end_period(customer)
    assert customer.row.plan == "scale" and invoiced(customer) == [STARTER]


def test_a_hold_ends_with_the_change_that_it_was_for(customer):
    """H2: once Stripe has discarded it, reports go on."""
    click(customer)
    use_beyond(customer, CREDITS)
    with customer.world.book.change():
        customer.world.trade.drop_pending_update(customer.subscription)
    customer.tell()
    late_round(customer, 10 * MINUTE)
    assert overage.meter.counted(customer.customer_id, customer.moment - DAY, customer.moment) == CREDITS


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_change_that_waits_is_seen_though_nobody_wrote_it_down(customer, monkeypatch, is_lost):
    """H2, D4: a process that ended once Stripe held the change, or Stripe's answer that was lost, left no hold."""
    real_call = gateway.call

    def lossy(function, *args, **params):
        answer = real_call(function, *args, **params)
        if params.get("payment_behavior") == "pending_if_incomplete":
            raise gateway.StripeUnavailable
        return answer

    def ends(*args, **params) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, asking(customer), pytest.raises((SystemExit, ChangeUnconfirmed)):
        patch.setattr(*((gateway, "call", lossy) if is_lost else (webhooks, "sync_subscription", ends)))
        subscriptions.change(customer.row, "person", "growth", "month")
    customer.tell()
    use_beyond(customer, CREDITS)
    for _ in range(3):
        late_round(customer)
    confirm(customer, last_invoice(customer))
    end_period(customer)
    assert customer.row.plan == "growth" and invoiced(customer) == [STARTER]


def in_between(monkeypatch, module, name: str, act: Callable[[], None]) -> None:
    """Have another thread act, once, while a function of a module is called."""
    real, is_done = getattr(module, name), []

    def interrupted(*args):
        answer = real(*args)
        if not is_done:
            is_done.append(True)
            thread = threading.Thread(target=act)
            thread.start()
            thread.join()
        return answer

    monkeypatch.setattr(module, name, interrupted)


def test_a_round_that_looked_before_a_click_reports_nothing_after_it(customer, monkeypatch):
    """H2: it had passed the hold's check, and its report was lost with the change."""
    use_beyond(customer, CREDITS)
    in_between(monkeypatch, overage, "_free_moment", lambda: click(customer))
    overage.report_all()
    late_round(customer)
    confirm(customer, last_invoice(customer))
    end_period(customer)
    assert customer.row.plan == "growth" and invoiced(customer) == [STARTER]


def test_news_of_a_change_that_is_over_leaves_the_hold_of_one_that_began_meanwhile(customer, monkeypatch):
    """H2, H22: Stripe was looked at before the click, and the hold was shortened after it."""
    in_between(monkeypatch, gateway, "subscription", lambda: click(customer))
    overage.finish_change(customer.workspace_id, customer.customer_id)
    expires = customer.subscription["pending_update"]["expires_at"]
    assert float(customers.of_workspace(customer.workspace_id).reports_from) > expires


def test_a_round_between_two_changes_begins_the_time_of_a_hold_anew(customer):
    """H2: what is used after a change is reported to the meter, however long ago an earlier one was."""
    click(customer)
    with customer.world.book.change():
        customer.world.trade.drop_pending_update(customer.subscription)
    customer.tell()
    late_round(customer)
    customer.pass_time(2 * DAY)
    use_beyond(customer, CREDITS)
    click(customer)
    late_round(customer)
    assert invoiced(customer) == []


def test_what_an_earlier_release_had_begun_to_report_is_invoiced_when_the_plan_is_over(customer, monkeypatch):
    """H2, H7: its rows say nothing of the moment; it was sent to a meter that nobody invoices."""
    use_beyond(customer, CREDITS)
    end_plan(customer)
    with monkeypatch.context() as patch:
        patch.setattr(overage.meter, "report", failing(gateway.StripeUnavailable))
        overage.report_all()
    row = ReportedOverage.get(customer.workspace_id, customer.counter.period)
    row.update(actions=[ReportedOverage.moment.remove(), ReportedOverage.failing.remove()])
    customer.pass_time(customer.ends - customer.moment + 2 * HOUR, tell=False)
    customer.tell()
    late_round(customer)
    assert invoiced(customer) == [STARTER]


def test_an_erasure_while_a_change_waits_invoices_what_is_held(customer):
    """H2"""
    use_beyond(customer, CREDITS)
    click(customer)
    assert closing.end_subscriptions(customer.workspace_id, customer.customer_id) == 1
    assert invoiced(customer) == [STARTER]
