"""A charge: its claims, its event and its counters are written in one transaction."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from pynamodb.expressions.update import Action

from accounts.workspaces.entitlements import STARTING
from billing.models import Claim, Counter
from imgapis.base import clock, dynamo
from telemetry import events
from telemetry.events import RequestEvent


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
        unpaid = [index for index, digest in enumerate(self.pictures) if digest not in paid]
        cost = self.event.cost // len(self.pictures) * len(unpaid)
        return replace(
            self,
            event=replace(self.event, cost=cost),
            pictures=tuple(self.pictures[index] for index in unpaid),
            sources=tuple(self.sources[index] for index in unpaid) if self.sources else (),
        )


def write(bill: Charge, names: Iterable[str]) -> None:
    """Write "claim", "event" and "counter" (of the period, of the day) together or not at all. Raises
    TransactionCanceled by these names, TransactWriteError."""
    event = bill.event
    proofs = bill.pictures or (bill.digest,)
    beside = {bill.digest, *bill.sources}.difference(proofs)
    claim_condition = (
        Claim.is_absent() | (Claim.expires <= clock.utc(int(bill.moment))) | (Claim.charged <= bill.purged_before)
    )
    actions: list[Action] = [Counter.left.set(Counter.left - event.cost), Counter.used.set(Counter.used + event.cost)]
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
