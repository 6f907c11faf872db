"""A round of scheduled work ends at its budget: what is left of it is the next round's."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from imgapis.base import clock

T = TypeVar("T")
UNLIMITED = float("inf")


class Budget:
    """The seconds that a round may last, from when this is made. What has begun is finished, and nothing begun after:
    a round is longer than its budget by one piece of work at most."""

    def __init__(self, seconds: float):
        self._ends = clock.monotonic() + seconds

    def is_over(self) -> bool:
        """Whether the rest is the next round's."""
        return clock.monotonic() >= self._ends

    def within(self, pieces: Iterable[T]) -> Iterator[T]:
        """The pieces of work, one after the other, until the budget is over."""
        for piece in pieces:
            if self.is_over():
                return
            yield piece
