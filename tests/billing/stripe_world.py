"""The stub of Stripe as the tests use it: in this process, its events kept for the test to send as it likes."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accounts.models import Workspace
from billing import customers, gateway, stripe_setup
from imgapis.embedded.stripe_stub.sender import signature
from imgapis.embedded.stripe_stub.server import Stub
from tests import environment
from tests.transforms.web_client import Reply, ask

SECRET = "whsec_stub"


class World:
    """The stub, what it would send, and what became of it at our door."""

    def __init__(self, port: int, folder: Path):
        self.stub = Stub(port, folder / "stub.json", "http://127.0.0.1:9/", SECRET, gateway.VERSION, folder / "log")
        self.stub.trade._emit = self.keep
        self.events: list[dict[str, Any]] = []
        self.log = folder / "log"

    def keep(self, event: dict[str, Any]) -> None:
        """Keep an event instead of sending it."""
        self.events.append(event)

    @property
    def trade(self):
        """The stub's shop."""
        return self.stub.trade

    @property
    def book(self):
        """The stub's book."""
        return self.stub.book

    def buys(self, workspace: Workspace, tier: str = "starter", interval: str = "month") -> str:
        """The workspace buys a plan on the stub's page; its customer's id. No event has been sent yet."""
        row = customers.ensure(workspace.workspace_id)
        back = "http://localhost/back"
        session_id, _ = gateway.checkout(workspace.workspace_id, row.customer_id, tier, interval, back)
        with self.book.change():
            self.trade.buy(self.book.get("sessions", session_id))
        return row.customer_id

    def taken(self) -> list[dict[str, Any]]:
        """The events made since this was last asked."""
        found, self.events = self.events, []
        return found

    def deliver(self, *events: dict[str, Any]) -> list[Reply]:
        """Send events to our door, signed, in this order; those made since last time where none is named."""
        return [post(json.dumps(event).encode()) for event in events or self.taken()]

    @contextmanager
    def refusing_cards(self) -> Iterator[None]:
        """Cards refuse meanwhile."""
        self.book.refuses_cards = True
        yield
        self.book.refuses_cards = False

    def move(self, days: float) -> None:
        """Move the stub's clock."""
        with self.book.change():
            self.trade.move(int(days * 86_400))


def post(body: bytes, header: str | None = None, secret: str = SECRET) -> Reply:
    """Post a webhook to the web server of the tests."""
    return ask(
        None, "/stripe/webhook", method="POST", host=f"localhost:{environment.WEB_PORT}", body=body,
        Content_Type="application/json",
        Stripe_Signature=signature(secret, body, int(time.time())) if header is None else header,
    )  # fmt: skip


def set_up(world: World) -> None:
    """Tell the stub what we sell, as `stripe_setup` does."""
    gateway.forget_prices()
    list(stripe_setup.run("http://localhost/stripe/webhook"))
