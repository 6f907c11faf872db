"""Latencies as a mergeable histogram: buckets that grow by 4 %, so that a percentile is true within 2 %."""

import math
from collections.abc import Mapping

GROWTH = 1.04
_LOG = math.log(GROWTH)


def bucket(milliseconds: float) -> int:
    """The bucket of a latency; everything below a millisecond is in the first."""
    return 0 if milliseconds < 1 else 1 + int(math.log(milliseconds) / _LOG + 1e-9)


def midpoint(index: int) -> float:
    """The latency a bucket stands for, in milliseconds: within 2 % of every latency in it."""
    return 0.5 if index == 0 else GROWTH ** (index - 1) * 2 * GROWTH / (1 + GROWTH)


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The latency that `share` (0 to 1) of the requests stay within, in milliseconds; None without requests."""
    total = sum(counts.values())
    if not total:
        return None
    rank, cumulative = max(1, math.ceil(share * total)), 0
    for index in sorted(counts):
        cumulative += counts[index]
        if cumulative >= rank:
            return midpoint(index)
    raise AssertionError("the rank is within the total")
