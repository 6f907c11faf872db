"""Turns of work: workspaces in rotation, none with more than it leaves for the others, each in its own order (H13)."""

import threading
from collections import Counter

import pytest

from transforms.serving.scheduling.turns import Turns, WaitedForTurn

SECONDS = 10.0


class Crowd:
    """Threads that each take a turn and hold it until told; `begun` lists whose turns began, in order."""

    def __init__(self, turns: Turns):
        self.turns = turns
        self.begun: list[str] = []
        self.held: dict[str, list[threading.Event]] = {}
        self.threads: list[threading.Thread] = []
        self.changed = threading.Condition()

    def come(self, workspace: str, limit: int = 100) -> None:
        """One more takes a turn; returns once it has it or waits."""
        waited, began = self.turns.waiting(workspace), len(self.begun)
        thread = threading.Thread(target=self._work, args=(workspace, limit))
        self.threads.append(thread)
        thread.start()
        with self.changed:
            while self.turns.waiting(workspace) == waited and len(self.begun) == began:
                self.changed.wait(0.001)

    def _work(self, workspace: str, limit: int) -> None:
        with self.turns.turn(workspace, limit, SECONDS):
            released = threading.Event()
            with self.changed:
                self.held.setdefault(workspace, []).append(released)
                self.begun.append(workspace)
                self.changed.notify_all()
            released.wait(SECONDS)

    def end(self, workspace: str, then: int) -> None:
        """The oldest turn of a workspace ends; returns once `then` turns have begun in all."""
        self.held[workspace].pop(0).set()
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= then, SECONDS)

    def go_home(self) -> None:
        """Let everybody end."""
        while any(thread.is_alive() for thread in self.threads):
            for released in [event for events in self.held.values() for event in events]:
                released.set()
            for thread in self.threads:
                thread.join(0.01)


@pytest.fixture
def crowd():
    crowd = Crowd(Turns(8))
    yield crowd
    crowd.go_home()


def test_a_workspace_never_has_more_at_work_than_its_limit(crowd):
    for _ in range(5):
        crowd.come("narrow", limit=2)
    assert crowd.begun == ["narrow"] * 2 and crowd.turns.waiting("narrow") == 3
    crowd.end("narrow", then=3)
    assert crowd.turns.waiting("narrow") == 2


def test_a_workspace_leaves_as_much_for_the_others_as_it_has(crowd):
    for workspace in ["first"] * 6 + ["second"] * 4 + ["third"] * 2:
        crowd.come(workspace)
    assert Counter(crowd.begun) == {"first": 4, "second": 2, "third": 1}


def test_workspaces_that_wait_take_turns(crowd):
    for workspace in ["first"] * 7 + ["second"] * 5:
        crowd.come(workspace)
    began = len(crowd.begun)
    crowd.end("first", then=began + 1)
    crowd.end("first", then=began + 2)
    assert set(crowd.begun[began:]) == {"first", "second"}


def test_who_has_just_had_a_turn_is_behind_those_that_wait():
    """H24"""
    crowd = Crowd(Turns(2))
    try:
        for workspace in ["x", "y", "first", "first", "second", "second", "third", "third"]:
            crowd.come(workspace)
        for then, workspace in enumerate(["x", "y", "first"], start=3):
            crowd.end(workspace, then=then)
        assert crowd.begun == ["x", "y", "first", "second", "third"]
    finally:
        crowd.go_home()


def test_who_waits_too_long_leaves_the_line():
    turns = Turns(8)
    with turns.turn("slow", 1, SECONDS):
        with pytest.raises(WaitedForTurn), turns.turn("slow", 1, 0.01):
            pass
        assert turns.waiting("slow") == 0
    with turns.turn("slow", 1, 0.0):
        pass
