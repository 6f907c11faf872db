"""The times of a GIF's frames: hundredths of a second, none so short that browsers slow it down."""

from collections.abc import Sequence

UNIT = 10  # ms
SHORTEST, LONGEST = 2, 65_535  # hundredths of a second
UNSAID = 100  # ms that browsers give a frame without a time


def shown(durations: Sequence[int]) -> list[tuple[int, int]]:
    """(index, hundredths of a second) of the frames to write, from durations in ms.

    All of them last as long as all of `durations`, to a hundredth. Frames that are faster than the shortest time are
    merged into the first of them; the last frame is always shown, unless there is time for one alone.
    """
    slots: list[tuple[int, int]] = []
    first = total = written = 0
    last = len(durations) - 1
    for index, duration in enumerate(durations):
        total += duration or UNSAID
        length = (total + UNIT // 2) // UNIT - written
        if first < index and length >= 2 * SHORTEST:
            slots += [(first, SHORTEST), (index, length - SHORTEST)]
        elif length >= SHORTEST:
            slots.append((index if index == last and slots else first, length))
        elif index == last:
            slots = _with_last(slots, last, length)
        else:
            continue
        written += length
        first = index + 1
    return slots


def _with_last(slots: list[tuple[int, int]], last: int, length: int) -> list[tuple[int, int]]:
    """The slots and the last frame, for which less than the shortest time is left."""
    if not slots:
        return [(0, SHORTEST)]
    before, available = slots[-1]
    if available + length >= 2 * SHORTEST:
        return [*slots[:-1], (before, available + length - SHORTEST), (last, SHORTEST)]
    return [*slots[:-1], (last if len(slots) > 1 else before, available + length)]


def pieces(hundredths: int) -> list[int]:
    """A time in as few parts as a file can hold, each about as long as the others."""
    count = -(-hundredths // LONGEST)
    return [hundredths * (part + 1) // count - hundredths * part // count for part in range(count)]
