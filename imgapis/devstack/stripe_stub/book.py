"""The stub's store: every Stripe object, written to disk after each change, and a clock that can be moved ahead."""

import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imgapis.base import clock
from imgapis.devstack.stripe_stub import payment_shapes

StripeObject = dict[str, Any]  # an object of Stripe's API, as its JSON
KINDS = (
    "customers",
    "payment_methods",
    "products",
    "prices",
    "meters",
    "meter_events",
    "sessions",
    "subscriptions",
    "schedules",
    "invoices",
    "charges",
    "refunds",
    "events",
    "endpoints",
    "configurations",
    "invoice_payments",
    "disputes",
)


class StubStore:
    """Objects by kind and id. `change()` holds the lock and leaves the file whole, however the process ends; without a
    path they are kept in memory alone."""

    def __init__(self, path: Path | None):
        self.path = path
        self.lock = threading.RLock()
        self.objects: dict[str, dict[str, StripeObject]] = {kind: {} for kind in KINDS}
        self.offset = 0
        self.replies: dict[str, Any] = {}
        self.refuses_cards = False
        self.asks_confirmation = False  # whether the bank wants the payer to confirm each payment
        self.meter_delay = 0  # seconds until the meter counts an event
        if path and path.exists():
            state = json.loads(path.read_text())
            self.objects |= state["objects"]
            self.offset, self.replies = state["offset"], state["replies"]
            self.refuses_cards = state["refuses_cards"]
            complete(self.objects)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change objects, then write everything down."""
        with self.lock:
            yield
            self._write()

    def _write(self) -> None:
        if self.path is None:
            return
        state = {
            "objects": self.objects,
            "offset": self.offset,
            "replies": self.replies,
            "refuses_cards": self.refuses_cards,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new_path = self.path.with_suffix(".new")
        new_path.write_text(json.dumps(state))
        os.replace(new_path, self.path)

    def now(self) -> int:
        """Seconds since 1970, by the stub's clock."""
        return int(clock.now()) + self.offset

    def put(self, kind: str, stripe_object: StripeObject) -> StripeObject:
        """Store an object under its id; returns it."""
        self.objects[kind][stripe_object["id"]] = stripe_object
        return stripe_object

    def get(self, kind: str, object_id: str) -> StripeObject | None:
        """An object, or None."""
        return self.objects[kind].get(object_id)

    def require(self, kind: str, object_id: str) -> StripeObject:
        """An object that another one names. Raises KeyError."""
        return self.objects[kind][object_id]

    def list_all(self, kind: str, **filters: str | None) -> list[StripeObject]:
        """The objects of a kind whose properties equal `filters`, newest first."""
        matching = [
            stripe_object
            for stripe_object in self.objects[kind].values()
            if all(stripe_object.get(key) == value for key, value in filters.items())
        ]
        return sorted(
            matching,
            key=lambda stripe_object: (stripe_object.get("created", 0), stripe_object.get("id", "")),
            reverse=True,
        )


def new_id(prefix: str) -> str:
    """An id of Stripe's form."""
    return f"{prefix}_stub{secrets.token_hex(9)}"


def complete(objects: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Give objects that an older stub wrote what this one reads: whose an invoice is, what its line sells, and which
    payment it had."""
    prices = {price["unit_amount"]: price for price in objects["prices"].values() if price["unit_amount"]}
    subscription_ids = {row["customer"]: row["id"] for row in objects["subscriptions"].values()}
    for invoice in (row for row in objects["invoices"].values() if "parent" not in row):
        details = {"subscription": subscription_ids.get(invoice["customer"], ""), "metadata": {}}
        invoice["parent"] = {"type": "subscription_details", "quote_details": None, "subscription_details": details}
        for line in invoice["lines"]["data"]:
            if price := prices.get(line["amount"]):
                price_details = {"price": price["id"], "product": price["product"]}
                line["pricing"] = {"type": "price_details", "price_details": price_details}
    for charge in (row for row in objects["charges"].values() if "payment_intent" not in row):
        charge["payment_intent"] = charge["id"].replace("ch_", "pi_")
        payment = payment_shapes.invoice_payment(
            new_id("inpay"), charge["created"], charge["metadata"]["invoice"], charge
        )
        objects["invoice_payments"][payment["id"]] = payment
