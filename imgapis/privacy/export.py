"""The export of a workspace or a person: one zip, streamed, each table as JSON lines and CSV; no file is kept (P17)."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from imgapis.base import csv_lines
from imgapis.base.dynamo import Row, declaration_of
from imgapis.privacy import portability, registry, schemas

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CHUNK = 65_536
README = """Everything img apis holds about {subject}, without secrets.

Each table is here twice: NAME.jsonl has one JSON object a line, NAME.csv the same as a table.
NAME.schema.json is the JSON Schema (2020-12) of one such object: the type of every field, the unit of every number,
why it is kept and how long. Times are seconds since 1970, UTC.
In CSV, a text that a spreadsheet would take for a formula begins with an apostrophe.
Credits are counted in halves.
The folder leave-us has the sources, presets and settings as imgproxy and imagor take them.
Pictures are not here: they are made of your own originals.
Invoices are in Stripe's portal. Image addresses are not kept, so none can be listed.
"""


class Sink(io.RawIOBase):
    """The buffer the zip is written to: not seekable, emptied by `take`."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: "ReadableBuffer") -> int:
        """Buffer some bytes; returns how many."""
        before = len(self._held)
        self._held += data
        return len(self._held) - before

    def take(self) -> bytes:
        """The bytes written since the last call."""
        data, self._held = bytes(self._held), bytearray()
        return data


def stream(kind: str, subject_id: str) -> Iterator[bytes]:
    """The zip of a `workspace` or a `person`, piece by piece, whatever its size; rows are read as they are written."""
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in _files(kind, subject_id):
            with archive.open(name, "w", force_zip64=True) as file:
                for line in lines:
                    file.write(line.encode())
                    if len(sink._held) >= CHUNK:
                        yield sink.take()
            yield sink.take()
    yield sink.take()


def exported(row: type[Row]) -> list[str]:
    """The attributes of a table that an export holds."""
    return [name for name, attribute in row.get_attributes().items() if declaration_of(attribute).exported]


def _files(kind: str, subject_id: str) -> Iterator[tuple[str, Iterable[str]]]:
    yield "README.txt", [README.format(subject=f"the {kind} {subject_id}")]
    for holding in registry.HOLDINGS:
        find, names = registry.find(kind, holding), exported(holding.row)
        if find is None or not names:
            continue
        table = holding.row.Meta.table_name.partition("-")[2]
        yield f"{table}.schema.json", [json.dumps(schemas.of_table(holding.row, names), indent=1)]
        yield f"{table}.jsonl", (json.dumps(_values(row, names), ensure_ascii=False) + "\n" for row in find(subject_id))
        yield f"{table}.csv", _csv(names, (_values(row, names) for row in find(subject_id)))
    if kind == "workspace":
        yield from portability.files(subject_id)


def _values(row: Row, names: list[str]) -> dict:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return int(value) if isinstance(value, float) and value == int(value) else value


def _csv(names: list[str], rows: Iterable[dict]) -> Iterator[str]:
    yield csv_lines.line(names)
    for values in rows:
        yield csv_lines.line(_cell(values[name]) for name in names)


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
