"""What a month was paid for and a year takes over stays that of its own invoice, when money goes back (H20)."""

import pytest

from billing.plans import catalogue
from tests.billing.buying import DAY, HOUR

STARTER, GROWTH = catalogue.of("starter").halves, catalogue.of("growth").halves
ROUNDING = 60  # half-credits: Stripe gives back whole cents


@pytest.fixture
def yearly(customer):
    """A workspace on Starter that has begun a year of Growth some hours into its month."""
    customer.pass_time(3 * HOUR)
    customer.change("growth", "year")
    assert customer.unused == GROWTH
    return customer


def test_a_refunded_year_leaves_what_the_month_was_paid_for(yearly):
    """H20: the money of the month stays paid, as the year's beginning gave it back; its credits were gone, and 402."""
    yearly.refund(yearly.charges[-1])
    assert abs(yearly.unused - STARTER * (1 - 3 / 720)) < 2 * ROUNDING and yearly.is_sound()


def test_a_refunded_month_takes_its_credits_out_of_the_year_that_took_them_over(yearly):
    """H20: nothing was taken, as the month's counter was empty; Stripe had given its money to the year already."""
    refund = yearly.refund(yearly.charges[0])
    assert abs(yearly.unused - (GROWTH - STARTER)) < STARTER * 4 / 720 + ROUNDING and yearly.is_sound()
    yearly.settle_refund(refund, "failed")
    assert yearly.unused == GROWTH and yearly.is_sound()


def test_both_refunded_leave_nothing(yearly):
    for charge in yearly.charges:
        yearly.refund(charge)
    assert yearly.unused <= 2 and yearly.is_sound()


def test_a_month_refunded_in_part_before_the_year_is_whole_when_its_refund_fails(customer):
    """H20"""
    refund = customer.refund(customer.charges[0], 950)
    customer.pass_time(3 * HOUR)
    customer.change("growth", "year")
    assert abs(customer.unused - (GROWTH - STARTER // 2)) < 4 * ROUNDING
    customer.settle_refund(refund, "failed")
    assert abs(customer.unused - GROWTH) < 4 * ROUNDING and customer.is_sound()


def test_of_two_invoices_of_a_month_each_refund_takes_its_part(customer):
    """H20: Starter, then Growth, then a year of Scale."""
    customer.change("growth")
    customer.pass_time(3 * HOUR)
    customer.change("scale", "year")
    before = customer.unused
    customer.refund(customer.charges[1])
    assert abs(before - customer.unused - (GROWTH - STARTER)) < GROWTH / 200
    customer.refund(customer.charges[0])
    assert abs(before - customer.unused - GROWTH) < GROWTH / 200 and customer.is_sound()


def test_what_was_used_of_the_month_is_not_taken_of_the_year(customer):
    """H20"""
    assert customer.use(STARTER // 2) == STARTER // 2
    customer.pass_time(15 * DAY)
    customer.change("growth", "year")
    before = customer.unused
    customer.refund(customer.charges[0])
    assert 0 <= before - customer.unused <= STARTER // 2 + ROUNDING and customer.is_sound()


def test_a_dispute_of_the_month_that_is_won_gives_the_year_its_credits_back(yearly):
    """H20"""
    book, trade = yearly.world.book, yearly.world.trade
    with book.change():
        dispute = trade.dispute(yearly.charges[0], yearly.charges[0]["amount"])
    yearly.tell()
    assert yearly.unused < GROWTH - STARTER // 2
    for status in ("won", "won"):
        with book.change():
            trade.close_dispute(dispute, status)
        yearly.tell()
        assert yearly.unused == GROWTH and yearly.is_sound()
