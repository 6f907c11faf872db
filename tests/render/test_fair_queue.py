"""Waiting work begins by deficit round robin: each workspace the same number of pixels a round, and what work really
took is what counts (H13)."""

import heapq
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from transforms.render.fair_queue import PIXELS_PER_SECOND, FairQueue

QUANTUM = 100


def anybody(workspace: str) -> bool:
    return True


def filled(**costs: list[int]) -> FairQueue:
    """A queue with an item (workspace, number, cost) for each cost."""
    queue = FairQueue(QUANTUM, clock=lambda: 0.0)
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


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def worked(queue: FairQueue, clock: Clock, processes: int, until: float, may_start=anybody) -> list[tuple[str, float]]:
    """Work a queue off with so many processes. An item is (workspace, number, the seconds that it really takes); the
    workspace and the moment of each beginning."""
    begun, at_work = [], []
    while clock.now < until:
        while len(at_work) < processes and (item := queue.take(may_start)) is not None:
            begun.append((item[0], clock.now))
            heapq.heappush(at_work, (clock.now + item[2], item))
        if not at_work:
            break
        clock.now, item = heapq.heappop(at_work)
        queue.end(item)
    return begun


def test_who_promises_little_and_runs_until_the_limit_waits_for_as_long_as_it_took():
    """Three workspaces with files that look tiny and take ten seconds each; a neighbour with large pictures."""
    clock = Clock()
    queue = FairQueue(clock=clock)
    for number in range(50):
        for workspace in ("a", "b", "c"):
            queue.put(workspace, 100_000, (workspace, number, 10.0))
        queue.put("neighbour", 50_000_000, ("neighbour", number, 2.5))
    begun = worked(queue, clock, processes=2, until=200.0)
    used = Counter()
    for workspace, _ in begun:
        used[workspace] += 2.5 if workspace == "neighbour" else 10.0
    assert next(moment for workspace, moment in begun if workspace == "neighbour") <= 20.0
    assert max(used.values()) - min(used.values()) <= 20.0


def test_one_of_each_workspace_is_begun_at_a_time():
    order = [item[0] for item in drained(filled(a=[1] * 3, b=[1] * 3, c=[1] * 3))]
    assert order == list("abcabcabc")


def test_a_second_one_is_charged_for_the_first_while_that_still_runs():
    clock = Clock()
    queue = FairQueue(clock=clock)
    for number in range(2):
        queue.put("endless", 1, ("endless", number, 10.0))
    assert queue.take(anybody)[0] == "endless"
    queue.put("neighbour", 30_000_000, ("neighbour", 0, 1.0))
    clock.now = 5.0
    assert queue.take(anybody)[0] == "neighbour"


def test_what_took_less_than_its_estimate_is_charged_no_more_than_it_took():
    clock = Clock()
    queue = FairQueue(clock=clock)
    for number in range(3):
        queue.put("quick", 40_000_000, ("quick", number, 0.1))
        queue.put("other", 2_000_000, ("other", number, 0.1))
    begun = [workspace for workspace, _ in worked(queue, clock, processes=1, until=100.0)]
    assert begun == ["other", "other", "other", "quick", "quick", "quick"]
    queue.put("quick", 40_000_000, ("quick", 3, 0.1))
    queue.put("other", 2_000_000, ("other", 3, 0.1))
    assert queue.take(anybody)[0] == "other"  # what is left is not saved up


def owing(clock: Clock) -> FairQueue:
    """A queue in which one workspace has taken ten seconds for nothing."""
    queue = FairQueue(clock=clock)
    queue.put("endless", 1, ("endless", 0, 10.0))
    item = queue.take(anybody)
    clock.now += 10.0
    queue.end(item)
    return queue


def test_what_is_owed_outlasts_an_empty_line():
    queue = owing(Clock())
    queue.put("endless", 1, ("endless", 1, 10.0))
    queue.put("neighbour", 50_000_000, ("neighbour", 0, 1.0))
    assert queue.take(anybody)[0] == "neighbour"


def test_what_is_owed_keeps_nobody_waiting_for_nobody():
    queue = owing(Clock())
    queue.put("endless", 1, ("endless", 1, 10.0))
    assert queue.take(anybody)[0] == "endless"


def test_time_in_which_nothing_waits_pays_what_is_owed():
    clock = Clock()
    queue = owing(clock)
    clock.now += 10.0
    queue.put("endless", 1, ("endless", 1, 10.0))
    queue.put("neighbour", 50_000_000, ("neighbour", 0, 1.0))
    assert queue.take(anybody)[0] == "endless"


def test_the_rounds_of_the_others_pay_what_is_owed():
    queue = owing(Clock())
    for number in range(5):
        queue.put("neighbour", PIXELS_PER_SECOND * 2, ("neighbour", number, 2.0))
        queue.take(anybody)
    queue.put("neighbour", 1_000_000, ("neighbour", 5, 2.0))
    queue.put("endless", 1, ("endless", 1, 10.0))
    queue.put("larger", 50_000_000, ("larger", 0, 1.0))
    assert {queue.take(anybody)[0], queue.take(anybody)[0]} == {"neighbour", "endless"}


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(1, 20_000_000), st.integers(1, 100)), min_size=40, max_size=120
    )
)
def test_while_all_wait_each_has_had_the_same_time_whatever_was_promised(jobs):
    """No workspace is ahead of another by more than a quantum, its largest estimate and its longest job."""
    clock = Clock()
    queue, had = FairQueue(clock=clock), Counter()
    for number, (workspace, promised, tenths) in enumerate(jobs):
        queue.put(workspace, promised, (workspace, number, tenths / 10))
    names = {workspace for workspace, _, _ in jobs}
    bound = 1_000_000 + max(promised for _, promised, _ in jobs) + PIXELS_PER_SECOND * max(t for _, _, t in jobs) / 10
    while all(queue.count(workspace) for workspace in names):
        item = queue.take(anybody)
        clock.now += item[2]
        queue.end(item)
        had[item[0]] += item[2] * PIXELS_PER_SECOND
        assert max(had[name] for name in names) - min(had[name] for name in names) <= 2 * bound


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
