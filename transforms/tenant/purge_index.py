"""An index of purge rules (at most a thousand) by which the purge time of a picture is looked up."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.models import PurgeRule

Names = tuple[str, ...]


@dataclass(frozen=True)
class PurgeIndex:
    """Purge times (seconds since 1970) by what they invalidate: everything, a source by its id, one operation, or
    every picture of an original whose identity starts with a prefix."""

    everything: float
    sources: dict[str, float]
    operations: dict[Names, float]
    prefixes: tuple[tuple[Names, float], ...]

    def before(self, identity: Names, originals: Iterable[Names]) -> float:
        """The newest purge time that applies to an operation on these originals; 0 where none does."""
        moments = [self.everything, self.operations.get(identity, 0.0)]
        for names in originals:
            if names[0] == "source":
                moments.append(self.sources.get(names[1], 0.0))
            moments += [moment for prefix, moment in self.prefixes if has_prefix(names, prefix)]
        return max(moments)


def has_prefix(names: Names, prefix: Names) -> bool:
    """Whether an original is under a prefix: the same source, whatever its revision, and the start of its path; or the
    start of its URL."""
    same = names[0] == prefix[0] and (names[0] == "url" or names[1] == prefix[1])
    return same and names[-1].startswith(prefix[-1])


def build(rules: Iterable[PurgeRule]) -> PurgeIndex:
    """The index of rules. `names` of a rule are the canonical operation (url), the original's name (prefix), or the
    source's id (source)."""
    everything = 0.0
    sources: dict[str, float] = {}
    operations: dict[Names, float] = {}
    prefixes: dict[Names, float] = {}
    for rule in rules:
        names, moment = tuple(rule.names), float(rule.moment)
        if rule.scope == "workspace":
            everything = max(everything, moment)
        elif rule.scope == "source":
            sources[names[0]] = max(sources.get(names[0], 0.0), moment)
        else:
            moments = operations if rule.scope == "url" else prefixes
            moments[names] = max(moments.get(names, 0.0), moment)
    return PurgeIndex(everything, sources, operations, tuple(prefixes.items()))
