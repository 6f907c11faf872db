"""The order in which waiting work begins: deficit round robin between workspaces (Shreedhar and Varghese, 1995)."""

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
QUANTUM = 1_000_000  # pixels that each workspace may have worked on in a round


@dataclass
class _Line(Generic[T]):
    """What waits of one workspace, oldest first, and the pixels it may still have in this round."""

    items: deque[tuple[int, T]] = field(default_factory=deque)
    deficit: int = 0


class FairQueue(Generic[T]):
    """Items of several workspaces, each with its cost in pixels. In every round each workspace is given the same number
    of pixels, so that one that sends much, or heavy work, waits for itself. Not safe for threads by itself."""

    def __init__(self, quantum: int = QUANTUM):
        self._quantum = quantum
        self._lines: OrderedDict[str, _Line[T]] = OrderedDict()  # in the order of their turns
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def count(self, workspace: str) -> int:
        """How many items of a workspace wait."""
        line = self._lines.get(workspace)
        return len(line.items) if line else 0

    def put(self, workspace: str, cost: int, item: T) -> None:
        """Add an item of `cost` pixels behind the others of its workspace."""
        self._lines.setdefault(workspace, _Line()).items.append((cost, item))
        self._count += 1

    def take(self, may_start: Callable[[str], bool]) -> T | None:
        """The next item of the workspaces that may start one now; None where there is none."""
        lines = [(workspace, line) for workspace, line in self._lines.items() if may_start(workspace)]
        if not lines:
            return None
        # The rounds in which nobody could have begun anything are gone through at once.
        rounds = min(self._rounds_missing(line) for _, line in lines)
        for _, line in lines:
            line.deficit += rounds * self._quantum
        workspace, line = next(pair for pair in lines if not self._rounds_missing(pair[1]))
        cost, item = line.items.popleft()
        line.deficit -= cost
        self._count -= 1
        if not line.items:
            del self._lines[workspace]  # what it has left is lost, or it could save up while it asks for nothing
        elif self._rounds_missing(line):
            self._lines.move_to_end(workspace)
        return item

    def remove(self, workspace: str, item: T) -> bool:
        """Take a waiting item out; False where it does not wait any more."""
        line = self._lines.get(workspace)
        entry = next((entry for entry in line.items if entry[1] is item), None) if line else None
        if entry is None:
            return False
        line.items.remove(entry)
        self._count -= 1
        if not line.items:
            del self._lines[workspace]
        return True

    def clear(self) -> list[T]:
        """Remove everything; what was there."""
        items = [item for line in self._lines.values() for _, item in line.items]
        self._lines.clear()
        self._count = 0
        return items

    def _rounds_missing(self, line: _Line[T]) -> int:
        """In how many rounds the first item of a line can begin."""
        return math.ceil(max(0, line.items[0][0] - line.deficit) / self._quantum)
