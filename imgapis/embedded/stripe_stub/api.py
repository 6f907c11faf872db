"""The calls of Stripe's API that img apis makes, answered by the stub."""

import re
from collections.abc import Callable
from typing import Any

from imgapis.embedded.stripe_stub import shapes
from imgapis.embedded.stripe_stub.book import Book, new_id
from imgapis.embedded.stripe_stub.trade import CardRefused, Trade


class Refused(Exception):
    """An error of Stripe's: a status, its type, and a sentence."""

    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error", reason: str = ""):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message} | ({"code": reason} if reason else {})}


Asked = dict[str, Any]


class Api:
    """Answers by method and path; the book's lock is held meanwhile."""

    def __init__(self, book: Book, trade: Trade, secret: str):
        self.book, self.trade, self.secret = book, trade, secret

    def answer(self, method: str, path: str, asked: Asked) -> Any:
        """The answer to a call. Raises Refused."""
        for known, pattern, act in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and known == method:
                return act(self, asked, *match.groups())
        raise Refused(f"The stub does not know {method} {path}.", 404)

    def _one(self, kind: str, name: str) -> dict[str, Any]:
        found = self.book.get(kind, name)
        if found is None:
            raise Refused(f"No such object: {name}", 404, reason="resource_missing")
        return found

    def _now(self) -> int:
        return self.book.now()

    def create_customer(self, asked: Asked):
        return self.book.put("customers", shapes.customer(new_id("cus"), self._now(), asked.get("metadata", {})))

    def customer(self, asked: Asked, name: str):
        return self._one("customers", name)

    def customers(self, asked: Asked):
        living = [one for one in self.book.every("customers") if not one.get("deleted")]
        return shapes.listed("/v1/customers", living)

    def delete_customer(self, asked: Asked, name: str):
        if self._one("customers", name).get("deleted"):
            raise Refused(f"No such customer: {name}", 404, reason="resource_missing")
        for one in self.book.every("subscriptions", customer=name):
            if one["status"] != "canceled":
                self.trade.end(one)
        gone = {"id": name, "object": "customer", "deleted": True}
        self.trade.tell("customer.deleted", self.book.get("customers", name))
        return self.book.put("customers", gone)

    def create_product(self, asked: Asked):
        name = asked.get("id") or new_id("prod")
        if self.book.get("products", name):
            raise Refused("Product already exists.", reason="resource_already_exists")
        return self.book.put("products", shapes.product(name, self._now(), asked["name"], asked.get("metadata", {})))

    def product(self, asked: Asked, name: str):
        return self._one("products", name)

    def create_price(self, asked: Asked):
        if asked.get("transfer_lookup_key") == "true":
            for one in self.book.every("prices", lookup_key=asked.get("lookup_key")):
                one["lookup_key"] = None
        self._one("products", asked["product"])
        return self.book.put("prices", shapes.price(new_id("price"), self._now(), asked))

    def prices(self, asked: Asked):
        wanted = asked.get("lookup_keys")
        found = [one for one in self.book.every("prices") if not wanted or one["lookup_key"] in wanted]
        return shapes.listed("/v1/prices", found)

    def create_meter(self, asked: Asked):
        return self.book.put("meters", shapes.meter(new_id("mtr"), self._now(), asked))

    def meters(self, asked: Asked):
        return shapes.listed("/v1/billing/meters", self.book.every("meters"))

    def meter_event(self, asked: Asked):
        made = shapes.meter_event(self._now(), asked)
        if asked["identifier"] in self.book.objects["meter_events"]:
            raise Refused("An event with this identifier was told before.", reason="duplicate_meter_event")
        self._one("customers", asked["payload"]["stripe_customer_id"])
        self.book.objects["meter_events"][asked["identifier"]] = made
        return made

    def create_session(self, asked: Asked):
        self._one("customers", asked["customer"])
        for line in asked["line_items"]:
            self._one("prices", line["price"])
        name = new_id("cs_test")
        return self.book.put(
            "sessions", shapes.session(name, self._now(), asked, f"{self.trade.address}/checkout/{name}")
        )

    def session(self, asked: Asked, name: str):
        return self._one("sessions", name)

    def sessions(self, asked: Asked):
        kept = {name: asked[name] for name in ("customer", "status") if name in asked}
        return shapes.listed("/v1/checkout/sessions", self.book.every("sessions", **kept))

    def expire_session(self, asked: Asked, name: str):
        found = self._one("sessions", name)
        if found["status"] != "open":
            raise Refused(f"Only Checkout Sessions with a status in [open] can be expired. This is {found['status']}.")
        found |= {"status": "expired", "url": None}
        return found

    def portal(self, asked: Asked):
        self._one("customers", asked["customer"])
        configuration = next(iter(self.book.objects["configurations"]), "bpc_stub")
        name, customer = new_id("bps"), asked["customer"]
        return shapes.portal_session(
            name, self._now(), customer, configuration, f"{self.trade.address}/portal/{customer}", asked["return_url"]
        )  # fmt: skip

    def create_configuration(self, asked: Asked):
        return self.book.put("configurations", shapes.configuration(new_id("bpc"), self._now()))

    def configurations(self, asked: Asked):
        return shapes.listed("/v1/billing_portal/configurations", self.book.every("configurations"))

    def subscriptions(self, asked: Asked):
        found = self.book.every("subscriptions", customer=asked["customer"])
        found = found if asked.get("status") == "all" else [one for one in found if one["status"] != "canceled"]
        expands = "data.schedule" in asked.get("expand", [])
        return shapes.listed("/v1/subscriptions", [self._expanded(one) if expands else one for one in found])

    def _expanded(self, one: dict[str, Any]) -> dict[str, Any]:
        return one | {"schedule": self.book.get("schedules", one["schedule"])} if one["schedule"] else one

    def subscription(self, asked: Asked, name: str):
        return self._one("subscriptions", name)

    def update_subscription(self, asked: Asked, name: str):
        one = self._one("subscriptions", name)
        if one["status"] == "canceled":
            raise Refused("A canceled subscription can only update its cancellation_details.")
        if "items" in asked:
            if self.book.refuses_cards:
                raise Refused("Your card was declined.", 402, "card_error", "card_declined")
            rhythm = one["items"]["data"][0]["price"]["recurring"]["interval"]
            before = one["items"]["data"][0]["price"]["unit_amount"]
            self.trade.sell(one, [self._one("prices", each["price"]) for each in asked["items"]])
            now = one["items"]["data"][0]["price"]["unit_amount"]
            if one["items"]["data"][0]["price"]["recurring"]["interval"] != rhythm:
                self.trade.begin_anew(one)
            self.trade.bill(one, max(0, now - before), "subscription_update")
        if "cancel_at_period_end" in asked:
            one["cancel_at_period_end"] = asked["cancel_at_period_end"] == "true"
        self.trade.tell("customer.subscription.updated", one)
        return one

    def cancel_subscription(self, asked: Asked, name: str):
        one = self._one("subscriptions", name)
        if one["status"] == "canceled":
            raise Refused("No such subscription.", 404, reason="resource_missing")
        self.trade.end(one)
        return one

    def create_schedule(self, asked: Asked):
        one = self._one("subscriptions", asked["from_subscription"])
        if one["schedule"]:
            raise Refused("The subscription has a schedule already.")
        first = one["items"]["data"][0]
        prices = [each["price"] for each in one["items"]["data"]]
        now = shapes.phase(prices, first["current_period_start"], first["current_period_end"])
        made = self.book.put("schedules", shapes.schedule(new_id("sub_sched"), self._now(), one, [now]))
        one["schedule"] = made["id"]
        return made

    def schedule(self, asked: Asked, name: str):
        return self._one("schedules", name)

    def update_schedule(self, asked: Asked, name: str):
        found = self._one("schedules", name)
        running, following = asked["phases"]
        end = int(running["end_date"])
        after = [self._one("prices", each["price"]) for each in following["items"]]
        found["phases"] = [found["phases"][0] | {"end_date": end}, shapes.phase(after, end, end + 31 * 86_400)]
        found["current_phase"]["end_date"] = end
        self.trade.tell("subscription_schedule.updated", found)
        return found

    def release_schedule(self, asked: Asked, name: str):
        found = self._one("schedules", name)
        if found["status"] != "active":
            raise Refused("You cannot release a schedule that is not active.")
        found["status"] = "released"
        self._one("subscriptions", found["subscription"])["schedule"] = None
        self.trade.tell("subscription_schedule.released", found)
        return found

    def invoices(self, asked: Asked):
        return shapes.listed("/v1/invoices", self.book.every("invoices", customer=asked["customer"]))

    def invoice(self, asked: Asked, name: str):
        return self._one("invoices", name)

    def charge(self, asked: Asked, name: str):
        return self._one("charges", name)

    def refunds(self, asked: Asked):
        return shapes.listed("/v1/refunds", self.book.every("refunds", charge=asked["charge"]))

    def event(self, asked: Asked, name: str):
        return self._one("events", name)

    def events(self, asked: Asked):
        made, kinds = asked.get("created", {}), asked.get("types")
        found = [
            one
            for one in self.book.every("events")
            if int(made.get("gte", 0)) <= one["created"] <= int(made.get("lte", one["created"]))
            and (not kinds or one["type"] in kinds)
        ]
        return shapes.listed("/v1/events", found[: int(asked.get("limit", 10))])

    def create_endpoint(self, asked: Asked):
        return self.book.put("endpoints", shapes.endpoint(new_id("we"), self._now(), asked, self.secret))

    def endpoints(self, asked: Asked):
        return shapes.listed("/v1/webhook_endpoints", self.book.every("endpoints"))

    def update_endpoint(self, asked: Asked, name: str):
        one = self._one("endpoints", name)
        return one | {"enabled_events": asked.get("enabled_events", one["enabled_events"])}

    def buy(self, name: str) -> str:
        """Complete a session from its page; the address to go on to. Raises CardRefused."""
        found = self._one("sessions", name)
        if found["status"] == "open":
            self.trade.buy(found)
        return found["success_url"].replace("{CHECKOUT_SESSION_ID}", name)


