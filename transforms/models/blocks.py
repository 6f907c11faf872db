"""Blocks by staff, by workspace and time."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment


class BlockRule(dynamo.Row):
    """What staff have stopped after a report: no picture of what fits is served, from the cache neither."""

    BLOCK = DataHandling("account", "until it is lifted, or erasure")

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("blocks")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose pictures it stops", BLOCK)
    rule_id = declared(UnicodeAttribute(range_key=True), "orders the blocks by time", BLOCK)
    scope = declared(UnicodeAttribute(), "picture, prefix or source", BLOCK)
    target = declared(UnicodeAttribute(), "what was stopped, as it was written", BLOCK)
    places = declared(
        JSONAttribute(), "where the originals that are stopped lie, or begin to", BLOCK, shape=shapes.TEXTS
    )
    moment = declared(Moment(), "when it was stopped", BLOCK)
    reason = declared(UnicodeAttribute(), "why, as its owner reads it", BLOCK)


def of_workspace(workspace_id: str) -> list[BlockRule]:
    """Every block by staff, oldest first."""
    return list(BlockRule.query(workspace_id, consistent_read=True))
