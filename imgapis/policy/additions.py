"""What is stored beyond the policy's own list (P02), read from the tables' declarations, so that none is missing."""

import re
from dataclasses import dataclass

from imgapis.base.dynamo import Row, declaration_of, description_of
from imgapis.tables import row_classes

# Tables that hold what P02, P03 and P04 name; every other table is an addition and is listed on /privacy by itself.
NAMED = {"Person", "EmailClaim", "Workspace", "Member", "Invite", "Source", "Event", "Rollup", "Counter"}
# Attributes that are worth a line of their own: the law requires the first, the second shows whether a key is in use.
ALSO = {"adult_confirmed", "last_used_day"}
WHOSE = {"Person": "Of you", "Workspace": "Of a workspace", "Invite": "Of an invitation", "ApiKey": "Of an API key"}
IDS = re.compile(r" ?\((?:[A-Z][0-9]{1,2}(?:, )?)+\)")


@dataclass(frozen=True)
class Addition:
    """A table, or an attribute, that the policy's own list does not name: what it is, and how long it is kept."""

    what: str
    until: tuple[str, ...]


def list_all() -> list[Addition]:
    """Every addition: attributes first, then whole tables."""
    added = [row_class for row_class in row_classes.registered() if row_class.__name__ not in NAMED]
    return [*_attributes(), *(Addition(_sentence(row_class), _retentions(row_class)) for row_class in added)]


def _attributes() -> list[Addition]:
    """What secures the policy's own tables, and the attributes of `ALSO` wherever they are."""
    found_additions = []
    for row_class in row_classes.registered():
        for name, attribute in row_class.get_attributes().items():
            declaration = declaration_of(attribute)
            if name in ALSO or (row_class.__name__ in NAMED and declaration.category == "security"):
                purpose = IDS.sub("", declaration.purpose)
                found_additions.append(
                    Addition(
                        f"{WHOSE.get(row_class.__name__, row_class.__name__)}: {purpose}.", (declaration.retention,)
                    )
                )
    return found_additions


def _sentence(row_class: type[Row]) -> str:
    return IDS.sub("", description_of(row_class))


def _retentions(row_class: type[Row]) -> tuple[str, ...]:
    retentions = [declaration_of(attribute).retention for attribute in row_class.get_attributes().values()]
    return tuple(dict.fromkeys(retentions))
