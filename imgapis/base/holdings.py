"""Which rows of a table belong to a workspace or a person: for the export and the erasure alike."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from imgapis.base.dynamo import Row

Find = Callable[[str], Iterable[Row]]


@dataclass(frozen=True)
class Holding:
    """One table. `of_workspace` and `of_person` find the rows of an id; `exempt` says why nothing of it is anybody's,
    or why it stays. `detach` takes somebody out of a row that is not
    simply deleted, and returns False where it had nothing to do."""

    row: type[Row]
    of_workspace: Find | None = None
    of_person: Find | None = None
    detach: Callable[[Row], object] | None = None
    exempt: str = ""


def by_hash_key(row_class: type[Row]) -> Find:
    """The rows whose hash key is the id."""
    return lambda owner: row_class.query(owner, consistent_read=True)


def by_attribute(row_class: type[Row], name: str) -> Find:
    """The rows whose attribute `name` is the id: a full scan, because an index is only eventually consistent."""
    return lambda owner: row_class.scan(getattr(row_class, name) == owner, consistent_read=True)


def by_prefix(row_class: type[Row], name: str) -> Find:
    """The rows in which an attribute begins with the id and a space."""
    return lambda owner: row_class.scan(getattr(row_class, name).startswith(f"{owner} "), consistent_read=True)


def by_suffix(row_class: type[Row], name: str) -> Find:
    """The rows in which an attribute ends with a space and the id."""

    def find(owner: str) -> Iterable[Row]:
        candidates = row_class.scan(getattr(row_class, name).contains(owner), consistent_read=True)
        return (row for row in candidates if getattr(row, name).endswith(f" {owner}"))

    return find
