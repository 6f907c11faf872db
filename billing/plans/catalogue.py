"""The plans: one frozen catalogue of what each costs and allows. Prices are US cents, tax apart."""

from dataclasses import dataclass

from accounts.workspaces import entitlements
from accounts.workspaces.entitlements import Limits

FREE = "free"
HALVES = 2  # in a credit


@dataclass(frozen=True)
class Plan:
    """A plan: `credits` a month, `monthly` and `yearly` prices in cents, `overage` in cents per 1,000 credits beyond
    them (None where the plan sells none), and its limits. A yearly plan has its credits month by month too."""

    tier: str
    title: str
    credits: int
    monthly: int
    yearly: int
    overage: int | None
    limits: Limits

    @property
    def halves(self) -> int:
        """The half-credits of a month."""
        return self.credits * HALVES

    @property
    def paid(self) -> bool:
        """Whether it costs anything."""
        return self.monthly > 0

    def price(self, interval: str) -> int:
        """Cents a `month` or a `year`."""
        return {"month": self.monthly, "year": self.yearly}[interval]

    @property
    def overage_price(self) -> int:
        """Cents per 1,000 credits beyond the plan's. ValueError for a plan that sells none."""
        if self.overage is None:
            raise ValueError(f"The plan {self.title} sells no credits beyond its own.")
        return self.overage

    def overage_cents(self, halves: int) -> int:
        """What half-credits beyond the plan's cost, rounded down to the cent."""
        return halves * (self.overage or 0) // (1_000 * HALVES)

    def overage_halves(self, cents: int) -> int:
        """The half-credits beyond the plan's that an amount pays for, never more; 0 where none are sold."""
        return cents * 1_000 * HALVES // self.overage if self.overage else 0


CATALOGUE: dict[str, Plan] = {
    plan.tier: plan
    for plan in (
        Plan(FREE, "Free", entitlements.STARTING_HALVES // HALVES, 0, 0, None, entitlements.STARTING),
        Plan("starter", "Starter", 20_000, 1_900, 19_000, 120, Limits(5, 10, 5, 50, 8, 90)),
        Plan("growth", "Growth", 120_000, 7_900, 79_000, 90, Limits(10, 25, 15, 100, 16, 180)),
        Plan("scale", "Scale", 600_000, 29_900, 299_000, 60, Limits(25, 100, 50, 250, 32, 400)),
    )
}
TIERS = tuple(CATALOGUE)
INTERVALS = ("month", "year")


def of(tier: str) -> Plan:
    """The plan of a tier. KeyError for a name that is none."""
    return CATALOGUE[tier]


def tier_of_product(product_id: str) -> str:
    """The tier that a product of ours at Stripe sells; the free one for any other product."""
    tier = product_id.removeprefix("imgapis_")
    return tier if tier in CATALOGUE else FREE


def cheapest_for(credits: int) -> Plan:
    """The plan whose month costs least for a number of credits, what goes beyond it counted at its overage price."""
    candidates = [plan for plan in CATALOGUE.values() if plan.credits >= credits or plan.overage is not None]
    return min(candidates, key=lambda plan: (cost_of(plan, credits), plan.credits))


def cost_of(plan: Plan, credits: int) -> int:
    """Cents of a month with a number of credits used; a plan that sells no more stops at its own."""
    return plan.monthly + plan.overage_cents(max(0, credits - plan.credits) * HALVES)
