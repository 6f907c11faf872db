"""The Stripe stub as the tests use it: in this process, with its events queued for the test to deliver."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accounts.models import Workspace
from billing.stripe import customers, gateway, stripe_setup
from imgapis.devstack.stripe_stub.sender import signature
from imgapis.devstack.stripe_stub.server import Stub
from tests import environment
from tests.transforms.web_client import Reply, ask

SECRET = "whsec_stub"


class World:
    """The stub and the events it has not sent yet; `deliver` posts them to our webhook."""

    def __init__(self, port: int, folder: Path):
        self.stub = Stub(port, None, "http://127.0.0.1:9/", SECRET, gateway.VERSION, folder / "log")
        self.stub.trade._emit = self.keep
        self._earlier: set[str] = set()
        self.events: list[dict[str, Any]] = []
        self.log = folder / "log"

    def keep(self, event: dict[str, Any]) -> None:
        """Queue an event instead of sending it."""
        self.events.append(event)

    @property
    def trade(self):
        """The stub's actions: buying, refunds, the end of a period."""
        return self.stub.trade

    @property
    def book(self):
        """The stub's stored objects."""
        return self.stub.book

    def buys(self, workspace: Workspace, tier: str = "starter", interval: str = "month") -> str:
        """The workspace buys a plan on the stub's page; returns the customer id. No event has been sent yet."""
        row = customers.ensure(workspace.workspace_id)
        return_url = "http://localhost/back"
        session_id, _ = gateway.checkout(workspace.workspace_id, row.customer_id, tier, interval, return_url)
        with self.book.change():
            self.trade.buy(self.book.get("sessions", session_id))
        return row.customer_id

    def taken(self) -> list[dict[str, Any]]:
        """The events queued since the last call; empties the queue."""
        events, self.events = self.events, []
        return events

    def deliver(self, *events: dict[str, Any]) -> list[Reply]:
        """Post events to our webhook, signed, in this order; the queued ones if none is given."""
        return [post(json.dumps(event).encode()) for event in events or self.taken()]

    @contextmanager
    def refusing_cards(self) -> Iterator[None]:
        """All cards are declined inside the block."""
        self.book.refuses_cards = True
        yield
        self.book.refuses_cards = False

    def begin(self) -> None:
        """From here on, nothing falls due of the subscriptions and invoices that there are."""
        self._earlier = {*self.book.objects["subscriptions"], *self.book.objects["invoices"]}

    def advance(self, seconds: int = 0) -> None:
        """Move the stub's clock ahead, and run what falls due by then of the subscriptions made since `begin`: each of
        a year's renewals of all the customers of earlier tests would be run too."""
        with self.book.change():
            everything = {kind: self.book.objects[kind] for kind in ("subscriptions", "invoices")}
            for kind, rows in everything.items():
                self.book.objects[kind] = {key: row for key, row in rows.items() if key not in self._earlier}
            try:
                self.trade.advance_clock(seconds)
            finally:
                for kind, rows in everything.items():
                    self.book.objects[kind] = rows | self.book.objects[kind]

    def move(self, days: float) -> None:
        """Move the stub's clock forward by days."""
        self.advance(int(days * 86_400))


def post(body: bytes, header: str | None = None, secret: str = SECRET) -> Reply:
    """Post a webhook to the web server of the tests, signed unless `header` is given."""
    return ask(
        None,
        "/stripe/webhook",
        method="POST",
        host=f"localhost:{environment.WEB_PORT}",
        body=body,
        Content_Type="application/json",
        Stripe_Signature=signature(secret, body, int(time.time())) if header is None else header,
    )


def set_up(world: World) -> None:
    """Create our products and prices in the stub, as `stripe_setup` does."""
    gateway.clear_price_cache()
    list(stripe_setup.run("http://localhost/stripe/webhook"))
