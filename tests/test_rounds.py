"""Each kind of scheduled work ends its round at its budget, and goes on from there the next time (H14)."""

import os
import secrets
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from billing.models import proofs
from billing.notifications import notifications
from billing.notifications import outbox as notices
from billing.stripe import gateway, overage, reconcile
from imgapis.base import clock, rounds
from imgapis.base.mail import mail, outbox
from imgapis.management.commands import work
from imgapis.models import Erasure, erasures
from imgapis.privacy import erasure, steps, suppression
from imgapis.work import nightly
from telemetry import recorder, rollups, spool
from telemetry.models import dirty_hours
from transforms.domains import custom_domains
from transforms.models import domains

pytestmark = pytest.mark.usefixtures("dynamodb")
PIECES = 30
IN_PARALLEL = {"outbox": mail.SENDERS, "webhooks": notices.SENDERS}
# A dozen checks of this host's counters, and the newest hundred of Stripe's events every five minutes.
ALWAYS_SHORT = {"alerts"}
Piece = Callable[..., object]


class Planted:
    """Pieces of work of which each takes three fifths of a budget: two are begun within it."""

    def __init__(self, patch: pytest.MonkeyPatch, folder):
        self.patch, self.folder = patch, folder
        self.now, self.budget, self.done = 0.0, 60.0, []
        self.lock = threading.Lock()
        patch.setattr(clock, "monotonic", lambda: self.now)

    def work(self, piece: object) -> None:
        with self.lock:
            self.done.append(piece)
            self.now += 0.6 * self.budget

    def replace(self, *owned: tuple[object, str, object]) -> None:
        for owner, name, value in owned:
            self.patch.setattr(owner, name, value)

    def names(self) -> list[str]:
        return [f"ws{number:03}" for number in range(PIECES)]

    def rows(self) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(workspace_id=name, customer_id=name, state="scheduled", due=number, name=name)
            for number, name in enumerate(self.names())
        ]


def plant_spool(planted: Planted) -> None:
    for name in planted.names():
        (planted.folder / f"{name}.jsonl").touch()
    planted.replace(
        (recorder, "directory", lambda: planted.folder),
        (recorder, "_write_existing", lambda batch: planted.work(batch)),
    )


def plant_rollups(planted: Planted) -> None:
    planted.replace(
        (dirty_hours, "of_shards", lambda count, due_until=None: planted.rows()),
        (rollups, "_process", lambda row, added_up: planted.work(row) or True),
    )


def plant_mails(planted: Planted) -> None:
    planted.replace(
        (outbox, "due", lambda limit: planted.rows()), (mail, "deliver", lambda row: planted.work(row) or True)
    )


def plant_notices(planted: Planted) -> None:
    planted.replace(
        (notifications, "due", planted.rows), (notices, "_lease_and_send", lambda row, post: planted.work(row) or True)
    )


def plant_ledger(planted: Planted) -> None:
    planted.replace(
        (proofs, "LEDGER", f"test-{secrets.token_hex(4)}"),
        (workspaces, "iter_ids", planted.names),
        (ledger, "prove_all", lambda names: planted.work(*names) or [SimpleNamespace(is_valid=names[0] != "ws003")]),
    )


def plant_customers(planted: Planted) -> None:
    planted.replace(
        (proofs, "STRIPE", f"test-{secrets.token_hex(4)}"),
        (gateway, "configured", lambda: True),
        (nightly.customers, "iter_all", planted.rows),
        (nightly.customers, "of_workspace", lambda name: SimpleNamespace(workspace_id=name)),
        (reconcile, "_compare", lambda row: planted.work(row.workspace_id) or row.workspace_id == "ws003"),
    )


def plant_overage(planted: Planted) -> None:
    planted.replace(
        (gateway, "configured", lambda: True),
        (overage.customers, "iter_all", planted.rows),
        (overage, "_is_reported", lambda row: True),
        (overage, "report", lambda name, _: planted.work(name) or True),
    )


def plant_domains(planted: Planted) -> None:
    planted.replace(
        (domains, "due", lambda now, limit: planted.rows()[:limit]),
        (domains, "lease", lambda row, until: True),
        (custom_domains, "_examine", lambda row, now: planted.work(row)),
    )


