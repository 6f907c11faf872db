"""What goes back at the stub: refunds and disputes, with their events."""

import json
from collections.abc import Callable

from imgapis.devstack.stripe_stub import payment_shapes, shapes
from imgapis.devstack.stripe_stub.book import StripeObject, StubStore, new_id


class StubRefunds:
    """Refunds and disputes over a book; `emit` is called with every event once it is stored."""

    def __init__(self, book: StubStore, version: str, address: str, emit: Callable[[StripeObject], None]):
        self.book, self.version, self.address, self._emit = book, version, address, emit

    def emit_event(self, kind: str, data_object: StripeObject, at: int | None = None) -> None:
        """Store and emit an event with a snapshot of an object, at the time `at` or now."""
        now = at or self.book.now()
        snapshot = json.loads(json.dumps(data_object))
        self._emit(self.book.put("events", shapes.event(new_id("evt"), now, self.version, kind, snapshot)))

    def refund(self, charge: StripeObject, cents: int, status: str = "succeeded") -> StripeObject:
        """Refund a part of a charge; some banks leave it `pending` for days."""
        refund = self.book.put("refunds", payment_shapes.refund(new_id("re"), self.book.now(), charge, cents, status))
        self._count_refund(charge, cents)
        self.emit_event("refund.created", refund)
        self.emit_event("charge.refunded", charge)
        return refund

    def settle_refund(self, refund: StripeObject, status: str) -> None:
        """End a pending refund as `succeeded`, or any as `failed`: the bank sent it back."""
        refund["status"] = status
        if status == "failed":
            refund["failure_reason"] = "expired_or_canceled_card"
            self._count_refund(self.book.require("charges", refund["charge"]), -refund["amount"])
        self.emit_event("refund.updated", refund)
        if status == "failed":
            self.emit_event("refund.failed", refund)

    def _count_refund(self, charge: StripeObject, cents: int) -> None:
        charge["amount_refunded"] += cents
        charge["refunded"] = charge["amount_refunded"] >= charge["amount"]

    def dispute(self, charge: StripeObject, cents: int) -> StripeObject:
        """The payer's bank disputes a part of a charge, and takes the money."""
        dispute = self.book.put("disputes", payment_shapes.dispute(new_id("du"), self.book.now(), charge, cents))
        charge["disputed"] = True
        self.emit_event("charge.dispute.created", dispute)
        return dispute

    def close_dispute(self, dispute: StripeObject, status: str) -> None:
        """End a dispute as `won` or `lost`."""
        dispute["status"] = status
        self.emit_event("charge.dispute.closed", dispute)
