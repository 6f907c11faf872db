"""A bill in a few numbers, for the pages that show one at a glance."""

from billing.charging.summary import Summary
from billing.money import dollars
from imgapis.base import clock
from telemetry.display import credits_of

Number = tuple[str, str, str]


def allowance(summary: Summary) -> list[Number]:
    """(name, value, remark): what is used of the allowance, what is left, and where it is heading."""
    rows = [
        ("Credits used", credits_of(summary.used), f"of {credits_of(summary.included)} in the plan"),
        ("Left", credits_of(summary.left), f"until {clock.day(summary.period.ends)}"),
    ]
    if summary.forecast is None:
        return [*rows, ("Forecast", "–", "after the first day")]
    return [*rows, ("Forecast", credits_of(summary.forecast), "by then, if it goes on so")]


def numbers(summary: Summary) -> list[Number]:
    """The allowance, and what is paid or capped beside it."""
    rows = allowance(summary)
    if summary.plan.overage is not None:
        remark = "" if summary.forecast_cents is None else f"{dollars(summary.forecast_cents)} by then"
        rows.append(("Overage so far", dollars(summary.overage_cents), remark))
    if summary.day_limit is not None:
        rows.append(("Today", credits_of(summary.day_used), f"of {credits_of(summary.day_limit)}, the cap of the day"))
    return rows
