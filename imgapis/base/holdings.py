"""Which rows of a table belong to a workspace or a person: for the export and the erasure alike."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from imgapis.base.dynamo import Row

SomeRow = TypeVar("SomeRow", bound=Row)
Find = Callable[[str], Iterable[SomeRow]]


@dataclass(frozen=True)
class Holding(Generic[SomeRow]):
    """One table. `of_workspace` and `of_person` find the rows of an id; `exempt` says why nothing of it is anybody's,
    or why it stays. `detach` takes somebody out of a row that is not
    simply deleted, and returns False where it had nothing to do."""

    row: type[SomeRow]
    of_workspace: Find[SomeRow] | None = None
    of_person: Find[SomeRow] | None = None
    detach: Callable[[SomeRow], object] | None = None
    exempt: str = ""


def by_hash_key(row_class: type[SomeRow]) -> Find[SomeRow]:
    """The rows whose hash key is the id."""
    return lambda owner: row_class.query(owner, consistent_read=True)


def by_attribute(row_class: type[SomeRow], name: str) -> Find[SomeRow]:
    """The rows whose attribute `name` is the id: a full scan, because an index is only eventually consistent."""
    return lambda owner: row_class.scan(getattr(row_class, name) == owner, consistent_read=True)


def by_prefix(row_class: type[SomeRow], name: str) -> Find[SomeRow]:
    """The rows in which an attribute begins with the id and a space."""
    return lambda owner: row_class.scan(getattr(row_class, name).startswith(f"{owner} "), consistent_read=True)


def by_suffix(row_class: type[SomeRow], name: str) -> Find[SomeRow]:
    """The rows in which an attribute ends with a space and the id."""

    def find(owner: str) -> Iterable[SomeRow]:
        candidates = row_class.scan(getattr(row_class, name).contains(owner), consistent_read=True)
        return (row for row in candidates if getattr(row, name).endswith(f" {owner}"))

    return find
