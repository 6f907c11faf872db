"""What was used beyond a plan in a period: how many credits, and at which plan's price each is sold."""

from billing.charging import counters
from billing.models import Counter
from billing.plans import catalogue


def used_beyond(counter: Counter) -> int:
    """Whole credits beyond what the plan and grants include; a started one counts when it is whole."""
    return parts(counter)[-1][1]


def parts(counter: Counter) -> list[tuple[str, int]]:
    """What was used beyond the included credits: at which plan's price, and up to how many whole credits of all."""
    balance, sold, halves, bounds = counters.balance_of(counter), dict(counter.sold or {}), 0, []
    if counter.room > 0:
        sold[counter.plan] = sold.get(counter.plan, 0) + balance.beyond
    for plan in sorted(sold, key=list(catalogue.CATALOGUE).index):  # within a period plans only become larger
        halves += sold[plan]
        bounds.append((plan, halves // catalogue.HALVES))
    return bounds or [(counter.plan, 0)]


def owed_cents(counter: Counter) -> int:
    """What a period's credits beyond the plan cost, each at the price of its time; in US cents before tax."""
    cents = before = 0
    for plan, until in parts(counter):
        cents += catalogue.of(plan).overage_cents((until - before) * catalogue.HALVES)
        before = until
    return cents
