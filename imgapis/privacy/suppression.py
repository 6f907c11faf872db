"""The suppression list: the ids of what was erased, in the bucket, where no restored table takes it back."""

from collections.abc import Iterator

from imgapis.base import buckets
from imgapis.base.buckets import StoredObject

SUPPRESSED = "suppressed/"  # in the bucket: no restored table takes it back


def suppress(kind: str, subject_id: str) -> None:
    """Put an opaque id on the suppression list. Raises BucketError."""
    buckets.put(f"{SUPPRESSED}{kind}/{subject_id}", StoredObject(b"erased", "text/plain", {}))


def suppressed() -> Iterator[tuple[str, str]]:
    """(kind, id) of everything on the suppression list. Raises BucketError."""
    for name in buckets.list_keys(prefix=SUPPRESSED):
        kind, _, subject_id = name.removeprefix(SUPPRESSED).partition("/")
        yield kind, subject_id
