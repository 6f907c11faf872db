"""What is kept beside what the policy names (P02), read from the tables' own declarations: none is forgotten."""

import re
from dataclasses import dataclass

from imgapis import tables

# Tables that hold what P02, P03 and P04 name; every other table is an addition and is listed on /privacy by itself.
NAMED = {"Person", "EmailClaim", "Workspace", "Member", "Invite", "Source", "Event", "Rollup", "Counter"}
IDS = re.compile(r" ?\((?:[A-Z][0-9]{1,2}(?:, )?)+\)")


@dataclass(frozen=True)
class Addition:
    """A table that the policy's own list does not name: what a row of it is, and how long it is kept."""

    what: str
    until: tuple[str, ...]


def every() -> list[Addition]:
    """Every addition, by the name of its table."""
    rows = [row for row in tables.registered() if row.__name__ not in NAMED]
    return [Addition(_sentence(row), _retentions(row)) for row in rows]


def _sentence(row) -> str:
    return IDS.sub("", " ".join(row.__doc__.split()))


def _retentions(row) -> tuple[str, ...]:
    declared = [attribute.kept.retention for attribute in row.get_attributes().values() if hasattr(attribute, "kept")]
    return tuple(dict.fromkeys(declared))
