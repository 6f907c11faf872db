"""The stub's HTTP server: the calls of its API, its pages, and the controls of the tests."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from imgapis.devstack.stripe_stub import forms, pages
from imgapis.devstack.stripe_stub.api import Api
from imgapis.devstack.stripe_stub.book import StubStore
from imgapis.devstack.stripe_stub.errors import StripeApiError
from imgapis.devstack.stripe_stub.sender import Sender
from imgapis.devstack.stripe_stub.trade import CardRefused, StubBilling

HOST = "127.0.0.1"


class Stub:
    """The stub's HTTP server: its API below /v1, its pages, and below /stub the controls of the tests."""

    def __init__(self, port: int, state: Path | None, webhook: str, secret: str, version: str, log: Path | None = None):
        self.book = StubStore(state)
        self.sender = Sender(webhook, secret)
        self.address = f"http://localhost:{port}"
        self.trade = StubBilling(self.book, version, self.address, self.sender.send)
        self.api = Api(self.book, self.trade, secret)
        self.log = log
        self.backs: dict[str, str] = {}
        self.down = False
        self.server = ThreadingHTTPServer((HOST, port), _handler(self))
        self.server.daemon_threads = True

    def call(self, method: str, path: str, params: dict[str, Any], key: str | None) -> tuple[int, dict]:
        """An API call as (HTTP status, body); the same idempotency key returns the same body."""
        if self.down:
            return 500, {"error": {"type": "api_error", "message": "The stub is set to be down."}}
        with self.book.lock if method == "GET" else self.book.change():
            if key and key in self.book.replies:
                return 200, self.book.replies[key]
            try:
                result = self.api.answer(method, path, params)
            except StripeApiError as refused:
                return refused.status, refused.body
            if path == "/v1/billing_portal/sessions":
                self.backs[params["customer"]] = params["return_url"]
            if key:
                self.book.replies[key] = json.loads(json.dumps(result))
        if self.log:
            with self.log.open("a") as file:
                file.write(json.dumps({"method": method, "path": path, "answer": result}) + "\n")
        return 200, result

    def page(self, path: str) -> str | None:
        """The HTML of a page; None where there is none."""
        kind, _, object_id = path.strip("/").partition("/")
        with self.book.lock:
            if kind == "checkout" and (session := self.book.get("sessions", object_id)):
                prices = [
                    self.book.require("prices", price_id) for price_id in session["metadata"]["stub_prices"].split(",")
                ]
                return pages.checkout(session, prices, self.book.refuses_cards)
            if kind == "portal" and self.book.get("customers", object_id):
                return pages.portal(
                    object_id,
                    self.backs.get(object_id, "/"),
                    self.book.list_all("subscriptions", customer=object_id),
                    self.book.list_all("invoices", customer=object_id),
                    self.book.refuses_cards,
                )
            if kind == "invoice" and (invoice := self.book.get("invoices", object_id)):
                return pages.invoice(invoice)
        return None

    def press(self, path: str, params: dict[str, Any]) -> str:
        """Submit a form of a page, or a control of the stub; returns the path to redirect to."""
        segments = path.strip("/").split("/")
        with self.book.change():
            if segments[0] == "checkout":
                try:
                    return self.api.buy(segments[1])
                except CardRefused:
                    return f"/checkout/{segments[1]}"
            if segments[0] == "invoice":
                self.api.confirm(segments[1])
                return f"/invoice/{segments[1]}"
            if segments[0] == "portal" and segments[2] == "cancel":
                for subscription in self.book.list_all("subscriptions", customer=segments[1]):
                    if subscription["status"] != "canceled":
                        if subscription["schedule"]:
                            self.api.release_schedule({}, subscription["schedule"])
                        self.api.update_subscription({"cancel_at_period_end": "true"}, subscription["id"])
                return f"/portal/{segments[1]}"
            if segments[0] == "portal" and segments[2] == "card":
                self.book.refuses_cards = not self.book.refuses_cards
                return f"/portal/{segments[1]}"
            return self._act(segments[1], params)

    def _act(self, action: str, params: dict[str, Any]) -> str:
        if action == "clock":
            self.trade.advance_clock(int(params["seconds"]))
        elif action == "cards":
            self.book.refuses_cards = params["refuse"] == "1"
        elif action == "confirm":
            self.book.asks_confirmation = params["ask"] == "1"
        elif action == "refund":
            charge = self.book.list_all("charges", customer=params["customer"])[0]
            self.trade.refund(charge, int(params["cents"] if "cents" in params else charge["amount"]))
        elif action == "down":
            self.down = params["down"] == "1"
        return "/"


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer leaves whole: in two pieces each would wait 40 ms for the client's acknowledgement

        def do_any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            params = forms.read(body or parts.query)
            if parts.path.startswith("/v1/"):
                key = self.headers.get("Idempotency-Key") if self.command == "POST" else None
                status, result = stub.call(self.command, parts.path, params, key)
                return self.say(status, json.dumps(result), "application/json")
            if parts.path == "/stub/idle":
                return self.say(200, json.dumps({"idle": stub.sender.idle()}), "application/json")
            if self.command == "POST":
                return self.say(303, "", "text/html", stub.press(parts.path, params))
            page = stub.page(parts.path)
            return self.say(404 if page is None else 200, page or "<p>STUB: no such page", "text/html; charset=utf-8")

        do_GET = do_POST = do_DELETE = do_any

        def say(self, status: int, text: str, kind: str, location: str = "") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet: an access line would keep addresses."""

    return Handler
