"""The data access of counters and claims; a charge, an opening and a change of credits are one transaction each."""

import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition

from accounts.models import Workspace
from accounts.workspaces.entitlements import STARTING
from billing.models import Claim, Counter, Grant, InvoiceGrant, LedgerProof
from imgapis.base import clock, dynamo
from telemetry import events
from telemetry.events import RequestEvent

STRIPE = "stripe"  # the nightly comparison with Stripe: workspaces compared, and changed
LEDGER = "ledger"
# Before the hexadecimal digits of a claim that stands for no address: so the rows of addresses can be counted alone.
OF_PICTURE, OF_SOURCE = "p", "s"


@dataclass(frozen=True)
class Charge:
    """What is to be charged: the event that says so, the digest of the operation's claim and its life, the moment of
    the first attempt, which decides its period, the moment before which an older claim was purged (0: never), and for
    how many days the event is kept.

    `pictures` are the digests of what the operation came to, each an equal part of the cost: a live claim of one makes
    its part free. Without any, the operation's own claim does. `sources` are written beside them, in the same order,
    and make nothing free by themselves."""

    event: RequestEvent
    digest: str
    claim_seconds: int
    moment: float
    purged_before: float = 0
    retention_days: int = STARTING.retention_days
    pictures: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def without(self, paid: Collection[str]) -> "Charge":
        """The charge of what is left when the pictures of these claims are paid for."""
        kept = [index for index, digest in enumerate(self.pictures) if digest not in paid]
        cost = self.event.cost // len(self.pictures) * len(kept)
        return replace(
            self,
            event=replace(self.event, cost=cost),
            pictures=tuple(self.pictures[index] for index in kept),
            sources=tuple(self.sources[index] for index in kept) if self.sources else (),
        )


def counter(workspace_id: str, period: str) -> Counter | None:
    """The counter of a period, read consistently."""
    return Counter.find(workspace_id, period)


def counters_by_name(workspace_id: str, names: Iterable[str]) -> dict[str, Counter]:
    """The counters of some periods and days, those that there are, read consistently."""
    keys = [(workspace_id, name) for name in names]
    return {row.period: row for row in Counter.batch_get(keys, consistent_read=True)}


def open_counters(workspace_id: str, revision: int | None, rows: Iterable[Counter]) -> None:
    """Create counters of a workspace that exists, and whose terms are those of `revision` where one is named.

    Raises TransactionCanceled, with "workspace" among the failed, where it is erased (D8) or the terms are older ones;
    TransactWriteError.
    """
    condition = Workspace.is_present()
    if revision is not None:
        condition &= has_revision(revision)
    with dynamo.transaction() as transaction:
        transaction.check(Workspace, workspace_id, condition=condition, name="workspace")
        for row in rows:
            transaction.save(row, if_absent=True)


def raise_base(counter: Counter, revision: int, base: int, room: int, increase: int) -> None:
    """Raise what a plan gives in a period, `counter` as it was read, by the terms of `revision`. Raises as
    `open_counters` does; with "period" among the failed where somebody else has raised it."""
    actions = [
        Counter.granted.add(increase),
        Counter.left.add(increase),
        Counter.base.set(base),
        Counter.room.set(room),
    ]
    condition = (Counter.base == int(counter.base)) & (Counter.left >= -increase)
    is_current = Workspace.is_present() & has_revision(revision)
    with dynamo.transaction() as transaction:
        transaction.check(Workspace, counter.workspace_id, condition=is_current, name="workspace")
        transaction.update(counter, actions, condition=condition, name="period")


def has_revision(revision: int) -> Condition:
    """The condition that a workspace's terms are still those of a revision; a row from before billing has none."""
    condition = Workspace.billing_revision == revision
    return condition if revision else condition | Workspace.billing_revision.does_not_exist()


def counters(workspace_id: str) -> Iterator[Counter]:
    """Every period of a workspace, oldest first; days are none."""
    return (row for row in Counter.query(workspace_id, consistent_read=True) if not row.is_day)


def grants(workspace_id: str) -> Iterator[Grant]:
    """What a workspace was given or had taken back, oldest first."""
    return Grant.query(workspace_id, consistent_read=True)


def grant_of_id(workspace_id: str, grant_id: str) -> Grant | None:
    """A grant by its id."""
    return Grant.find(workspace_id, grant_id)


def invoice_grants(workspace_id: str) -> Iterator[InvoiceGrant]:
    """What each invoice granted in each period, oldest period first."""
    return InvoiceGrant.query(workspace_id, consistent_read=True)


