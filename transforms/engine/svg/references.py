"""How far a drawing unfolds: elements refer to others, which are drawn again at every place."""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Part:
    """An element with an id, or the root, with what stands in it down to the next element with one.

    `edges` are what is drawn in it once more: a part that stands in it or the id that it refers to, and how many
    elements deep.
    """

    depth: int
    elements: int = 1
    height: int = 1
    edges: list[tuple["Part | str", int]] = field(default_factory=list)


@dataclass(eq=False)
class _Visit:
    part: Part
    elements: int
    height: int
    next_edge: int = 0


def unfolded(root: Part, by_id: dict[str, Part], most: int) -> tuple[int, int]:
    """How many elements the drawing comes to, `most` at the most, and how deep they lie in each other. What refers to
    itself is drawn nowhere, as in browsers."""
    sums: dict[int, tuple[int, int]] = {}
    visits = [_Visit(root, root.elements, root.height)]
    visited = {id(root)}
    while True:
        visit = visits[-1]
        if visit.next_edge == len(visit.part.edges):
            sums[id(visit.part)] = visit.elements, visit.height
            visits.pop()
            if not visits:
                return visit.elements, visit.height
            continue
        target, offset = visit.part.edges[visit.next_edge]
        other = by_id.get(target) if isinstance(target, str) else target
        if other is not None and id(other) in sums:
            elements, height = sums[id(other)]
            visit.elements = min(most, visit.elements + elements)
            visit.height = max(visit.height, offset + height)
        elif other is not None and id(other) not in visited:
            visited.add(id(other))
            visits.append(_Visit(other, other.elements, other.height))
            continue  # this edge is counted when its target is
        visit.next_edge += 1
