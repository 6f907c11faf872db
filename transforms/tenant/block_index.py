"""An index of what staff have blocked in a workspace, by which an original is looked up."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.models import BlockRule
from transforms.tenant import places


@dataclass(frozen=True)
class BlockIndex:
    """`places` of single originals, `prefixes` of places, and names of `sources`."""

    places: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()

    def has(self, place: str, source: str) -> bool:
        """Whether an original is blocked, by where it lies and by the name of its source, empty for a full URL."""
        return place in self.places or source in self.sources or place.startswith(self.prefixes)


def build(rules: Iterable[BlockRule]) -> BlockIndex:
    """The index of rules. `places` of a rule are where the originals lie, or what their places begin with."""
    rules = list(rules)
    return BlockIndex(
        frozenset(places.canonical(place) for rule in rules if rule.scope == "picture" for place in rule.places),
        tuple(places.canonical(place) for rule in rules if rule.scope != "picture" for place in rule.places),
        frozenset(rule.target for rule in rules if rule.scope == "source"),
    )
