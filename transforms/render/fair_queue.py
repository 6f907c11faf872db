"""The order in which waiting work begins: deficit round robin between workspaces (Shreedhar and Varghese, 1995)."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
QUANTUM = 1_000_000  # pixels that each workspace may have worked on in a round
# What a second of a render process counts as. Whole decodings and encodings on one core do 23 (PNG) to 50 million
# pixels, reduced JPEGs up to 170: at the low end, so that ordinary work costs no more than its estimate.
PIXELS_PER_SECOND = 20_000_000


@dataclass
class _Line(Generic[T]):
    """What waits of one workspace, oldest first, and the pixels it may still have in this round; below zero where it
    has had more than its share."""

    items: deque[tuple[int, T]] = field(default_factory=deque)
    deficit: int = 0


@dataclass
class _Work:
    """An item that has begun: whose, when (seconds of the queue's clock), and the pixels charged for it so far."""

    workspace: str
    began: float
    charged: int


class FairQueue(Generic[T]):
    """Items of several workspaces, each with its cost in pixels. In every round each workspace is given the same number
    of pixels, so that one that sends much, or heavy work, waits for itself. Not safe for threads by itself.

    The cost given is an estimate, charged when the item begins. What it takes of a process counts at PIXELS_PER_SECOND:
    time beyond the estimate is charged while it runs, and `end` corrects the charge either way. What a workspace owes
    is paid by the rounds of the others, and by the time in which nothing waits.
    """

    def __init__(self, quantum: int = QUANTUM, clock: Callable[[], float] = time.monotonic):
        self._quantum = quantum
        self._clock = clock
        self._lines: OrderedDict[str, _Line[T]] = OrderedDict()  # in the order of their turns
        self._debts: dict[str, int] = {}  # pixels owed by workspaces that have nothing waiting
        self._at_work: dict[T, _Work] = {}
        self._count = 0
        self._empty_since = clock()

    def __len__(self) -> int:
        return self._count

    def count(self, workspace: str) -> int:
        """How many items of a workspace wait."""
        line = self._lines.get(workspace)
        return len(line.items) if line else 0

    def put(self, workspace: str, cost: int, item: T) -> None:
        """Add an item of `cost` pixels behind the others of its workspace."""
        self._forgive_idle_time()
        if workspace not in self._lines:
            self._lines[workspace] = _Line(deficit=-self._debts.pop(workspace, 0))
        self._lines[workspace].items.append((cost, item))
        self._count += 1

    def take(self, may_start: Callable[[str], bool]) -> T | None:
        """The next item of the workspaces that may start one now; None where there is none. The caller ends it."""
        lines = [(workspace, line) for workspace, line in self._lines.items() if may_start(workspace)]
        if not lines:
            return None
        self._charge_overtime()
        # The rounds in which nobody could have begun anything are gone through at once.
        rounds = min(self._rounds_missing(line) for _, line in lines)
        for _, line in lines:
            line.deficit += rounds * self._quantum
        self._forgive(rounds * self._quantum)
        workspace, line = next(pair for pair in lines if not self._rounds_missing(pair[1]))
        cost, item = line.items.popleft()
        self._begin(workspace, line, item, cost)
        return item

    def take_from(self, workspace: str, choose: Callable[[list[T]], tuple[T, int] | None]) -> T | None:
        """The item that `choose` takes of those of a workspace, out of its turn, and charged with the cost that comes
        with it: what the workspace has had beyond its share it waits for afterwards. None where it takes none."""
        line = self._lines.get(workspace)
        choice = choose([item for _, item in line.items]) if line else None
        if line is None or choice is None:
            return None
        item, cost = choice
        line.items.remove(next(entry for entry in line.items if entry[1] is item))
        self._begin(workspace, line, item, cost)
        return item

    def _begin(self, workspace: str, line: _Line[T], item: T, cost: int) -> None:
        """Charge an item that has just left its line."""
        line.deficit -= cost
        self._at_work[item] = _Work(workspace, self._clock(), cost)
        self._lines.move_to_end(workspace)  # also where it may have more in this round: one of each at a time
        self._shorten(workspace, line)

    def end(self, item: T) -> None:
        """An item that was taken is done: its workspace is charged for the time it took instead of its estimate."""
        work = self._at_work.pop(item, None)
        if work is not None:
            self._forgive_idle_time()
            self._charge(work.workspace, self._used(work) - work.charged)

    def remove(self, workspace: str, item: T) -> bool:
        """Take a waiting item out; False where it does not wait any more."""
        line = self._lines.get(workspace)
        if line is None:
            return False
        entry = next((entry for entry in line.items if entry[1] is item), None)
        if entry is None:
            return False
        line.items.remove(entry)
        self._shorten(workspace, line)
        return True

    def clear(self) -> list[T]:
        """Remove everything that waits; what was there."""
        items = [item for line in self._lines.values() for _, item in line.items]
        self._lines.clear()
        self._count = 0
        self._empty_since = self._clock()
        return items

    def _shorten(self, workspace: str, line: _Line[T]) -> None:
        """An item has left a line. What an empty one has left is lost, or it could save up while it asks for nothing;
        what it owes is kept."""
        self._count -= 1
        if not self._count:
            self._empty_since = self._clock()
        if not line.items:
            del self._lines[workspace]
            self._charge(workspace, -line.deficit)

    def _charge(self, workspace: str, pixels: int) -> None:
        """Count pixels more, or fewer, against the share of a workspace."""
        if line := self._lines.get(workspace):
            line.deficit -= pixels
            return
        debt = self._debts.pop(workspace, 0) + pixels
        if debt > 0:
            self._debts[workspace] = debt

    def _charge_overtime(self) -> None:
        """Charge what is at work for the time it has taken beyond its estimate."""
        for work in self._at_work.values():
            overtime = max(0, self._used(work) - work.charged)
            if overtime:
                self._charge(work.workspace, overtime)
                work.charged += overtime

    def _used(self, work: _Work) -> int:
        """Pixels that the time of an item counts as."""
        return round((self._clock() - work.began) * PIXELS_PER_SECOND)

    def _forgive_idle_time(self) -> None:
        """Where nothing waits: let the time since that began, or since this was last done, pay what is owed."""
        if not self._count:
            now = self._clock()
            self._forgive(round((now - self._empty_since) * PIXELS_PER_SECOND))
            self._empty_since = now

    def _forgive(self, pixels: int) -> None:
        """Let who has nothing waiting owe so many pixels less."""
        self._debts = {workspace: debt - pixels for workspace, debt in self._debts.items() if debt > pixels}

    def _rounds_missing(self, line: _Line[T]) -> int:
        """In how many rounds the first item of a line can begin."""
        return math.ceil(max(0, line.items[0][0] - line.deficit) / self._quantum)
