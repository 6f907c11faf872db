"""The calls of Stripe's API that img apis makes, answered by the stub."""

import re
from collections.abc import Callable
from typing import Any

from imgapis.base import clock
from imgapis.devstack.stripe_stub import shapes
from imgapis.devstack.stripe_stub.book import StripeObject, new_id
from imgapis.devstack.stripe_stub.customer_api import CustomerApi
from imgapis.devstack.stripe_stub.errors import StripeApiError
from imgapis.devstack.stripe_stub.invoice_api import Params

IDENTIFIER_SECONDS = clock.DAY  # for so long an identifier of a meter event is known


class Api(CustomerApi):
    """Answers by method and path; the caller holds the book's lock."""

    def answer(self, method: str, path: str, params: Params) -> Any:
        """The answer to a call. Raises Refused."""
        for route_method, pattern, handler in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and route_method == method:
                return handler(self, params, *match.groups())
        raise StripeApiError(f"The stub does not know {method} {path}.", 404)

    def create_product(self, params: Params) -> StripeObject:
        product_id = params.get("id") or new_id("prod")
        if self.book.get("products", product_id):
            raise StripeApiError("Product already exists.", reason="resource_already_exists")
        return self.book.put(
            "products", shapes.product(product_id, self._now(), params["name"], params.get("metadata", {}))
        )

    def product(self, params: Params, object_id: str) -> StripeObject:
        return self._one("products", object_id)

    def create_price(self, params: Params) -> StripeObject:
        if params.get("transfer_lookup_key") == "true":
            for price in self.book.list_all("prices", lookup_key=params.get("lookup_key")):
                price["lookup_key"] = None
        self._one("products", params["product"])
        return self.book.put("prices", shapes.price(new_id("price"), self._now(), params))

    def prices(self, params: Params) -> StripeObject:
        lookup_keys = params.get("lookup_keys")
        prices = [
            price for price in self.book.list_all("prices") if not lookup_keys or price["lookup_key"] in lookup_keys
        ]
        return shapes.listed("/v1/prices", prices)

    def create_meter(self, params: Params) -> StripeObject:
        return self.book.put("meters", shapes.meter(new_id("mtr"), self._now(), params))

    def meters(self, params: Params) -> StripeObject:
        return shapes.listed("/v1/billing/meters", self.book.list_all("meters"))

    def meter_event(self, params: Params) -> StripeObject:
        meter_event, identifier = shapes.meter_event(self._now(), params), params["identifier"]
        self._require_time_of_meter_event(meter_event)
        earlier_events = [row for row in self.book.list_all("meter_events") if row["identifier"] == identifier]
        if any(row["created"] > self._now() - IDENTIFIER_SECONDS for row in earlier_events):
            raise StripeApiError("An event with this identifier was told before.", reason="duplicate_meter_event")
        if self._one("customers", params["payload"]["stripe_customer_id"]).get("deleted"):
            raise StripeApiError("No such customer.", reason="resource_missing")
        self.book.objects["meter_events"][f"{identifier} {len(earlier_events)}"] = meter_event
        self.trade.bill_late_usage(meter_event)
        return meter_event

    def _require_time_of_meter_event(self, meter_event: StripeObject) -> None:
        age = self._now() - meter_event["timestamp"]
        if age > 35 * clock.DAY:
            raise StripeApiError("The timestamp is too old.", reason="timestamp_too_far_in_past")
        if age < -300:
            raise StripeApiError("The timestamp lies ahead.", reason="timestamp_in_future")

    def meter_summaries(self, params: Params, meter_id: str) -> StripeObject:
        self._one("meters", meter_id)
        start, end = int(params["start_time"]), int(params["end_time"])
        if start % 60 or end % 60 or end <= start:
            raise StripeApiError("Times must be aligned with minute boundaries.")
        value = self.trade.metered(params["customer"], start, end)
        rows = [shapes.meter_summary(f"mtrusg_{meter_id}_{start}", meter_id, start, end, value)] if value else []
        return shapes.listed(f"/v1/billing/meters/{meter_id}/event_summaries", rows)

    def create_session(self, params: Params) -> StripeObject:
        self._one("customers", params["customer"])
        for line in params["line_items"]:
            self._one("prices", line["price"])
        session_id = new_id("cs_test")
        return self.book.put(
            "sessions", shapes.session(session_id, self._now(), params, f"{self.trade.address}/checkout/{session_id}")
        )

    def session(self, params: Params, object_id: str) -> StripeObject:
        return self._one("sessions", object_id)

    def sessions(self, params: Params) -> StripeObject:
        filters = {name: params[name] for name in ("customer", "status") if name in params}
        return shapes.listed("/v1/checkout/sessions", self.book.list_all("sessions", **filters))

    def expire_session(self, params: Params, session_id: str) -> StripeObject:
        session = self._one("sessions", session_id)
        if session["status"] != "open":
            raise StripeApiError(
                f"Only Checkout Sessions with a status in [open] can be expired. This is {session['status']}."
            )
        session |= {"status": "expired", "url": None}
        return session

    def portal(self, params: Params) -> StripeObject:
        self._one("customers", params["customer"])
        configuration = next(iter(self.book.objects["configurations"]), "bpc_stub")
        portal_session_id, customer_id = new_id("bps"), params["customer"]
        return shapes.portal_session(
            portal_session_id,
            self._now(),
            customer_id,
            configuration,
            f"{self.trade.address}/portal/{customer_id}",
            params["return_url"],
        )

    def create_configuration(self, params: Params) -> StripeObject:
        payer_fields = params["features"]["customer_update"]["allowed_updates"]
        return self.book.put("configurations", shapes.configuration(new_id("bpc"), self._now(), payer_fields))

    def update_configuration(self, params: Params, configuration_id: str) -> StripeObject:
        configuration = self._one("configurations", configuration_id)
        payer_fields = params["features"]["customer_update"]["allowed_updates"]
        configuration["features"]["customer_update"]["allowed_updates"] = payer_fields
        return configuration

    def configurations(self, params: Params) -> StripeObject:
        return shapes.listed("/v1/billing_portal/configurations", self.book.list_all("configurations"))

    def subscriptions(self, params: Params) -> StripeObject:
        subscriptions = self.book.list_all("subscriptions", customer=params["customer"])
        subscriptions = (
            subscriptions
            if params.get("status") == "all"
            else [subscription for subscription in subscriptions if subscription["status"] != "canceled"]
        )
        expands = "data.schedule" in params.get("expand", [])
        return shapes.listed(
            "/v1/subscriptions",
            [self._expanded(subscription) if expands else subscription for subscription in subscriptions],
        )

    def _expanded(self, subscription: StripeObject) -> StripeObject:
        return (
            subscription | {"schedule": self.book.get("schedules", subscription["schedule"])}
            if subscription["schedule"]
            else subscription
        )

    def subscription(self, params: Params, object_id: str) -> StripeObject:
        return self._one("subscriptions", object_id)

    def update_subscription(self, params: Params, subscription_id: str) -> StripeObject:
        subscription = self._one("subscriptions", subscription_id)
        if subscription["status"] == "canceled" and set(params) != {"metadata"}:
            raise StripeApiError("A canceled subscription can only update its cancellation_details.")
        if subscription["schedule"] and "cancel_at_period_end" in params:
            raise StripeApiError(
                f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating"
                " any cancelation behavior directly is not allowed. Please update the schedule instead."
            )
        if "items" in params:
            self._change_items(subscription, params)
        subscription["metadata"] |= params.get("metadata", {})
        if "cancel_at_period_end" in params:
            subscription["cancel_at_period_end"] = params["cancel_at_period_end"] == "true"
        self.trade.emit_event("customer.subscription.updated", subscription)
        if "latest_invoice" in params.get("expand", []):
            return subscription | {"latest_invoice": self.book.get("invoices", subscription["latest_invoice"])}
        return subscription

    def _change_items(self, subscription: StripeObject, params: Params) -> None:
        is_held = params.get("payment_behavior") == "pending_if_incomplete"
        if is_held and "cancel_at_period_end" in params:
            raise StripeApiError("pending_if_incomplete does not support cancel_at_period_end.")
        self.trade.drop_pending_update(subscription)
        prices = self._changed_prices(subscription, params["items"])
        is_free = params.get("proration_behavior") == "none" or not self._is_billed(subscription, prices)
        if self.trade.refuses(subscription["customer"]) and not is_held and not is_free:
            raise StripeApiError("Your card was declined.", 402, "card_error", "card_declined")
        if self.book.asks_confirmation and not is_held and not is_free:
            reason = "subscription_payment_intent_requires_action"
            raise StripeApiError("Payment requires additional user action.", 402, "card_error", reason)
        if params.get("proration_behavior") == "none":
            self.trade.set_prices(subscription, prices)
        else:
            self.trade.change_items(subscription, prices, is_held)

    def _is_billed(self, subscription: StripeObject, prices: list[StripeObject]) -> bool:
        """Whether a change comes to an invoice: of another plan, or of what was used at a metered price that goes."""
        price_ids = {price["id"] for price in prices}
        if subscription["items"]["data"][0]["price"]["id"] not in price_ids:
            return True
        lines = self.trade.overage_lines(subscription, self._now() + 1)
        return any(row["amount"] for row in lines if row["pricing"]["price_details"]["price"] not in price_ids)

    def _changed_prices(self, subscription: StripeObject, changes: list[Params]) -> list[StripeObject]:
        """The prices after changes of items: one that names no item is added, and what is not named stays."""
        prices = {item["id"]: item["price"] for item in subscription["items"]["data"]}
        for number, change in enumerate(changes):
            if change.get("id", "") not in ("", *prices):
                raise StripeApiError(f"No such subscription item: {change['id']}", 404, reason="resource_missing")
            if change.get("deleted") == "true":
                del prices[change["id"]]
                continue
            price = self._one("prices", change["price"])
            if "id" not in change and price["id"] in {other["id"] for other in prices.values()}:
                raise StripeApiError("An existing Subscription Item is already using that Price.")
            prices[change.get("id", f"new {number}")] = price
        return list(prices.values())

    def cancel_subscription(self, params: Params, subscription_id: str) -> StripeObject:
        subscription = self._one("subscriptions", subscription_id)
        if subscription["status"] == "canceled":
            raise StripeApiError("No such subscription.", 404, reason="resource_missing")
        if params.get("invoice_now") == "true":
            self.trade.final_invoice(subscription, self._now() + 1)
        self.trade.end(subscription)
        self.trade.stop_collection(subscription["customer"])
        return subscription

    def create_schedule(self, params: Params) -> StripeObject:
        subscription = self._one("subscriptions", params["from_subscription"])
        if subscription["schedule"]:
            raise StripeApiError("The subscription has a schedule already.")
        first_item = subscription["items"]["data"][0]
        prices = [item["price"] for item in subscription["items"]["data"]]
        current_phase = shapes.phase(prices, first_item["current_period_start"], first_item["current_period_end"])
        schedule = self.book.put(
            "schedules", shapes.schedule(new_id("sub_sched"), self._now(), subscription, [current_phase])
        )
        schedule["end_behavior"] = "cancel" if subscription["cancel_at_period_end"] else "release"
        subscription["schedule"] = schedule["id"]
        return schedule

    def schedule(self, params: Params, object_id: str) -> StripeObject:
        return self._one("schedules", object_id)

    def update_schedule(self, params: Params, schedule_id: str) -> StripeObject:
        schedule = self._one("schedules", schedule_id)
        current, *next_phases = params["phases"]
        end = int(current["end_date"])
        schedule["phases"] = [schedule["phases"][0] | {"end_date": end}]
        for next_phase in next_phases:
            next_prices = [self._one("prices", item["price"]) for item in next_phase["items"]]
            behavior = next_phase.get("proration_behavior", "create_prorations")
            schedule["phases"].append(shapes.phase(next_prices, end, end + 31 * clock.DAY, behavior))
        schedule["current_phase"]["end_date"] = end
        schedule["end_behavior"] = params.get("end_behavior", schedule["end_behavior"])
        self._set_end(schedule, end if schedule["end_behavior"] == "cancel" and not next_phases else None)
        self.trade.emit_event("subscription_schedule.updated", schedule)
        return schedule

    def _set_end(self, schedule: StripeObject, moment: int | None) -> None:
        """Say on the subscription of a schedule when the schedule ends it."""
        ends = {"cancel_at": moment, "cancel_at_period_end": False}
        self._one("subscriptions", schedule["subscription"]).update(ends)

    def release_schedule(self, params: Params, schedule_id: str) -> StripeObject:
        schedule = self._one("schedules", schedule_id)
        if schedule["status"] != "active":
            raise StripeApiError("You cannot release a schedule that is not active.")
        schedule["status"] = "released"
        self._one("subscriptions", schedule["subscription"]).update(schedule=None, cancel_at=None)
        self.trade.emit_event("subscription_schedule.released", schedule)
        return schedule

    def charge(self, params: Params, object_id: str) -> StripeObject:
        return self._one("charges", object_id)

    def charges(self, params: Params) -> StripeObject:
        filters = {name: params[name] for name in ("customer", "payment_intent") if name in params}
        charges = self.book.list_all("charges", **filters)
        return shapes.listed("/v1/charges", charges[: int(params.get("limit", 10))])

    def disputes(self, params: Params) -> StripeObject:
        return shapes.listed("/v1/disputes", self.book.list_all("disputes", charge=params["charge"]))

    def create_refund(self, params: Params) -> StripeObject:
        """Without an amount Stripe refunds what is left of the charge, and refuses where nothing is."""
        charges = self.book.list_all("charges", payment_intent=params["payment_intent"])
        if not charges:
            raise StripeApiError("No such payment_intent.", 404, reason="resource_missing")
        (charge,) = charges
        if charge["refunded"]:
            raise StripeApiError("The charge has already been refunded.", reason="charge_already_refunded")
        return self.trade.refund(charge, int(params.get("amount", charge["amount"] - charge["amount_refunded"])))

    def refunds(self, params: Params) -> StripeObject:
        return shapes.listed("/v1/refunds", self.book.list_all("refunds", charge=params["charge"]))

    def event(self, params: Params, object_id: str) -> StripeObject:
        return self._one("events", object_id)

    def events(self, params: Params) -> StripeObject:
        created, kinds = params.get("created", {}), params.get("types")
        events = [
            event
            for event in self.book.list_all("events")
            if int(created.get("gte", 0)) <= event["created"] <= int(created.get("lte", event["created"]))
            and (not kinds or event["type"] in kinds)
        ]
        return shapes.listed("/v1/events", events[: int(params.get("limit", 10))])

    def create_endpoint(self, params: Params) -> StripeObject:
        secret = new_id("whsec") if self.book.objects["endpoints"] else self.secret
        endpoint = self.book.put("endpoints", shapes.endpoint(new_id("we"), self._now(), params))
        return endpoint | {"secret": secret}  # told once

    def endpoints(self, params: Params) -> StripeObject:
        return shapes.listed("/v1/webhook_endpoints", self.book.list_all("endpoints"))

    def update_endpoint(self, params: Params, endpoint_id: str) -> StripeObject:
        endpoint = self._one("endpoints", endpoint_id)
        endpoint |= {name: params[name] for name in ("enabled_events", "metadata") if name in params}
        return endpoint

    def delete_endpoint(self, params: Params, endpoint_id: str) -> StripeObject:
        self._one("endpoints", endpoint_id)
        del self.book.objects["endpoints"][endpoint_id]
        return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}

    def confirm(self, invoice_id: str) -> None:
        """The payer pays an open invoice on its page, or one that was given up."""
        invoice = self._one("invoices", invoice_id)
        if invoice["status"] in ("open", "uncollectible"):
            self.trade.pay(invoice, confirmed=True)

    def buy(self, session_id: str) -> str:
        """Complete a session from its page; returns its success URL. Raises CardRefused."""
        session = self._one("sessions", session_id)
        if session["status"] == "open":
            self.trade.buy(session)
        return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id)


