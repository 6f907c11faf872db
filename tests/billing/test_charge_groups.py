"""Charges that meet in a process are written together, each answered as if it had been alone (B1, B2, B5, H39)."""

import random
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
from pynamodb.exceptions import TransactWriteError

from accounts.workspaces import workspaces
from billing.charging import charges, credits, groups, ledger
from billing.charging.charges import Charge
from billing.models import claims as claim_rows
from billing.plans.periods import Terms
from imgapis.base import clock
from tests.billing.test_charge import RICH, YEAR, bill
from tests.crowds import settled

SECONDS = 60


@pytest.fixture
def rich(dynamodb):
    """A workspace with a thousand credits."""
    return workspaces.create_unowned(namespace=f"rich-{secrets.token_hex(6)}", allowance=2_000)


@pytest.fixture
def meeting(monkeypatch):
    """Runs charges that all wait while the first one is written; returns what each was answered, in their order."""
    with ThreadPoolExecutor(128) as threads:
        yield lambda bills, terms: _meet(bills, terms, threads, monkeypatch)


def _meet(bills: list[Charge], terms: Terms, threads: ThreadPoolExecutor, monkeypatch) -> list[int | str]:
    begun, go_on, write = threading.Event(), threading.Event(), charges.write

    def held_back(group, names) -> None:
        begun.set()
        assert go_on.wait(SECONDS)
        write(group, names)

    monkeypatch.setattr(charges, "write", held_back)
    monkeypatch.setattr(groups, "TURN_SECONDS", SECONDS)
    first = threads.submit(_answer, bills[0], terms)
    assert begun.wait(SECONDS)
    others = [threads.submit(_answer, each, terms) for each in bills[1:]]
    (queue,) = [queue for key, queue in list(groups._queues.items()) if key[0] == bills[0].event.workspace_id]
    _wait_for(lambda: len(queue.waiting) == len(bills), others)
    go_on.set()
    return [future.result(SECONDS) for future in (first, *others)]


def _wait_for(is_so: Callable[[], bool], futures: list[Future]) -> None:
    waited = threading.Event()
    for _ in range(int(SECONDS / 0.01)):
        if is_so():
            return
        waited.wait(0.01)
    raise AssertionError([future.result(0) for future in futures if future.done()])


def _answer(charge: Charge, terms: Terms) -> int | str:
    try:
        return settled(lambda: credits.charge(charge, terms))
    except (credits.OutOfCredits, credits.CapReached) as refusal:
        return refusal.code


@pytest.fixture
def written(monkeypatch) -> list[int]:
    """How many charges each transaction held."""
    sizes, write = [], charges.write

    def counted(group, names) -> None:
        sizes.append(len(group))
        write(group, names)

    monkeypatch.setattr(charges, "write", counted)
    return sizes


def proof(row):
    (period_proof,) = ledger.prove(row.workspace_id)
    return period_proof


def test_charges_that_wait_go_together(rich, written, meeting):
    """H39: of 64 that meet, 63 in two transactions: a claim and an event each, and one counter."""
    answers = meeting([bill(rich.workspace_id) for _ in range(64)], RICH)
    assert answers == [2] * 64
    assert written == [1, 49, 14]
    assert (proof(rich).used, proof(rich).is_valid) == (128, True)


def test_one_operation_in_the_queue_twice_is_charged_once(rich, written, meeting):
    """B1: no transaction holds one claim twice."""
    digest = secrets.token_hex(32)
    answers = meeting([bill(rich.workspace_id, digest=digest) for _ in range(20)], RICH)
    assert sorted(answers) == [0] * 19 + [2]
    assert set(written) == {1} and proof(rich).used == 2


@pytest.mark.parametrize("left", [1, 2, 7])
def test_what_is_left_is_given_to_as_many_as_it_covers(dynamodb, meeting, left):
    """B2: never two for one credit, and none refused while a credit is left."""
    row = workspaces.create_unowned(namespace=f"last-{secrets.token_hex(6)}", allowance=2 * left)
    answers = meeting([bill(row.workspace_id) for _ in range(30)], Terms(allowance=2 * left))
    assert Counter(answers) == {2: left, "out_of_credits": 30 - left}
    assert (proof(row).left, proof(row).is_valid) == (0, True)


def test_nobody_who_is_covered_waits_for_those_who_are_not(dynamodb, written, meeting):
    """H39: who is refused comes again at once, and must not fail the next transaction of the others for ever."""
    row = workspaces.create_unowned(namespace=f"last-{secrets.token_hex(6)}", allowance=8)
    answers = meeting([bill(row.workspace_id) for _ in range(20)], Terms(allowance=8))
    assert Counter(answers) == {2: 4, "out_of_credits": 16}
    assert written[:3] == [1, 19, 3], "those that are covered go again without the others"


