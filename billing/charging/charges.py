"""Charges: the claims and events of each and their counters are written in one transaction."""

from collections.abc import Collection, Iterable, Sequence
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

    @property
    def proofs(self) -> tuple[str, ...]:
        """The digests whose live claims make it free."""
        return self.pictures or (self.digest,)

    @property
    def digests(self) -> frozenset[str]:
        """The digests of all claims that it writes."""
        return frozenset((self.digest, *self.pictures, *self.sources))

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


def write(bills: Sequence[Charge], names: Iterable[str]) -> None:
    """Write the claims and events of charges of one workspace, and their sum to its counters (of the period, of the
    day), together or not at all. No two may have a digest in common. Raises TransactionCanceled, whose names are
    "counter" and those that `names_of` reads, and TransactWriteError."""
    cost = sum(bill.event.cost for bill in bills)
    actions: list[Action] = [Counter.left.set(Counter.left - cost), Counter.used.set(Counter.used + cost)]
    with dynamo.transaction() as transaction:
        for index, bill in enumerate(bills):
            _save(bill, index, transaction)
        for name in names:
            counter_row = Counter(bills[0].event.workspace_id, name)
            transaction.update(counter_row, actions, condition=Counter.left >= cost, name="counter")


def names_of(index: int, names: Collection[str]) -> frozenset[str]:
    """Of the names of writes, those of one of several charges: "claim", "event"."""
    return frozenset(name for name in ("claim", "event") if f"{name} {index}" in names)


def _save(bill: Charge, index: int, transaction: dynamo.Transaction) -> None:
    claim_condition = (
        Claim.is_absent() | (Claim.expires <= clock.utc(int(bill.moment))) | (Claim.charged <= bill.purged_before)
    )
    for digest in bill.proofs:
        transaction.save(_claim(bill, digest), condition=claim_condition, name=f"claim {index}")
    for digest in bill.digests.difference(bill.proofs):
        transaction.save(_claim(bill, digest))
    transaction.save(events.to_row(bill.event, bill.retention_days), if_absent=True, name=f"event {index}")


def _claim(bill: Charge, digest: str) -> Claim:
    expires = clock.utc(int(bill.moment) + bill.claim_seconds)
    return Claim(bill.event.workspace_id, digest, charged=bill.moment, expires=expires)
