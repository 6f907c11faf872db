"""The mailed links of exports, by the digest of each."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import clock, dynamo
from imgapis.base.dynamo import DataHandling, declared

LINK = DataHandling("security", "one day")


class ExportLink(dynamo.Row):
    """The mailed link of an export: it works for whoever asked for it, signed in, for a day (D10)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("exportlinks")

    digest = declared(
        UnicodeAttribute(hash_key=True),
        "finds the link; the link itself is in the mail alone",
        DataHandling("security", "one day", exported=False),
    )
    person_id = declared(UnicodeAttribute(), "whose link it is: it works for nobody else", LINK)
    kind = declared(UnicodeAttribute(), "workspace or person", LINK)
    subject_id = declared(UnicodeAttribute(), "what is exported", LINK)
    expires = declared(TTLAttribute(), "ends the link", LINK)


def add(row: ExportLink) -> None:
    """Write a new link."""
    row.save(condition=ExportLink.is_absent())


def find_live(digest: str) -> ExportLink | None:
    """The link of a digest, until it ends (TTL only sweeps)."""
    row = ExportLink.find(digest)
    return row if row is not None and row.expires.timestamp() > clock.now() else None
