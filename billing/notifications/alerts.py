"""Alerts: at 50, 80 and 100 % of a period's credits and of a cap, each once a span; looked at after every adding up."""

from dataclasses import dataclass

from accounts.models import workspaces
from billing.charging import counters as credit_counters
from billing.models import Counter
from billing.models import counters as counter_rows
from billing.notifications import notifications
from billing.plans import periods
from imgapis.base import clock
from telemetry.display import decimal_credits

SHARES = (100, 80, 50)


@dataclass(frozen=True)
class Level:
    """How far something is used up, in half-credits: `resource` names it, `span` the period or day, `until` its end."""

    resource: str
    span: str
    used: int
    limit: int
    until: str

    @property
    def share(self) -> int:
        """The highest share reached, 0 for none. With less than a credit left, everything is used."""
        if self.used >= self.limit - 1:
            return SHARES[0]
        return next((share for share in SHARES if self.used * 100 >= self.limit * share), 0)


def check(workspace_id: str) -> int:
    """Write the notices of levels that a workspace has reached and has no notice of; returns how many were written."""
    row = workspaces.find(workspace_id)
    if row is None:
        return 0
    terms, now = periods.terms_of(row), clock.now()
    books = credit_counters.counters_for(terms, now)
    counters = counter_rows.by_name(workspace_id, books.names)
    # The share of an unpaid period grows every day: a notice of it would be false, and missing once the period is paid.
    period_counter = None if books.period.unpaid else counters.get(books.period.name)
    usage_levels = levels(period_counter, counters.get(books.day or ""))
    return sum(_notify(workspace_id, level) for level in usage_levels if level.share)


def levels(period: Counter | None, day: Counter | None) -> list[Level]:
    """What can be used up: the credits of the period, a cap of the period where one ends elsewhere, that of the day."""
    usage_levels = []
    if period is not None:
        used, until = int(period.used), clock.day(float(period.ends or clock.period_end(period.period)))
        included = int(period.granted) - int(period.room)
        of_plan = used - sum((period.sold or {}).values())
        usage_levels.append(Level("allowance", period.period, of_plan, included, until))
        if period.room:
            usage_levels.append(Level("cap", period.period, used, int(period.granted), until))
    if day is not None:
        usage_levels.append(Level("cap", day.period, int(day.used), int(day.granted), "midnight UTC"))
    return [level for level in usage_levels if level.used > 0]


def _notify(workspace_id: str, level: Level) -> bool:
    notice_id = f"{level.span} {level.resource} {level.share}"
    if notifications.get(workspace_id, notice_id):
        return False
    facts = {
        "of": level.resource,
        "share": level.share,
        "span": "period" if "T" in level.span else "day",
        "starts": level.span,
        "used": decimal_credits(level.used),
        "limit": decimal_credits(level.limit),
        "until": level.until,
    }
    return notifications.create(workspace_id, notice_id, "usage", facts)