NAME = r"([A-Za-z0-9_]+)"
ROUTES: tuple[tuple[str, str, Callable], ...] = (
    ("POST", "/v1/customers", Api.create_customer),
    ("GET", f"/v1/customers/{NAME}", Api.customer),
    ("POST", f"/v1/customers/{NAME}", Api.update_customer),
    ("DELETE", f"/v1/customers/{NAME}", Api.delete_customer),
    ("GET", f"/v1/customers/{NAME}/payment_methods", Api.payment_methods),
    ("POST", f"/v1/payment_methods/{NAME}/detach", Api.detach_payment_method),
    ("POST", "/v1/products", Api.create_product),
    ("GET", f"/v1/products/{NAME}", Api.product),
    ("POST", "/v1/prices", Api.create_price),
    ("GET", "/v1/prices", Api.prices),
    ("POST", "/v1/billing/meters", Api.create_meter),
    ("GET", "/v1/billing/meters", Api.meters),
    ("POST", "/v1/billing/meter_events", Api.meter_event),
    ("GET", f"/v1/billing/meters/{NAME}/event_summaries", Api.meter_summaries),
    ("POST", "/v1/checkout/sessions", Api.create_session),
    ("GET", "/v1/checkout/sessions", Api.sessions),
    ("GET", f"/v1/checkout/sessions/{NAME}", Api.session),
    ("POST", f"/v1/checkout/sessions/{NAME}/expire", Api.expire_session),
    ("POST", "/v1/billing_portal/sessions", Api.portal),
    ("POST", "/v1/billing_portal/configurations", Api.create_configuration),
    ("POST", f"/v1/billing_portal/configurations/{NAME}", Api.update_configuration),
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
    ("POST", "/v1/invoices", Api.create_invoice),
    ("POST", "/v1/invoiceitems", Api.create_invoice_item),
    ("GET", f"/v1/invoices/{NAME}", Api.invoice),
    ("POST", f"/v1/invoices/{NAME}", Api.update_invoice),
    ("POST", f"/v1/invoices/{NAME}/finalize", Api.finalize_invoice),
    ("POST", f"/v1/invoices/{NAME}/pay", Api.pay_invoice),
    ("POST", f"/v1/invoices/{NAME}/void", Api.void_invoice),
    ("GET", "/v1/invoice_payments", Api.invoice_payments),
    ("GET", "/v1/charges", Api.charges),
    ("GET", f"/v1/charges/{NAME}", Api.charge),
    ("GET", "/v1/disputes", Api.disputes),
    ("GET", "/v1/refunds", Api.refunds),
    ("POST", "/v1/refunds", Api.create_refund),
    ("GET", "/v1/events", Api.events),
    ("GET", f"/v1/events/{NAME}", Api.event),
    ("POST", "/v1/webhook_endpoints", Api.create_endpoint),
    ("GET", "/v1/webhook_endpoints", Api.endpoints),
    ("POST", f"/v1/webhook_endpoints/{NAME}", Api.update_endpoint),
    ("DELETE", f"/v1/webhook_endpoints/{NAME}", Api.delete_endpoint),
)
