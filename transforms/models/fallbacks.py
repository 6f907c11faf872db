"""Fallbacks, by workspace and name."""

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Moment
from transforms.models.handling import ACCOUNT


class Fallback(dynamo.Row):
    """A picture that is sent instead of an error of a source."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("fallbacks")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose fallback it is", ACCOUNT)
    name = declared(UnicodeAttribute(range_key=True), "is what addresses say", ACCOUNT)
    src = declared(UnicodeAttribute(), "which picture it is: a source and a path in it", ACCOUNT)
    status = declared(UnicodeAttribute(default="error"), "the status it is sent with: error or 200", ACCOUNT)
    saved = declared(Moment(), "when it was last changed", ACCOUNT)


def of_workspace(workspace_id: str) -> list[Fallback]:
    """Every fallback, by name."""
    return list(Fallback.query(workspace_id, consistent_read=True))


def find(workspace_id: str, name: str) -> Fallback | None:
    """One fallback."""
    return Fallback.find(workspace_id, name)
