"""Erasure: scheduled, undone within seven days, run step by step, swept again a day later, certified (D4, D7–D9)."""

import logging

from pynamodb.exceptions import PynamoDBException

from accounts.models import AuditEntry, members, people
from accounts.models import workspaces as workspace_rows
from accounts.teams import team_changes
from accounts.workspaces import workspaces
from imgapis.base import clock, rounds
from imgapis.base.buckets import BucketError
from imgapis.base.errors import ApiError
from imgapis.base.rounds import Budget
from imgapis.models import Erasure, erasures
from imgapis.privacy import certificates, scheduling, steps, suppression
from transforms.domains.custom_hostnames import CloudflareFailed

UNDO_DAYS = 7
RECOVERY_DAYS = 14
DEADLINE_DAYS = 30
LATEST_START_DAYS = DEADLINE_DAYS - RECOVERY_DAYS - 2  # the second sweep takes a day, and there is one to spare
SWEEP_SECONDS = clock.DAY
LEASE_SECONDS = 600
RETRY_SECONDS = 60
PROOF = "The certificate and an opaque id stay, so that a restored backup is erased again."
RECOVERY = "DynamoDB can recover deleted rows for 14 days; then nobody can."
UNPAID = "Stripe holds an invoice that was not paid when its customer was deleted there."
EXCEPTIONS = {
    "workspace": (
        "Invoices stay at Stripe for as long as tax law asks for them.",
        "Namespaces stay as keyed digests, so that nobody is given one of them.",
        PROOF,
        RECOVERY,
        "Cloudflare's edge copies and Analytics Engine counts age out by themselves.",
    ),
    "person": (
        "Audit logs of workspaces that others keep name an opaque id, which names nobody any more.",
        "What is left of a privacy request, its law, kind and dates without the address, ends after 24 months.",
        PROOF,
        RECOVERY,
    ),
}
FAULTS = (PynamoDBException, BucketError, CloudflareFailed, ApiError, OSError)
log = logging.getLogger("imgapis.erasure")


class SoleOwner(ApiError):
    """A person is the only owner of a workspace: hand it over or delete it first (D9)."""

    status = 409
    code = "sole_owner"


class NoErasure(ApiError):
    """There is nothing to undo."""

    status = 409
    code = "no_erasure"


def request(
    kind: str,
    subject_id: str,
    *,
    at_once: bool = False,
    asked: float | None = None,
    entry: AuditEntry | None = None,
) -> Erasure:
    """Schedule the erasure of a `workspace` or a `person`; `asked` is when the request came, in seconds since 1970. A
    second call returns the existing erasure; `at_once` makes a scheduled one due now. The `entry` of the audit log is
    in the same transaction. Raises SoleOwner."""
    if kind == "person":
        require_no_sole_ownership(subject_id)
    now = int(clock.now())
    requested_at = int(asked or now)
    due = now if at_once else min(now + UNDO_DAYS * clock.DAY, max(now, requested_at + LATEST_START_DAYS * clock.DAY))
    row = Erasure(subject_id, kind=kind, state="scheduled", asked=requested_at, due=due, counts={})
    if scheduling.create(row, entry):
        return row
    existing = erasures.require(subject_id)
    if at_once and existing.state == "scheduled":
        scheduling.change_scheduled(existing, entry, due=now)
    return existing


def undo(subject_id: str, entry: AuditEntry | None = None) -> None:
    """Undo an erasure that has not begun, with an `entry` of the audit log. Raises NoErasure."""
    row = erasures.find(subject_id)
    if row is None or row.state != "scheduled" or not scheduling.change_scheduled(row, entry, state="undone"):
        raise NoErasure("There is no erasure that could still be taken back.")


def require_no_sole_ownership(person_id: str) -> None:
    """Raise SoleOwner, naming the workspaces, where a person is the only owner of some that are not being erased."""
    sole_owned = []
    for workspace, role in workspaces.of_person(person_id):
        owners = [row for row in members.of_workspace(workspace.workspace_id) if row.role == "owner"]
        pending = erasures.find(workspace.workspace_id)
        if role == "owner" and len(owners) == 1 and (pending is None or pending.state == "undone"):
            sole_owned.append(workspace.namespace)
    if sole_owned:
        raise SoleOwner(f"You are the only owner of {', '.join(sole_owned)}: hand over or delete first.")


def process_due(seconds: float = rounds.UNLIMITED) -> int:
    """Run what is due, longest first and for as many seconds; returns how many erasures were run. Any number of workers
    may do this at once."""
    budget, now = rounds.Budget(seconds), clock.now()
    due_rows = [row for row in erasures.iter_all() if row.state in ("scheduled", "running", "swept") and row.due <= now]
    return sum(_claim_and_run(row, budget) for row in budget.within(sorted(due_rows, key=lambda row: row.due)))


def process(row: Erasure) -> bool:
    """Run one erasure, if it is due and no worker has it; whether it was."""
    is_due = row.state in ("scheduled", "running", "swept") and row.due <= clock.now()
    return is_due and _claim_and_run(row)