def plant_erasures(planted: Planted) -> None:
    planted.replace(
        (erasures, "iter_all", planted.rows), (erasure, "_claim_and_run", lambda row, budget: planted.work(row) or True)
    )


PLANTS = {
    "spool": plant_spool,
    "rollups": plant_rollups,
    "outbox": plant_mails,
    "webhooks": plant_notices,
    "ledger": plant_ledger,
    "stripe": plant_customers,
    "meter": plant_overage,
    "domains": plant_domains,
    "erasures": plant_erasures,
}


@pytest.fixture
def planted(monkeypatch, tmp_path):
    return Planted(monkeypatch, tmp_path)


@pytest.mark.parametrize(
    "task", [task for task in work.all_tasks() if task.name not in ALWAYS_SHORT], ids=lambda t: t.name
)
def test_a_round_begins_nothing_once_its_budget_is_over(task, planted):
    planted.budget = task.budget
    PLANTS[task.name](planted)
    task.act(task.budget)
    assert 2 <= len(planted.done) <= 1 + IN_PARALLEL.get(task.name, 1)


@pytest.mark.parametrize("name, row", [("ledger", "LEDGER"), ("stripe", "STRIPE")])
def test_what_is_gone_through_each_night_goes_on_where_a_round_ended(name, row, planted):
    PLANTS[name](planted)
    (task,) = (task for task in work.all_tasks() if task.name == name)
    runs = 0
    while task.act(planted.budget):
        runs += 1
    assert planted.done == planted.names() and runs == PIECES / 2
    proof = proofs.last(getattr(proofs, row))
    assert (proof.periods, proof.broken, proof.reached) == (PIECES, 1, "")
    proof.delete()


def test_a_workspace_whose_proof_fails_hides_no_other_for_ever(planted, monkeypatch):
    plant_ledger(planted)
    prove = ledger.prove_all

    def fail_for_one(names):
        if names == ["ws003"]:
            raise RuntimeError
        return prove(names)

    monkeypatch.setattr(ledger, "prove_all", fail_for_one)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    with pytest.raises(RuntimeError):
        nightly.prove_ledger()
    now += nightly.PAUSE_SECONDS
    assert nightly.prove_ledger()
    assert planted.done == [name for name in planted.names() if name != "ws003"]
    proofs.last(proofs.LEDGER).delete()


def test_a_segment_that_does_not_go_is_behind_the_others_the_next_time(planted, monkeypatch):
    monkeypatch.setattr(spool, "_read", lambda path, on_error: [path.stem])

    def write(batch) -> None:
        planted.work(*batch)
        raise OSError

    for moment, name in enumerate("abcd"):
        path = planted.folder / f"{name}.jsonl"
        path.touch()
        os.utime(path, (moment, moment))
    for _ in range(2):
        with pytest.raises(OSError):
            spool.ship(planted.folder, write, seconds=planted.budget)
    assert sorted(planted.done) == list("abcd")


def test_an_erasure_goes_on_with_its_next_step(planted, monkeypatch):
    subject = f"p{secrets.token_hex(8)}"
    monkeypatch.setattr(
        steps, "steps", lambda kind: [lambda row, n=n: planted.work(n) or {"rows": 1} for n in range(5)]
    )
    monkeypatch.setattr(erasure, "require_no_sole_ownership", lambda person_id: None)
    monkeypatch.setattr(suppression, "suppress", lambda kind, subject_id: None)
    erasure.request("person", subject, at_once=True)
    states = []
    for _ in range(3):
        erasure._claim_and_run(erasures.find(subject), rounds.Budget(planted.budget))
        row = Erasure.get(subject, consistent_read=True)
        states.append((row.state, int(row.step), row.due <= clock.now(), bool(row.broken_off)))
    row.delete()
    assert planted.done == [0, 1, 2, 3, 4] and dict(row.counts) == {"rows": 5}
    assert states == [("running", 2, True, False), ("running", 4, True, False), ("swept", 0, False, False)]


def test_every_kind_is_here():
    assert {task.name for task in work.all_tasks()} == PLANTS.keys() | ALWAYS_SHORT
