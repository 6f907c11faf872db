"""A workspace's bill at a glance: its plan, the period's credits, where they are heading, what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.models import Workspace
from billing.charging import caps, counters
from billing.charging.balance import Balance
from billing.models import counters as counter_rows
from billing.plans import catalogue, periods
from billing.plans.catalogue import Plan
from billing.plans.periods import Period, Terms
from imgapis.base import clock

# Before a day has gone by, a forecast would only repeat its first hour.
EARLIEST_SECONDS = clock.DAY


@dataclass(frozen=True)
class Summary:
    """The running period. Half-credits: `included` is paid for, `room` what may be bought beyond it (below 0: what a
    cap withholds), `used` charged, `day_used` and `day_limit` those of the capped day, `sold` what of the overage was
    used under an earlier plan or before a gift, by the plan of then. `state` is Stripe's word."""

    terms: Terms
    period: Period
    state: str
    now: float
    included: int
    room: int
    used: int
    day_used: int = 0
    day_limit: int | None = None
    sold: Mapping[str, int] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The plan of the period."""
        return catalogue.of(self.period.plan)

    @property
    def left(self) -> int:
        """Half-credits that can still be charged in the period."""
        return max(0, self.included + self.room - self.used)

    @property
    def balance(self) -> Balance:
        """The credits of the period."""
        return Balance(self.included, 0, self.room, self.used, sum(self.sold.values()))

    @property
    def overage(self) -> int:
        """Half-credits used beyond what is paid for."""
        return self.balance.overage

    @property
    def overage_cents(self) -> int:
        """What they cost so far, each at the price of its time."""
        return self._cents_of_sold + self.plan.overage_cents(self.balance.beyond)

    @property
    def _cents_of_sold(self) -> int:
        return sum(catalogue.of(tier).overage_cents(halves) for tier, halves in self.sold.items())

    @property
    def forecast(self) -> int | None:
        """Half-credits used by the period's end if it goes on as it did; None on the first day."""
        elapsed = self.now - self.period.starts
        if elapsed < EARLIEST_SECONDS:
            return None
        return round(self.used * (self.period.ends - self.period.starts) / elapsed)

    @property
    def forecast_cents(self) -> int | None:
        """What overage will cost by then, the cap kept."""
        if self.forecast is None:
            return None
        forecast_overage = min(self.forecast, self.included + max(0, self.room)) - self.included
        beyond = max(0, forecast_overage - self.balance.sold, self.balance.beyond)
        return self._cents_of_sold + self.plan.overage_cents(beyond)

    @property
    def capped(self) -> str:
        """What stops new work now: `period`, `day`, `credits`, `overage_unpaid`, or nothing."""
        if self.left < 1:
            if self.overage_stopped_by and self.room >= 0 and not self.period.unpaid:
                return "overage_unpaid"
            return "period" if self.room else "credits"
        return "day" if self.day_limit is not None and self.day_used >= self.day_limit else ""

    @property
    def unpaid(self) -> bool:
        """Whether the running period of a paid plan has not been paid for."""
        is_cut = self.terms.paid and self.period.plan == catalogue.FREE and self.terms.next_plan != catalogue.FREE
        return self.period.unpaid or self.terms.unpaid_since > 0 or is_cut

    @property
    def overage_stopped_by(self) -> str:
        """Why no overage is sold though it is allowed: an invoice of it is `unpaid`, or its payment `disputed`; empty
        where it is sold, or not allowed."""
        return self.terms.overage_debt if self.terms.overage else ""

    @property
    def following(self) -> str:
        """The plan that is set to follow at the paid period's end, the running one where only its rhythm changes; empty
        where nothing is set."""
        return self.terms.next_plan if self.terms.paid else ""


def of(row: Workspace) -> Summary:
    """The summary of a workspace at this moment, read consistently."""
    terms, now = periods.terms_of(row), clock.now()
    books = counters.counters_for(terms, now)
    rows = counter_rows.by_name(row.workspace_id, books.names)
    counter = rows.get(books.period.name) or counters.new_period_counter(row.workspace_id, books.period, terms)
    balance = counters.balance_at(counter, books.period, terms)
    day = rows.get(books.day) if books.day else None
    return Summary(
        terms=terms,
        period=books.period,
        state=row.billing_state,
        now=now,
        included=balance.included,
        room=balance.room,
        used=balance.used,
        sold=counter.sold or {},
        day_used=int(day.used) if day else 0,
        day_limit=None if books.day is None else int(day.granted) if day else caps.daily_limit(terms, books.period),
    )
