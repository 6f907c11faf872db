"""The arithmetic of a period's half-credits: pure, whole numbers, nothing below zero."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Balance:
    """`base`: the plan's; `extra`: given beside it, below 0 where more was taken back; `room`: overage allowed, with
    what was sold, or below 0 what a cap withholds; `used`: charged; `sold`: overage that later credits do not undo. All
    in half-credits."""

    base: int
    extra: int = 0
    room: int = 0
    used: int = 0
    sold: int = 0

    @property
    def included(self) -> int:
        """What the plan and grants include."""
        return self.base + self.extra

    @property
    def granted(self) -> int:
        """What may be charged at all: always `used + left`."""
        return self.included + self.room

    @property
    def left(self) -> int:
        """What can still be charged."""
        return self.granted - self.used

    @property
    def unused(self) -> int:
        """What is paid for and not used."""
        return max(0, self.included + self.sold - self.used)

    @property
    def beyond(self) -> int:
        """What was used beyond all of it at the present price, and would be undone by more credits."""
        return max(0, self.used - self.included - self.sold)

    @property
    def overage(self) -> int:
        """What was used beyond the included credits, at whatever price: this is sold by the thousand."""
        return self.sold + self.beyond

    def with_allowance(self, allowance: int) -> "Balance":
        """With a plan's allowance: the difference more at once, never less within a period."""
        return replace(self, base=max(self.base, allowance))

    def with_grant(self, halves: int) -> "Balance":
        """With a grant beside the plan."""
        return replace(self, extra=self.extra + halves)

    def with_deduction(self, halves: int) -> "Balance":
        """With as much of `halves` taken back as is not used yet."""
        return replace(self, extra=self.extra - min(halves, self.unused))

    def with_room(self, room: int) -> "Balance":
        """With another `room` beyond what is included; what is used already stays allowed."""
        return replace(self, room=max(room, self.used - self.included))
