"""What a plan would cost is shown before it is chosen, to the cent and the day."""

import pytest

from billing.money import dollars
from billing.plans import catalogue, offers
from billing.plans.periods import Terms
from imgapis.base import clock

START, END = clock.moment_of_hour("2026-11-01T00"), clock.moment_of_hour("2026-12-01T00")
MIDDLE = (START + END) / 2
GROWTH = Terms("growth", 240_000, START, END, "month")
YEARLY = Terms("growth", 240_000, START, clock.moment_of_hour("2027-11-01T00"), "year")


def offer_of(terms: Terms, tier: str, interval: str = "month", now: float = MIDDLE):
    """The offer of a plan."""
    return next(offer for offer in offers.of(terms, now) if (offer.plan.tier, offer.interval) == (tier, interval))


@pytest.mark.parametrize(
    ("terms", "tier", "interval", "kind", "cents"),
    [
        (Terms(), "free", "month", "current", 0),
        (Terms(), "starter", "month", "begin", 1_900),
        (Terms(), "scale", "year", "begin", 299_000),
        (GROWTH, "growth", "month", "current", 0),
        (GROWTH, "scale", "month", "upgrade", 11_000),  # half of 299 less half of 79
        (GROWTH, "scale", "year", "upgrade", 299_000 - 3_950),
        (GROWTH, "growth", "year", "later", 0),
        (GROWTH, "starter", "month", "later", 0),
        (GROWTH, "free", "month", "free", 0),
        (YEARLY, "scale", "month", "later", 0),  # a paid year is not given up for a month
    ],
)
def test_each_choice_says_when_it_begins_and_what_is_paid_now(terms, tier, interval, kind, cents):
    offer = offer_of(terms, tier, interval)
    assert (offer.kind, offer.cents, offer.starts) == (kind, cents, terms.end if kind in ("later", "free") else 0)


def test_what_is_set_to_follow_is_marked():
    terms = Terms("growth", 240_000, START, END, "month", next_plan="free")
    assert offer_of(terms, "free").kind == "scheduled" and offer_of(terms, "growth").kind == "current"


def test_the_sentence_names_the_amount_and_the_day():
    assert "$110 now" in offers.sentence(offer_of(GROWTH, "scale"), GROWTH)
    assert "2026-12-01" in offers.sentence(offer_of(GROWTH, "starter"), GROWTH)
    assert "nothing is charged" in offers.sentence(offer_of(GROWTH, "free"), GROWTH)


def test_an_upgrade_within_a_year_adds_to_the_running_month_alone():
    """H24, H1: half of a month's difference in the middle of the first month, though most of the year is left."""
    assert offer_of(YEARLY, "scale", "year").halves == (1_200_000 - 240_000) // 2


@pytest.mark.parametrize("moment", [START, MIDDLE, END - 1, END + 500])
def test_an_upgrade_never_costs_less_than_nothing_nor_more_than_its_price(moment):
    for tier in catalogue.TIERS[1:]:
        for interval in catalogue.INTERVALS:
            assert 0 <= offer_of(GROWTH, tier, interval, moment).cents <= catalogue.of(tier).price(interval)


def test_a_period_without_length_breaks_nothing():
    assert offer_of(Terms("growth", 240_000, START, START, "month"), "scale", now=START).cents == 0


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "$0"), (5, "$0.05"), (1_900, "$19"), (1_234_567, "$12,345.67"), (-150, "−$1.50")]
)
def test_money_is_written_from_whole_cents(cents, text):
    assert dollars(cents) == text
