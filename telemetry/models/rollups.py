"""What is added up from events (P11): one row a span and Origin."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared

SUMS = DataHandling("telemetry", "until erasure")
LATENCIES = (
    "the number of a bucket and how many requests fell into it, in turn: bucket n is from 1.04^(n-1) to 1.04^n"
    " milliseconds, bucket 0 below one"
)
TEXT = {"type": "string"}
CELL = shapes.row_of(
    operation=TEXT,
    cache=TEXT,
    status=shapes.whole("an HTTP status"),
    requests=shapes.whole("a count"),
    cost=shapes.whole("half-credits"),
    size=shapes.whole("bytes"),
    latencies={"type": "array", "description": LATENCIES},
)
CELLS = {"type": "array", "items": CELL}


class Cells(JSONAttribute):
    """JSON read by orjson: a year of a busy workspace is some megabytes of it."""

    def deserialize(self, value: str) -> Any:
        """The value."""
        return orjson.loads(value)


class Rollup(dynamo.Row):
    """The events of one hour, day or month of a workspace from one Origin, by operation, cache state and status."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("rollups")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose requests they were", SUMS)
    span = declared(UnicodeAttribute(range_key=True), "which hour, day or month, and which Origin", SUMS)
    cells = declared(
        Cells(), "requests, credits, bytes and latencies by operation, cache state, status", SUMS, shape=CELLS
    )


def between(workspace_id: str, first: str, last: str) -> Iterator[Rollup]:
    """The rollups of a workspace whose spans are from `first` to `last`, in order."""
    return Rollup.query(workspace_id, Rollup.span.between(first, last), consistent_read=True)


def replace(workspace_id: str, span: str, cells_by_name: Mapping[str, list[Any]]) -> None:
    """Write the rollups of a span, and delete those it has that are not among them."""
    names = {row.span for row in Rollup.query(workspace_id, Rollup.span.startswith(f"{span} "), consistent_read=True)}
    with Rollup.batch_write() as writer:
        for name, cells in cells_by_name.items():
            writer.save(Rollup(workspace_id, name, cells=cells))
        for name in names - set(cells_by_name):
            writer.delete(Rollup(workspace_id, name))
