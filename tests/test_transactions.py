"""A transaction writes everything or nothing, and says by name what stood against it."""

import secrets
import threading
from types import SimpleNamespace

import pytest
from pynamodb.exceptions import TransactWriteError

from accounts.models import EmailClaim, Namespace
from imgapis.base import dynamo

pytestmark = pytest.mark.usefixtures("dynamodb")


def namespace() -> Namespace:
    """A claim of a namespace that is not written."""
    return Namespace(f"free-{secrets.token_hex(6)}", workspace_id="ws-first")


def test_every_write_is_there_or_none():
    first, second, taken = namespace(), namespace(), namespace()
    taken.save()
    with pytest.raises(dynamo.TransactionCanceled), dynamo.transaction() as transaction:
        transaction.save(first, if_absent=True)
        transaction.save(taken, if_absent=True)
    assert Namespace.find(first.namespace) is None
    with dynamo.transaction() as transaction:
        transaction.save(first, if_absent=True)
        transaction.save(second, if_absent=True)
    assert Namespace.find(first.namespace) and Namespace.find(second.namespace)


def test_an_exception_in_the_block_writes_nothing():
    row = namespace()
    with pytest.raises(ZeroDivisionError), dynamo.transaction() as transaction:
        transaction.save(row)
        _ = 1 / 0
    assert Namespace.find(row.namespace) is None


# Each kind of write, as one whose condition fails; the calls are made in an order that is not the one they are sent in.
FAILING = ("update", "save", "delete", "check")


@pytest.mark.parametrize("failing", FAILING)
def test_the_write_whose_condition_failed_is_named_whatever_the_order_of_the_calls(failing):
    rows = {kind: namespace() for kind in FAILING}
    for kind in ("update", "delete", "check"):
        rows[kind].save()
    expected = {kind: "ws-other" if kind == failing else "ws-first" for kind in FAILING}
    if failing == "save":
        rows["save"].save()
    with pytest.raises(dynamo.TransactionCanceled) as excinfo, dynamo.transaction() as transaction:
        transaction.update(
            rows["update"],
            [Namespace.workspace_id.set("ws-new")],
            condition=Namespace.workspace_id == expected["update"],
            name="update",
        )
        transaction.save(rows["save"], if_absent=True, name="save")
        transaction.delete(rows["delete"], condition=Namespace.workspace_id == expected["delete"], name="delete")
        transaction.check(
            Namespace, rows["check"].namespace, condition=Namespace.workspace_id == expected["check"], name="check"
        )
    assert (excinfo.value.failed, excinfo.value.conflicting) == ({failing}, frozenset())


def test_every_failed_condition_is_named_and_one_without_a_name_counts_too():
    first, second = namespace(), EmailClaim(f"{secrets.token_hex(6)}@example.com", person_id="p")
    first.save()
    second.save()
    with pytest.raises(dynamo.TransactionCanceled) as excinfo, dynamo.transaction() as transaction:
        transaction.save(second, if_absent=True)
        transaction.save(namespace(), if_absent=True, name="free")
        transaction.save(first, if_absent=True, name="namespace")
    assert excinfo.value.failed == {"", "namespace"}


def test_a_fault_of_the_store_is_no_cancellation():
    """The outcome of a lost reply is unknown: nobody may read it as "not written"."""
    transaction = dynamo.Transaction()
    transaction.check(Namespace, "x" * 3_000, condition=Namespace.is_absent(), name="too long a key")
    with pytest.raises(TransactWriteError) as excinfo:
        transaction.commit()
    assert not isinstance(excinfo.value, dynamo.TransactionCanceled)


def test_concurrent_increments_are_all_kept_by_retries():
    row = namespace()
    row.save()

    def append(mark: str) -> None:
        for _ in dynamo.retries(10):
            current = Namespace.find(row.namespace)
            try:
                with dynamo.transaction() as transaction:
                    transaction.update(
                        row,
                        [Namespace.workspace_id.set(current.workspace_id + mark)],
                        condition=Namespace.workspace_id == current.workspace_id,
                    )
                return
            except dynamo.TransactionCanceled:
                continue

    threads = [threading.Thread(target=append, args=(mark,)) for mark in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = Namespace.find(row.namespace).workspace_id
    assert sorted(final.removeprefix("ws-first")) == list("abcdefgh")


def test_retries_end_with_their_time(monkeypatch):
    now, delays = [0.0], []

    def sleep(seconds: float) -> None:
        delays.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(dynamo, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    attempts = sum(1 for _ in dynamo.retries(2.0))
    assert attempts == len(delays) + 1 and sum(delays) <= 2.0 and max(delays) <= dynamo.LONGEST_DELAY
    assert sum(1 for _ in dynamo.retries(0)) == 1
