"""The cache of outputs: the memory of one worker, then the bucket; two TTLs, the expiry compared on every read."""

import hashlib
import logging
import math
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache
from django.conf import settings

from imgapis.base import buckets, clock
from imgapis.base.buckets import BucketError, StoredObject
from transforms.engine import version

YEAR_SECONDS = 365 * 86400
DAY_SECONDS = 86400
FAULT_SECONDS = 60  # the life of a grid that lacks a source which may be back at any moment
MEMORY_SECONDS = 60.0
SKEW_SECONDS = 60.0  # how far the clocks of two servers may be apart
log = logging.getLogger("imgapis.cache")


@dataclass(frozen=True)
class CachedOutput:
    """A finished output. `stored`, `expires` and `known_purge` (the newest purge it was made after) are seconds since
    1970; `digest` is of its bytes; `prints` are keyed digests of the bytes it was made from, one for each original, for
    one that a grid dropped of those it was last shown with, empty where they are not known; `engine` is the version
    that drew it; `is_vector`: its source is a drawing, which fills any box."""

    body: bytes
    content_type: str
    digest: str
    stored: float
    expires: float
    source_size: str = ""
    warnings: str = ""
    composed: str = ""
    prints: str = ""
    known_purge: float = 0.0
    engine: int = version.NEWEST
    is_vector: bool = False

    @property
    def seconds(self) -> int:
        """How long it lives, in whole seconds."""
        return int(self.expires) - int(self.stored)

    def outlives(self, purged_before: float, engine: int = 0) -> bool:
        """Whether it is of an engine that new, and newer than a purge, which may have been timed by another server's
        clock: one that was made knowing the purge is newer whatever the clocks say, any other by more than they may be
        apart (H15)."""
        if self.engine < engine:
            return False
        return self.known_purge >= purged_before or self.stored > purged_before + SKEW_SECONDS


def new_output(body: bytes, content_type: str, seconds: int, moment: float | None = None, **facts: Any) -> CachedOutput:
    """An entry with a TTL of `seconds` from `moment`, when reading its source began (None: now). `facts`
    are further fields of CachedOutput. Moments are cut to the millisecond, so that their second is the claim's."""
    stored_at = math.floor(1_000 * (clock.now() if moment is None else moment)) / 1_000
    return CachedOutput(body, content_type, digest_of(body), stored_at, float(int(stored_at) + seconds), **facts)


def digest_of(body: bytes) -> str:
    """The value of the strong ETag: the first 128 bits of SHA-256 of the bytes, in hex."""
    return hashlib.sha256(body).hexdigest()[:32]


class MemoryCache:
    """Entries of the last minute, bounded in bytes; the least recently used are evicted first."""

    def __init__(self, most_bytes: int):
        self._lock = threading.Lock()
        self._entries: TTLCache[str, CachedOutput] = TTLCache(
            most_bytes, MEMORY_SECONDS, timer=lambda: clock.monotonic(), getsizeof=lambda entry: len(entry.body)
        )

    def get(self, key: str, purged_before: float = 0.0, engine: int = 0) -> CachedOutput | None:
        """The entry of a key, if it was put within the last minute and is neither expired nor purged, nor of an older
        engine."""
        with self._lock, suppress(KeyError):  # one that ends at this moment raises it too
            entry = self._entries[key]
            if entry.expires > clock.now() and entry.outlives(purged_before, engine):
                return entry
            del self._entries[key]
        return None

    def put(self, key: str, entry: CachedOutput) -> None:
        """Store an entry, unless its body is larger than an eighth of the capacity."""
        if len(entry.body) > self._entries.maxsize // 8:
            return
        with self._lock:
            self._entries[key] = entry

    def clear(self) -> None:
        """Remove every entry."""
        with self._lock:
            self._entries.clear()


memory = MemoryCache(settings.MEMORY_CACHE_BYTES)


def path(folder: str, key: str, seconds: int) -> str:
    """The key of an output in the bucket: hex digests only, under the TTL prefix of the lifecycle rule (K9)."""
    return f"{'1d' if seconds == DAY_SECONDS else '365d'}/{folder}/{key}"


def read(folder: str, key: str, seconds: int, purged_before: float = 0.0, engine: int = 0) -> CachedOutput | None:
    """The entry from the bucket; None where it is absent, expired, purged (K5), altered, of an engine older than
    `engine`, or the bucket does not answer (K7)."""
    try:
        stored_object = buckets.get(path(folder, key, seconds))
    except BucketError:
        log.warning("cache_read_failed")
        return None
    entry = _parsed(stored_object) if stored_object else None
    if entry is None or entry.expires <= clock.now() or not entry.outlives(purged_before, engine):
        return None
    if entry.digest != digest_of(entry.body):
        return None
    memory.put(key, entry)
    return entry


def write(folder: str, key: str, seconds: int, entry: CachedOutput) -> None:
    """Store an entry in memory and in the bucket; a bucket error is logged and never fails the response."""
    memory.put(key, entry)
    metadata = {"digest": entry.digest, "stored": f"{entry.stored:.3f}", "expires": str(int(entry.expires))}
    metadata |= {"source-size": entry.source_size, "warnings": entry.warnings, "composed": entry.composed}
    metadata |= {"prints": entry.prints, "purge": repr(entry.known_purge)}
    metadata |= {"vector": "1"} if entry.is_vector else {}
    try:
        buckets.put(
            path(folder, key, seconds),
            StoredObject(entry.body, entry.content_type, {**metadata, "engine": str(entry.engine)}),
        )
    except BucketError:
        log.warning("cache_write_failed")


def facts(folder: str, key: str, seconds: int, purged_before: float = 0.0, engine: int = 0) -> CachedOutput | None:
    """An output in the bucket without its bytes, expired or not; None where it is absent, purged or of an engine older
    than `engine`, or the bucket does not answer."""
    try:
        metadata = buckets.facts(path(folder, key, seconds))
    except BucketError:
        log.warning("cache_read_failed")
        return None
    entry = _parsed(StoredObject(b"", "", metadata)) if metadata else None
    return None if entry is None or not entry.outlives(purged_before, engine) else entry


def _parsed(stored_object: StoredObject) -> CachedOutput | None:
    metadata = stored_object.metadata
    try:
        stored, expires = float(metadata["stored"]), float(metadata["expires"])
        composed = metadata.get("composed", "")
        if is_partial(composed) and expires - stored > DAY_SECONDS:  # from when a grid's faults were kept for a year
            expires = float(int(stored) + FAULT_SECONDS)
        return CachedOutput(
            stored_object.body,
            stored_object.content_type,
            metadata["digest"],
            stored,
            expires,
            metadata.get("source-size", ""),
            metadata.get("warnings", ""),
            composed,
            metadata.get("prints", ""),
            float(metadata.get("purge", 0)),
            int(metadata.get("engine", 1)),
            metadata.get("vector") == "1",
        )
    except (KeyError, ValueError):
        return None


def is_partial(composed: str) -> bool:
    """Whether a grid lacks some of its sources, as `4/5` says."""
    used, _, count = composed.partition("/")
    return used != count
