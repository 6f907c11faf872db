"""An index of what staff have blocked in a workspace, by which an original is looked up."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.models import BlockRule
from transforms.tenant import purge_index
from transforms.tenant.purge_index import Names


@dataclass(frozen=True)
class BlockIndex:
    """`sources` by their id, `pictures` by source or URL and path, whatever the source's revision, and `prefixes`."""

    sources: frozenset[str] = frozenset()
    pictures: frozenset[Names] = frozenset()
    prefixes: tuple[Names, ...] = ()

    def has(self, original: Names) -> bool:
        """Whether an original, by its identity, is blocked."""
        return (
            (original[0] == "source" and original[1] in self.sources)
            or _without_revision(original) in self.pictures
            or any(purge_index.has_prefix(original, prefix) for prefix in self.prefixes)
        )


def build(rules: Iterable[BlockRule]) -> BlockIndex:
    """The index of rules."""
    names: dict[str, list[Names]] = {"source": [], "picture": [], "prefix": []}
    for rule in rules:
        names[rule.scope] += [tuple(each) for each in rule.names]
    return BlockIndex(
        frozenset(source_id for (source_id,) in names["source"]),
        frozenset(map(_without_revision, names["picture"])),
        tuple(names["prefix"]),
    )


def _without_revision(original: Names) -> Names:
    return original if original[0] == "url" else (*original[:2], original[-1])