def invoice_grant(workspace_id: str, place: str) -> InvoiceGrant:
    """What one invoice granted in one period, as it is now. DoesNotExist where there is none."""
    return InvoiceGrant.get(workspace_id, place, consistent_read=True)


def live_claim(workspace_id: str, digest: str, moment: float, purged_before: float = 0) -> Claim | None:
    """The claim of an operation, if it is neither expired (TTL only sweeps) nor purged."""
    claim = Claim.find(workspace_id, digest)
    if claim is None:
        return None
    is_live = claim.expires.timestamp() > moment and claim.charged > purged_before
    return claim if is_live else None


def live_claims(workspace_id: str, digests: Iterable[str], moment: float, purged_before: float = 0) -> frozenset[str]:
    """The digests of those claims that are neither expired nor purged, read consistently."""
    keys = [(workspace_id, digest) for digest in dict.fromkeys(digests)]
    rows = Claim.batch_get(keys, consistent_read=True) if keys else ()
    return frozenset(row.digest for row in rows if row.expires.timestamp() > moment and row.charged > purged_before)


def charge(bill: Charge, names: Iterable[str]) -> None:
    """Write "claim", "event" and "counter" (of the period, of the day) together or not at all. Raises
    TransactionCanceled by these names, TransactWriteError."""
    event = bill.event
    proofs = bill.pictures or (bill.digest,)
    beside = {bill.digest, *bill.sources}.difference(proofs)
    claim_condition = (
        Claim.is_absent() | (Claim.expires <= clock.utc(int(bill.moment))) | (Claim.charged <= bill.purged_before)
    )
    actions = [Counter.left.set(Counter.left - event.cost), Counter.used.set(Counter.used + event.cost)]
    row = events.to_row(event, bill.retention_days)
    with dynamo.transaction() as transaction:
        for digest in proofs:
            transaction.save(_claim(bill, digest), condition=claim_condition, name="claim")
        for digest in beside:
            transaction.save(_claim(bill, digest))
        transaction.save(row, if_absent=True, name="event")
        for name in names:
            counter_row = Counter(event.workspace_id, name)
            transaction.update(counter_row, actions, condition=Counter.left >= event.cost, name="counter")


def _claim(bill: Charge, digest: str) -> Claim:
    expires = clock.utc(int(bill.moment) + bill.claim_seconds)
    return Claim(bill.event.workspace_id, digest, charged=bill.moment, expires=expires)


def count_claims(workspace_id: str, moment: float, charged_after: float, limit: int) -> int:
    """How many operations of a workspace have a live claim charged after a moment; counting stops at `limit`."""
    condition = (Claim.expires > clock.utc(int(moment))) & (Claim.charged > charged_after)
    of_address = Claim.digest < min(OF_PICTURE, OF_SOURCE)
    rows = Claim.query(workspace_id, of_address, filter_condition=condition, attributes_to_get=["digest"])
    return sum(1 for _ in itertools.islice(rows, limit))


def last_proof(name: str = LEDGER) -> LedgerProof | None:
    """The result of the last proof of the ledger, or of another nightly comparison."""
    try:
        return LedgerProof.get(name, consistent_read=True)
    except DoesNotExist:
        return None


def claim_proof(now: float, next_due: float, name: str = LEDGER) -> bool:
    """Whether this worker may make the proof now; the next may begin at `next_due`, whatever becomes of this one."""
    condition = LedgerProof.is_absent() | (LedgerProof.due <= now)
    defaults = {"moment": now, "periods": 0, "broken": 0}
    actions = [LedgerProof.due.set(next_due)]
    actions += [getattr(LedgerProof, name).set(getattr(LedgerProof, name) | value) for name, value in defaults.items()]
    return LedgerProof(name).update_if(condition, actions)


def save_proof(moment: float, periods: int, broken: int, name: str = LEDGER) -> None:
    """Store the result of a proof."""
    _save_proof(name, moment=moment, periods=periods, broken=broken, reached="", periods_so_far=0, broken_so_far=0)


def pause_proof(now: float, reached: str, periods: int, broken: int, name: str = LEDGER) -> None:
    """Store how far a proof has come that goes on at once, and what it found so far."""
    _save_proof(name, due=now, reached=reached, periods_so_far=periods, broken_so_far=broken)


def _save_proof(name: str, **values: float | str) -> None:
    actions = [getattr(LedgerProof, attribute).set(value) for attribute, value in values.items()]
    LedgerProof(name).update(actions=actions, condition=LedgerProof.is_present())
