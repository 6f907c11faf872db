"""A workspace that is deleted before its period is paid: the period gave nothing, and nobody is charged for it (H6)."""

import pytest

from billing.charging import cap_settings
from billing.charging.caps import Cap
from billing.stripe import closing, gateway, overage
from tests.billing.buying import DAY, HOUR

CREDITS, CENTS = 100_000, 12_000  # beyond the plan, at Starter's price


@pytest.fixture
def unpaid(customer):
    """A workspace on Starter that used credits beyond its plan, which were reported, and whose renewal was refused."""
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    cap_settings.change(customer.workspace_id, "x", "period", Cap("off", 0))
    assert customer.use(int(customer.counter.base) + 2 * CREDITS)
    overage.report(customer.workspace_id, customer.customer_id)
    customer.world.book.refuses_cards = True
    customer.until(customer.ends + HOUR + 60)
    assert customer.row.billing_state == "past_due"
    return customer


def states(customer) -> list[tuple[str, int]]:
    """(state, cents) of the invoices, but for the first."""
    rows = customer.world.book.list_all("invoices", customer=customer.customer_id)
    return sorted((row["status"], row["total"]) for row in rows if row["billing_reason"] != "subscription_create")


def end(customer) -> None:
    closing.end_subscriptions(customer.workspace_id, customer.customer_id)
    customer.tell()


@pytest.mark.parametrize("days", [0, 5, 9])
def test_a_month_that_nobody_paid_is_not_collected_after_the_end(customer, days):
    """H6: Stripe was asked to go on collecting the whole month of a workspace that was gone, and had given nothing."""
    customer.world.book.refuses_cards = True
    customer.until(customer.ends + 60)
    customer.pass_time(days * DAY)
    end(customer)
    assert states(customer) == [("void", 1_900)] and not closing.unclosed_invoices(customer.customer_id)


def test_one_that_is_a_draft_yet_is_not_charged(customer):
    """H6: within the hour before Stripe charges a renewal."""
    customer.until(customer.ends + 60)
    invoice = customer.world.book.list_all("invoices", customer=customer.customer_id)[0]
    invoice |= {"status": "draft", "auto_advance": True, "attempt_count": 0}
    end(customer)
    assert states(customer) == [("void", 1_900)]


def test_what_was_used_beyond_the_plan_is_invoiced_all_the_same(unpaid):
    """H2: it stood on the same invoice."""
    unpaid.world.book.refuses_cards = False
    for _ in range(2):
        end(unpaid)
    assert states(unpaid) == [("paid", CENTS), ("void", CENTS + 1_900)]


@pytest.mark.parametrize("call", ["update", "void_invoice", "create", "finalize_invoice", "pay"])
def test_a_lost_answer_at_any_call_bills_it_once(unpaid, monkeypatch, call):
    """H2, D4"""
    unpaid.world.book.refuses_cards = False
    real_call, lost = gateway.call, []

    def lossy(function, *args, **params):
        answer = real_call(function, *args, **params)
        if function.__qualname__ == f"InvoiceService.{call}" and not lost:
            lost.append(call)
            raise gateway.StripeUnavailable
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "call", lossy)
        with pytest.raises(gateway.StripeUnavailable):
            end(unpaid)
    unpaid.pass_time(2 * DAY)
    end(unpaid)
    assert states(unpaid) == [("paid", CENTS), ("void", CENTS + 1_900)] and lost


def test_one_that_is_being_paid_at_this_moment_is_billed_as_it_is(unpaid, monkeypatch):
    """H2: nothing of it twice."""
    real_call = gateway.call

    def refuse_void(function, *args, **params):
        if function.__name__ == "void_invoice":
            raise gateway.StripeRefused
        return real_call(function, *args, **params)

    monkeypatch.setattr(gateway, "call", refuse_void)
    end(unpaid)
    assert states(unpaid) == [("open", CENTS + 1_900)]