def _claim_and_run(row: Erasure, budget: Budget | None = None) -> bool:
    now = int(clock.now())
    state = "running" if row.state == "scheduled" else row.state
    changes = {"state": state, "due": now + LEASE_SECONDS} | ({} if row.began else {"began": now})
    if not erasures.change(row, row.state, **changes):
        return False
    try:
        run(row, budget)
    except FAULTS as error:
        log.warning("erasure_step_failed", extra={"count": int(row.step)})
        pause = max(RETRY_SECONDS, getattr(error, "retry_after", None) or 0)
        is_broken = not isinstance(error, steps.WAITING)
        erasures.change(row, row.state, due=now + pause, failure=type(error).__name__, trying=is_broken)
    return True


def run(row: Erasure, budget: Budget | None = None) -> None:
    """Run every remaining step of a sweep, then enter the next state. Where the budget is over before a step, that and
    the rest are due at once. Raises one of FAULTS where a store fails."""
    if row.state == "running":
        if row.kind == "person" and not row.step:
            require_no_sole_ownership(row.subject_id)  # a workspace's own erasure may have been undone since
        suppression.suppress(row.kind, row.subject_id)
    # What an earlier attempt removed before it was interrupted may not be in the counts.
    if not erasures.change(row, row.state, trying=True, broken_off=row.broken_off or row.trying):
        return
    for number, step in enumerate(steps.steps(row.kind)):
        if number < row.step:
            continue
        if budget and budget.is_over():
            erasures.change(row, row.state, due=int(clock.now()), trying=False)
            return
        counts = step(row)
        progress = {"step": number + 1, "counts": _sum(dict(row.counts), counts)}
        if not erasures.change(row, row.state, due=int(clock.now()) + LEASE_SECONDS, **progress):
            return  # the lease ran out, and another worker goes on
    now = int(clock.now())
    if row.state == "running":
        cleared = {"trying": False, "failure": ""}
        erasures.change(row, "running", state="swept", step=0, swept=now, due=now + SWEEP_SECONDS, **cleared)
    else:
        certificate = certificates.sign(_facts(row, now))
        erasures.change(row, "swept", state="done", due=0, trying=False, failure="", certificate=certificate)


def _sum(before: dict, counts: dict) -> dict:
    return before | {name: before.get(name, 0) + count for name, count in counts.items()}


def _facts(row: Erasure, now: int) -> dict:
    second_sweep = int(row.emptied) or now
    exceptions = [*EXCEPTIONS[row.kind], *([UNPAID] if row.invoices == "open" else [])]
    return {
        "format": "img apis erasure certificate 1",
        "subject": row.subject_id,
        "kind": row.kind,
        "asked": clock.stamp(row.asked),
        "began": clock.stamp(row.began),
        "first_sweep": clock.stamp(row.swept),
        "second_sweep": clock.stamp(second_sweep),
        "beyond_recovery": clock.stamp(second_sweep + RECOVERY_DAYS * clock.DAY),
        "counts_are": "at least" if row.broken_off else "exact",
        "removed": dict(row.counts),
        "exceptions": exceptions,
    } | ({"invoices_at_stripe": row.invoices} if row.kind == "workspace" else {})


def replay() -> int:
    """Erase again, at once, whatever the suppression list names and a restore brought back; returns how many it names.
    Raises one of FAULTS; safe to repeat."""
    suppressed = sorted(set(suppression.suppressed()), key=lambda pair: pair[0] == "person")  # workspaces first
    last_error: Exception | None = None
    for kind, subject_id in suppressed:
        try:
            _erase_again(kind, subject_id)
        except FAULTS as error:
            last_error = error  # the others go first; then it is raised
            log.warning("erasure_not_replayed")
    if last_error is not None:
        raise last_error
    return len(suppressed)


def _erase_again(kind: str, subject_id: str) -> None:
    """Run the steps once more; where the erasure's own row was not restored, it is certified anew, with the counts of
    this run.

    A restore may have made an erased person the only owner of a workspace that was transferred since: nobody can
    transfer it, so their membership is removed.
    """
    now = int(clock.now())
    scheduling.create(Erasure(subject_id, kind=kind, state="scheduled", asked=now, due=now, counts={}))
    row = erasures.require(subject_id)
    erasures.change(row, "scheduled", trying=True)  # the counts from before the restore are lost
    if kind == "person":
        team_changes.remove_everywhere(subject_id)
    counts: dict[str, int] = {}
    for step in steps.steps(kind):
        counts = _sum(counts, step(row))
    erasures.change(row, "scheduled", counts=_sum(dict(row.counts), counts))


def late() -> list[Erasure]:
    """The erasures asked for over LATEST_START_DAYS + 1 days ago and not done: their deadline is near. For staff. One
    that waits for a payment alone, with nothing of ours left, is not among them before its last day."""
    cutoff = clock.now() - (LATEST_START_DAYS + 1) * clock.DAY
    rows = [row for row in erasures.iter_all() if row.state in ("scheduled", "running", "swept") and row.asked < cutoff]
    return [row for row in rows if not _waits_in_time(row)]


def _waits_in_time(row: Erasure) -> bool:
    return steps.waits_for(row) == "payment" and clock.now() < steps.customer_deadline(row) + clock.DAY


def exists(kind: str, subject_id: str) -> bool:
    """Whether the workspace or person exists."""
    row = workspace_rows.find(subject_id) if kind == "workspace" else people.find(subject_id)
    return row is not None
