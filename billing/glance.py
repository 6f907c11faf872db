"""A bill in a few numbers, for the pages that show one at a glance."""

from billing.money import dollars
from billing.summary import Summary
from imgapis.base import clock
from telemetry.shown import credits_of

Number = tuple[str, str, str]


def allowance(found: Summary) -> list[Number]:
    """(name, value, remark): what is used of the allowance, what is left, and where it is heading."""
    told = [
        ("Credits used", credits_of(found.used), f"of {credits_of(found.included)} in the plan"),
        ("Left", credits_of(found.left), f"until {clock.day(found.period.ends)}"),
    ]
    if found.forecast is None:
        return [*told, ("Forecast", "–", "after the first day")]
    return [*told, ("Forecast", credits_of(found.forecast), "by then, if it goes on so")]


def numbers(found: Summary) -> list[Number]:
    """The allowance, and what is paid or capped beside it."""
    told = allowance(found)
    if found.plan.overage is not None:
        remark = "" if found.forecast_cents is None else f"{dollars(found.forecast_cents)} by then"
        told.append(("Overage so far", dollars(found.overage_cents), remark))
    if found.day_limit is not None:
        told.append(("Today", credits_of(found.day_used), f"of {credits_of(found.day_limit)}, the cap of the day"))
    return told
