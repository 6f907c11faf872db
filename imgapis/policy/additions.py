"""What is kept beside what the policy names (P02), read from the tables' own declarations: none is forgotten."""

import re
from dataclasses import dataclass

from imgapis import tables

# Tables that hold what P02, P03 and P04 name; every other table is an addition and is listed on /privacy by itself.
NAMED = {"Person", "EmailClaim", "Workspace", "Member", "Invite", "Source", "Event", "Rollup", "Counter"}
# Attributes that are worth a line of their own: the law asks for the first, the second tells whether a key is in use.
ALSO = {"adult_confirmed", "last_used_day"}
WHOSE = {"Person": "Of you", "Workspace": "Of a workspace", "Invite": "Of an invitation", "ApiKey": "Of an API key"}
IDS = re.compile(r" ?\((?:[A-Z][0-9]{1,2}(?:, )?)+\)")


@dataclass(frozen=True)
class Addition:
    """A table, or an attribute, that the policy's own list does not name: what it is, and how long it is kept."""

    what: str
    until: tuple[str, ...]


def every() -> list[Addition]:
    """Every addition: attributes first, then whole tables."""
    rows = [row for row in tables.registered() if row.__name__ not in NAMED]
    return [*_attributes(), *(Addition(_sentence(row), _retentions(row)) for row in rows)]


def _attributes() -> list[Addition]:
    """What secures the policy's own tables, and the attributes of `ALSO` wherever they are."""
    found = []
    for row in tables.registered():
        for name, attribute in row.get_attributes().items():
            kept = getattr(attribute, "kept", None)
            if kept and (name in ALSO or (row.__name__ in NAMED and kept.category == "security")):
                purpose = IDS.sub("", kept.purpose)
                found.append(Addition(f"{WHOSE.get(row.__name__, row.__name__)}: {purpose}.", (kept.retention,)))
    return found


def _sentence(row) -> str:
    return IDS.sub("", " ".join(row.__doc__.split()))


def _retentions(row) -> tuple[str, ...]:
    declared = [attribute.kept.retention for attribute in row.get_attributes().values() if hasattr(attribute, "kept")]
    return tuple(dict.fromkeys(declared))
