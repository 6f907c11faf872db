"""Everything that is stored, read raw: every table, every object, every file; and which marks are in it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imgapis.base import buckets, dynamo

# What is not searched, and why. Nothing else is passed over.
EXEMPT = {
    "dynamodb": "the database engine's own file: its tables are read through the engine",
    "seaweedfs": "the bucket engine's own files: its objects are read through the engine",
    "bucket": "the same, in the tests",
    "dynamodb.log": "the engine's own log: on this machine it stands for Amazon's",
    "seaweedfs.log": "the same: it stands for Cloudflare's, and for the customer's own storage, whose key ids it names",
    "engines": "programs, fetched and unchanged",
    "samples": "the photographs of the demo",
}
# The mailbox of this machine represents the person's own, which no erasure reaches.
MAILBOX = "file mail/"


@dataclass(frozen=True)
class MarkFound:
    """A mark where it may not be: the place (a table, an object, a file) and the mark's name."""

    place: str
    mark: str


def ends_by_itself(finding: MarkFound) -> bool:
    """Whether a finding is the address of a person without an account who requested a code: no erasure covers it, and
    the rows of the code and of its mail expire by themselves."""
    return finding.mark == "stranger" and finding.place.endswith(("-codes", "-outbox"))


def tables(prefix: str) -> Iterator[tuple[str, bytes]]:
    """Every row of every table of the prefix, whether or not a model knows it, a page at a time."""
    client = dynamo.connection().client
    for page in client.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if name.startswith(prefix + "-"):
                for rows in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
                    yield f"table {name}", json.dumps(rows["Items"], default=_plain, ensure_ascii=False).encode()


def _plain(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def objects(since: float) -> Iterator[tuple[str, bytes]]:
    """Every output stored since a time (seconds since 1970): its name, its metadata and its bytes."""
    for name in buckets.list_keys(since):
        stored = buckets.get(name)
        if stored:
            yield f"object {name}", name.encode() + json.dumps(stored.metadata).encode() + stored.body


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below some folders, the exempt ones apart: its name and its bytes."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not EXEMPT.keys() & set(name.parts):
                try:
                    yield f"file {name}", str(name).encode() + path.read_bytes()
                except FileNotFoundError:
                    continue  # shipped and gone


def find(places: Iterable[tuple[str, bytes]], marks: dict[str, bytes]) -> list[MarkFound]:
    """Every mark in every place, each once."""
    findings = [MarkFound(place, name) for place, content in places for name, mark in marks.items() if mark in content]
    return list(dict.fromkeys(findings))
