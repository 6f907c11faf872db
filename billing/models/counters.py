"""The half-credits of a workspace in a period, and on a capped day."""

from collections.abc import Iterable, Iterator

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from accounts.models.handling import BILLING
from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Halves, Moment


class Counter(dynamo.Row):
    """The half-credits of one workspace in one period, or on one day where a day is capped: always
    `granted = used + left`, and in a period `granted = base + extra + room`."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("counters")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose credits they are", BILLING)
    period = declared(UnicodeAttribute(range_key=True), "the hour the period starts on, or the day", BILLING)
    granted = declared(Halves(), "half-credits that may be charged at all", BILLING)
    used = declared(Halves(default=0), "half-credits charged", BILLING)
    left = declared(Halves(), "half-credits that can still be charged", BILLING)
    base = declared(Halves(null=True), "half-credits of the plan", BILLING)
    extra = declared(Halves(default=0), "half-credits given or taken back beside it", BILLING)
    room = declared(Halves(default=0), "half-credits of overage allowed; below 0, what a cap withholds", BILLING)
    sold = declared(
        JSONAttribute(null=True),
        "half-credits used beyond an earlier plan's or before a gift, by the plan of then",
        BILLING,
        shape=shapes.NUMBER_BY_NAME,
    )
    ends = declared(Moment(null=True), "when the period ends", BILLING)
    plan = declared(UnicodeAttribute(default="free"), "the plan of the period", BILLING)
    expires = declared(TTLAttribute(null=True), "ends the row of a day", DataHandling("billing", "400 days"))

    @property
    def is_day(self) -> bool:
        """Whether it counts a capped day."""
        return "T" not in self.period


def find(workspace_id: str, period: str) -> Counter | None:
    """The counter of a period, read consistently."""
    return Counter.find(workspace_id, period)


def by_name(workspace_id: str, names: Iterable[str]) -> dict[str, Counter]:
    """The counters of some periods and days, those that there are, read consistently."""
    keys = [(workspace_id, name) for name in names]
    return {row.period: row for row in Counter.batch_get(keys, consistent_read=True)}


def periods(workspace_id: str) -> Iterator[Counter]:
    """Every period of a workspace, oldest first; days are none."""
    return (row for row in Counter.query(workspace_id, consistent_read=True) if not row.is_day)
