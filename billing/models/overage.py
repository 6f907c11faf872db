"""How much overage Stripe's meter was told of, by workspace and period."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from accounts.models.handling import BILLING
from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Credits, Moment


class ReportedOverage(dynamo.Row):
    """How much overage of a period Stripe's meter was told of."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("reported")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose overage it is", BILLING)
    period = declared(UnicodeAttribute(range_key=True), "the hour the period starts on", BILLING)
    credits = declared(Credits(default=0), "whole credits told of", BILLING)
    telling = declared(Credits(default=0), "whole credits being told of, with what was told before", BILLING)
    told = declared(Moment(default=0), "when they were last told of", BILLING)
    moment = declared(Moment(default=0), "the time that the report under way gives for them", BILLING)
    failing = declared(Moment(default=0), "since when reports of them fail; 0: they do not", BILLING)
    invoicing = declared(UnicodeAttribute(default=""), "at which plan's price they are invoiced instead", BILLING)
    invoiced = declared(Credits(default=0), "of the credits told of, those invoiced apart from the meter", BILLING)


def find(workspace_id: str, period: str) -> ReportedOverage | None:
    """What was told of a period; None before anything was."""
    return ReportedOverage.find(workspace_id, period)


def of_workspace(workspace_id: str) -> Iterator[ReportedOverage]:
    """What was told of each period of a workspace."""
    return ReportedOverage.query(workspace_id, consistent_read=True)


def failing() -> Iterator[ReportedOverage]:
    """The rows of reports that fail, of every workspace."""
    return ReportedOverage.scan(ReportedOverage.failing > 0, consistent_read=True)


def get_or_create(workspace_id: str, period: str) -> ReportedOverage:
    """The row of a period, made where there is none."""
    if row := ReportedOverage.find(workspace_id, period):
        return row
    row = ReportedOverage(workspace_id, period, credits=0, telling=0, told=0)
    if row.save_if(ReportedOverage.is_absent()):
        return row
    return ReportedOverage.require(workspace_id, period)


def unchanged(row: ReportedOverage) -> Condition:
    """The condition that nobody has reported anything since a row was read."""
    return (ReportedOverage.telling == row.telling) & (ReportedOverage.credits == row.credits)


def invoice_instead(row: ReportedOverage, plan: str) -> bool:
    """Have credits invoiced at a plan's price instead of reported; False where the row is not as it was read."""
    return row.update_if(unchanged(row), invoicing=plan)


def mark_failing(row: ReportedOverage, now: float) -> None:
    """Write down that a report fails, and since when, where it did not fail before."""
    row.update_if((ReportedOverage.failing == 0) | ReportedOverage.failing.does_not_exist(), failing=now)


def settle(row: ReportedOverage, now: float, invoiced: int) -> None:
    """Write down that what was being told of is told, `invoiced` credits of it apart from the meter."""
    row.update_if(ReportedOverage.credits == row.credits, credits=row.telling, told=now, failing=0, invoiced=invoiced)
