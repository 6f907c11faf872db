"""How long outputs live by their sources: the ttl of each, and what the Cache-Control of its server says."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.models import Source

SHORTEST_SECONDS = 60  # whatever an origin says: each new output is charged
LONGEST_SECONDS = 365 * 86_400


@dataclass(frozen=True)
class Lifetime:
    """What a source says of its outputs: the seconds they live at most (0: as others do), the moment before which those
    that were made had ended by an earlier ttl (seconds since 1970), and whether its server's Cache-Control counts."""

    ttl: int = 0
    fresh_since: float = 0.0
    obeys_origin: bool = False


def of_source(row: Source) -> Lifetime:
    """What a named source says."""
    return Lifetime(int(row.ttl), float(row.fresh_since), bool(row.origin_cache_control))


def shortest_ttl(lifetimes: Iterable[Lifetime]) -> int:
    """The shortest ttl of some sources; 0 where none has one."""
    return min((each.ttl for each in lifetimes if each.ttl), default=0)


def fresh_after(lifetimes: Iterable[Lifetime], now: float) -> float:
    """The moment after which an output of all these sources must have been made; 0 where none says."""
    return max((max(each.fresh_since, now - each.ttl if each.ttl else 0.0) for each in lifetimes), default=0.0)


def within_origins(seconds: int, origins: Iterable[int | None]) -> int:
    """A life of `seconds` within what origins allow (None: they do not say), but not below SHORTEST_SECONDS."""
    allowed = min((each for each in origins if each is not None), default=seconds)
    return min(seconds, max(SHORTEST_SECONDS, allowed))


def fresh_since(before: Lifetime, ttl: int, now: float) -> float:
    """`fresh_since` of a source whose ttl is changed now: what has ended stays ended, whatever follows."""
    if ttl == before.ttl:
        return before.fresh_since
    shorter = min(before.ttl or LONGEST_SECONDS, ttl or LONGEST_SECONDS)
    return max(before.fresh_since, now - shorter)
