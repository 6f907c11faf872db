"""Credits given or taken back beside the plan."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute

from accounts.models.handling import BILLING
from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Halves, Moment


class Grant(dynamo.Row):
    """Half-credits given to a workspace, or taken back, beside its plan: by whom and why."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("grants")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "who got them", BILLING)
    grant_id = declared(UnicodeAttribute(range_key=True), "names the grant", BILLING)
    period = declared(UnicodeAttribute(), "the period they count in", BILLING)
    halves = declared(Halves(), "half-credits; below 0 where they were taken back", BILLING)
    reason = declared(UnicodeAttribute(), "why, in support's own words", BILLING)
    actor = declared(UnicodeAttribute(), "who: opaque", BILLING)
    moment = declared(Moment(), "when", BILLING)


def of_workspace(workspace_id: str) -> Iterator[Grant]:
    """What a workspace was given or had taken back, oldest first."""
    return Grant.query(workspace_id, consistent_read=True)


def find(workspace_id: str, grant_id: str) -> Grant | None:
    """A grant by its id."""
    return Grant.find(workspace_id, grant_id)
