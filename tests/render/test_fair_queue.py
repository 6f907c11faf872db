"""Waiting work begins by deficit round robin: each workspace the same number of pixels a round (H13)."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from transforms.render.fair_queue import FairQueue

QUANTUM = 100


def anybody(workspace: str) -> bool:
    return True


def filled(**costs: list[int]) -> FairQueue:
    """A queue with an item (workspace, number, cost) for each cost."""
    queue = FairQueue(QUANTUM)
    for workspace, own in costs.items():
        for number, cost in enumerate(own):
            queue.put(workspace, cost, (workspace, number, cost))
    return queue


def drained(queue: FairQueue, may_start=anybody) -> list[tuple[str, int, int]]:
    items = []
    while (item := queue.take(may_start)) is not None:
        items.append(item)
    return items


def test_a_light_job_goes_before_the_heavy_ones_that_came_earlier():
    queue = filled(heavy=[5_000] * 8)
    assert queue.take(anybody)[0] == "heavy"
    queue.put("light", 50, ("light", 0, 50))
    assert queue.take(anybody)[0] == "light"


def test_who_sends_much_gets_no_more_than_who_sends_little():
    order = [item[0] for item in drained(filled(crowd=[QUANTUM] * 50, few=[QUANTUM] * 3))]
    assert order[:6].count("few") == 3


def test_who_may_not_start_now_keeps_its_place():
    queue = filled(first=[10], second=[10])
    assert [item[0] for item in drained(queue, lambda workspace: workspace == "second")] == ["second"]
    assert [item[0] for item in drained(queue)] == ["first"] and len(queue) == 0


def test_a_job_that_left_is_not_begun():
    queue = filled(one=[10, 20])
    item = queue.take(anybody)
    assert not queue.remove("one", item) and queue.count("one") == 1
    (rest,) = queue.clear()
    assert rest == ("one", 1, 20) and len(queue) == queue.count("one") == 0


@given(
    st.dictionaries(
        st.sampled_from("abcde"), st.lists(st.integers(1, 1_000), min_size=1, max_size=30), min_size=2, max_size=5
    )
)
def test_while_all_wait_each_has_had_the_same_pixels_within_a_round(costs):
    """No workspace is ahead of another by more than a quantum and its largest job; each in its own order, none lost."""
    queue, had, largest = filled(**costs), Counter(), max(max(own) for own in costs.values())
    begun = []
    while all(queue.count(workspace) for workspace in costs):
        begun.append(queue.take(anybody))
        had[begun[-1][0]] += begun[-1][2]
        assert max(had[name] for name in costs) - min(had[name] for name in costs) <= 2 * (QUANTUM + largest)
    begun += drained(queue)
    for workspace, own in costs.items():
        assert [item for item in begun if item[0] == workspace] == [(workspace, n, cost) for n, cost in enumerate(own)]
