"""What choosing each plan would do, in money and dates, shown before the click: pure arithmetic."""

from dataclasses import dataclass

from billing.money import dollars
from billing.plans import catalogue, periods, proration
from billing.plans.catalogue import Plan
from billing.plans.periods import Terms
from imgapis.base import clock
from telemetry.display import credits_of

SPAN = {"month": "a month", "year": "a year"}


@dataclass(frozen=True)
class Offer:
    """A plan at an interval as it looks from the running one. `kind`: current, begin, upgrade, later, free, scheduled;
    `cents` are charged now, before tax, `halves` half-credits added for them now, where it begins at once; `starts` is
    when it begins, seconds since 1970, 0 for at once."""

    plan: Plan
    interval: str
    kind: str
    cents: int = 0
    starts: float = 0
    halves: int = 0

    @property
    def price(self) -> int:
        """Cents a month or a year."""
        return self.plan.price(self.interval)


def of(terms: Terms, now: float) -> list[Offer]:
    """Every plan we sell, each by the month and by the year, and the free one."""
    paid_choices = [
        (plan, interval) for plan in catalogue.CATALOGUE.values() if plan.paid for interval in catalogue.INTERVALS
    ]
    return [_free(terms), *(_offer(terms, plan, interval, now) for plan, interval in paid_choices)]


def upgrades(terms: Terms, plan: Plan, interval: str) -> bool:
    """Whether a change takes effect at once: to more credits a month, at the same rhythm or from month to year."""
    return plan.credits > catalogue.of(terms.plan).credits and (terms.interval, interval) != ("year", "month")


def prorated(terms: Terms, plan: Plan, interval: str, now: float) -> int:
    """Cents an upgrade costs at once, before tax, as Stripe prorates by the second: the rest of the period at the new
    price less the same rest at the old one; from month to year a whole year, less that rest."""
    remaining, period_seconds = max(0, terms.end - now), max(1, terms.end - terms.start)
    credit = round(catalogue.of(terms.plan).price(terms.interval) * remaining / period_seconds)
    if interval != terms.interval:
        return max(0, plan.price(interval) - credit)
    return max(0, round(plan.price(interval) * remaining / period_seconds) - credit)


def added(terms: Terms, plan: Plan, interval: str, now: float) -> int:
    """Half-credits an upgrade adds at once: to the running month of credits the difference of the plans, in proportion
    to its rest; from month to year the month is a new one, with the larger plan's."""
    if interval != terms.interval:
        return plan.halves
    start, end = periods.month_of(terms.start, terms.end, terms.interval, now)
    return proration.upgrade(catalogue.of(terms.plan).halves, plan.halves, now, start, end)


def _free(terms: Terms) -> Offer:
    free_plan = catalogue.of(catalogue.FREE)
    if not terms.paid:
        return Offer(free_plan, "month", "current")
    return Offer(free_plan, "month", "scheduled" if terms.next_plan == catalogue.FREE else "free", 0, terms.end)


def _offer(terms: Terms, plan: Plan, interval: str, now: float) -> Offer:
    if not terms.paid:
        return Offer(plan, interval, "begin", plan.price(interval), halves=plan.halves)
    if (plan.tier, interval) == (terms.plan, terms.interval):
        return Offer(plan, interval, "current")
    if upgrades(terms, plan, interval):
        cents, halves = prorated(terms, plan, interval, now), added(terms, plan, interval, now)
        return Offer(plan, interval, "upgrade", cents, halves=halves)
    return Offer(plan, interval, "later", 0, terms.end)


def sentence(offer: Offer, terms: Terms) -> str:
    """What the button does, for people: when it begins and what is paid, before tax."""
    if offer.kind == "current":
        return "Your plan."
    end_day = clock.day(terms.end)
    return {
        "begin": lambda: f"Begins at once. {dollars(offer.cents)} now, the same again every {offer.interval}.",
        "upgrade": lambda: _upgrade_sentence(offer, terms),
        "later": lambda: (
            f"Begins on {end_day}, when your paid period ends. Nothing now, then {dollars(offer.price)} "
            f"{SPAN[offer.interval]}."
        ),
        "scheduled": lambda: f"Begins on {end_day}.",
        "free": lambda: f"Your plan goes on until {end_day}; nothing is charged after it.",
    }[offer.kind]()


def _upgrade_sentence(offer: Offer, terms: Terms) -> str:
    """What an upgrade costs and gives now, and then."""
    price, credits = f"{dollars(offer.price)} {SPAN[offer.interval]}", credits_of(offer.halves)
    if offer.interval != terms.interval:
        return (
            f"Begins at once, a new year. About {dollars(offer.cents)} now, its price less the rest of your month, for "
            f"{credits} credits a month; of the first month's, those are taken that you have used ahead of the days."
        )
    return (
        f"Begins at once. About {dollars(offer.cents)} now, the rest of the period less what you have paid, for about "
        f"{credits} credits more until this month of credits ends; then {price} with {offer.plan.credits:,} credits a "
        "month."
    )