def test_what_is_paid_for_is_free_among_what_is_not(rich, written, meeting):
    """B1: a live claim of one keeps none of the others from being charged."""
    paid = [secrets.token_hex(32) for _ in range(3)]
    for digest in paid:
        credits.charge(bill(rich.workspace_id, digest=digest), RICH)
    bills = [bill(rich.workspace_id, digest=digest) for digest in (None, paid[0], None, *paid[1:], None)]
    written.clear()
    assert meeting(bills, RICH) == [2, 0, 2, 0, 0, 2]
    assert written == [1, 5, 2]
    assert (proof(rich).used, proof(rich).is_valid) == (12, True)


def test_parts_that_are_paid_for_are_free_in_a_group(rich, meeting):
    """B4: of a grid's pictures those that nobody had paid."""
    pictures = tuple(secrets.token_hex(32) for _ in range(3))
    credits.charge(bill(rich.workspace_id, digest=pictures[1]), RICH)
    grid = replace(bill(rich.workspace_id, cost=6), pictures=pictures)
    assert meeting([bill(rich.workspace_id), grid, bill(rich.workspace_id)], RICH) == [2, 4, 2]
    assert (proof(rich).used, proof(rich).is_valid) == (10, True)


def test_a_lost_reply_of_a_group_is_one_charge_for_each(rich, monkeypatch, meeting):
    """B5: the same events again say that they were written."""
    write = charges.write

    def loses_the_first(group, names) -> None:
        write(group, names)
        if len(group) > 1:
            monkeypatch.setattr(charges, "write", write)
            raise TransactWriteError("The reply was lost.")

    monkeypatch.setattr(charges, "write", loses_the_first)
    assert meeting([bill(rich.workspace_id) for _ in range(10)], RICH) == [2] * 10
    assert (proof(rich).used, proof(rich).is_valid) == (20, True)


def test_each_claim_of_a_group_lives_as_long_as_its_own_charge_says(rich, meeting):
    lives = (60, 3_600, YEAR)
    bills = [replace(bill(rich.workspace_id), claim_seconds=seconds) for seconds in lives]
    meeting(bills, RICH)
    later = clock.now() + 120
    digests = tuple(each.digest for each in bills)
    assert claim_rows.live_digests(rich.workspace_id, digests, later, 0) == {*digests[1:]}


def test_a_workspace_waits_for_no_other(held, stranger):
    _, release = held
    assert credits.charge(bill(stranger.workspace_id), RICH) == 2
    release()


def test_a_charge_that_has_no_turn_in_time_is_refused_and_nothing_is_charged(held, monkeypatch):
    row, release = held
    monkeypatch.setattr(groups, "TURN_SECONDS", 0.05)
    monkeypatch.setattr(credits.dynamo, "retries", lambda: iter([None, None]))
    with pytest.raises(credits.ChargeUnavailable):
        credits.charge(bill(row.workspace_id), RICH)
    release()
    assert proof(row).used == 2


@pytest.fixture
def held(rich, monkeypatch):
    """A workspace, of which a charge is being written until what stands beside it is called."""
    begun, go_on, write = threading.Event(), threading.Event(), charges.write

    def held_back(group, names) -> None:
        if group[0].event.workspace_id == rich.workspace_id:
            begun.set()
            assert go_on.wait(SECONDS)
        write(group, names)

    monkeypatch.setattr(charges, "write", held_back)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(_answer, bill(rich.workspace_id), RICH)
        assert begun.wait(SECONDS)

        def release() -> None:
            go_on.set()
            assert first.result(SECONDS) == 2

        yield rich, release
        go_on.set()


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_is_charged_once_a_picture_and_no_more_than_there_is(dynamodb, written, meeting, seed):
    """B1, B2, B4: whatever meets whatever."""
    chance = random.Random(seed)
    allowance = chance.choice([20, 60, 2_000])
    row = workspaces.create_unowned(namespace=f"crowd-{secrets.token_hex(6)}", allowance=allowance)
    digests = [secrets.token_hex(32) for _ in range(25)]
    bills = []
    for _ in range(80):
        pictures = tuple(chance.sample(digests, chance.choice([1, 1, 1, 2, 4])))
        single = bill(row.workspace_id, cost=2 * len(pictures), digest=pictures[0])
        bills.append(single if len(pictures) == 1 else replace(single, digest=secrets.token_hex(32), pictures=pictures))
    answers = meeting(bills, Terms(allowance=allowance))
    assert max(written) > 1
    amounts = [answer for answer in answers if isinstance(answer, int)]
    assert set(answers) - set(amounts) <= {"out_of_credits"}
    assert sum(amounts) == proof(row).used <= min(allowance, 50)
    assert proof(row).is_valid