NAME = r"([A-Za-z0-9_]+)"
ROUTES: tuple[tuple[str, str, Callable], ...] = (
    ("POST", "/v1/customers", Api.create_customer),
    ("GET", "/v1/customers", Api.customers),
    ("GET", f"/v1/customers/{NAME}", Api.customer),
    ("DELETE", f"/v1/customers/{NAME}", Api.delete_customer),
    ("POST", "/v1/products", Api.create_product),
    ("GET", f"/v1/products/{NAME}", Api.product),
    ("POST", "/v1/prices", Api.create_price),
    ("GET", "/v1/prices", Api.prices),
    ("POST", "/v1/billing/meters", Api.create_meter),
    ("GET", "/v1/billing/meters", Api.meters),
    ("POST", "/v1/billing/meter_events", Api.meter_event),
    ("POST", "/v1/checkout/sessions", Api.create_session),
    ("GET", "/v1/checkout/sessions", Api.sessions),
    ("GET", f"/v1/checkout/sessions/{NAME}", Api.session),
    ("POST", f"/v1/checkout/sessions/{NAME}/expire", Api.expire_session),
    ("POST", "/v1/billing_portal/sessions", Api.portal),
    ("POST", "/v1/billing_portal/configurations", Api.create_configuration),
    ("GET", "/v1/billing_portal/configurations", Api.configurations),
    ("GET", "/v1/subscriptions", Api.subscriptions),
    ("GET", f"/v1/subscriptions/{NAME}", Api.subscription),
    ("POST", f"/v1/subscriptions/{NAME}", Api.update_subscription),
    ("DELETE", f"/v1/subscriptions/{NAME}", Api.cancel_subscription),
    ("POST", "/v1/subscription_schedules", Api.create_schedule),
    ("GET", f"/v1/subscription_schedules/{NAME}", Api.schedule),
    ("POST", f"/v1/subscription_schedules/{NAME}", Api.update_schedule),
    ("POST", f"/v1/subscription_schedules/{NAME}/release", Api.release_schedule),
    ("GET", "/v1/invoices", Api.invoices),
    ("GET", f"/v1/invoices/{NAME}", Api.invoice),
    ("GET", f"/v1/charges/{NAME}", Api.charge),
    ("GET", "/v1/refunds", Api.refunds),
    ("GET", "/v1/events", Api.events),
    ("GET", f"/v1/events/{NAME}", Api.event),
    ("POST", "/v1/webhook_endpoints", Api.create_endpoint),
    ("GET", "/v1/webhook_endpoints", Api.endpoints),
    ("POST", f"/v1/webhook_endpoints/{NAME}", Api.update_endpoint),
)

__all__ = ["Api", "CardRefused", "Refused"]
