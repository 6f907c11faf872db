"""Presets, by workspace and name."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import declared
from imgapis.base.measures import Moment
from transforms.models.handling import ACCOUNT


class Preset(dynamo.Row):
    """A named set of parameters."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("presets")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose preset it is", ACCOUNT)
    name = declared(UnicodeAttribute(range_key=True), "is what addresses say", ACCOUNT)
    values = declared(
        JSONAttribute(), "the parameters it stands for, as texts by long-lived name", ACCOUNT, shape=shapes.TEXT_BY_NAME
    )
    saved = declared(Moment(), "when it was last changed", ACCOUNT)


def of_workspace(workspace_id: str) -> list[Preset]:
    """Every preset, by name."""
    return list(Preset.query(workspace_id, consistent_read=True))


def find(workspace_id: str, name: str) -> Preset | None:
    """One preset."""
    return Preset.find(workspace_id, name)
