"""What happens in the stub's shop: a purchase, a renewal, a refused card, an end; each with its events."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from imgapis.embedded.stripe_stub import shapes
from imgapis.embedded.stripe_stub.book import Book, new_id

DAY = 86_400
RETRY_DAYS = (3, 5, 7)  # after the refusal; then the subscription ends
LIVING = ("active", "past_due")


class CardRefused(Exception):
    """The stub's card is set to refuse."""


class Trade:
    """`emit` is told of every event, once it stands in the book."""

    def __init__(self, book: Book, version: str, address: str, emit: Callable[[dict[str, Any]], None]):
        self.book, self.version, self.address, self._emit = book, version, address, emit

    def tell(self, kind: str, thing: dict[str, Any], at: int | None = None) -> None:
        """Make an event of what is true now."""
        now = at or self.book.now()
        copied = json.loads(json.dumps(thing))
        self._emit(self.book.put("events", shapes.event(new_id("evt"), now, self.version, kind, copied)))

    def buy(self, session: dict[str, Any]) -> dict[str, Any]:
        """Complete a Checkout session: a subscription, its first invoice, and their events. CardRefused."""
        if self.book.refuses_cards:
            raise CardRefused
        now = self.book.now()
        prices = [self.book.get("prices", name) for name in session["metadata"]["stub_prices"].split(",")]
        end = after(now, prices[0]["recurring"]["interval"])
        made = shapes.subscription(
            new_id("sub"), now, session["customer"], prices, end, [new_id("si") for _ in prices]
        )  # fmt: skip
        self.book.put("subscriptions", made)
        session |= {"status": "complete", "payment_status": "paid", "subscription": made["id"], "url": None}
        self.tell("customer.subscription.created", made)
        self.bill(made, prices[0]["unit_amount"], "subscription_create")
        self.tell("checkout.session.completed", session)
        return made

    def bill(self, of: dict[str, Any], cents: int, reason: str, at: int | None = None) -> bool:
        """An invoice, paid unless cards are refused; whether it was paid."""
        now, paid = at or self.book.now(), not self.book.refuses_cards
        number = f"STUB-{len(self.book.objects['invoices']) + 1:04d}"
        name = new_id("in")
        made = shapes.invoice(name, now, of, cents, paid, number, f"{self.address}/invoice/{name}", reason)
        self.book.put("invoices", made)
        if paid and cents:
            charge = self.book.put("charges", shapes.charge(new_id("ch"), now, of["customer"], cents))
            charge["metadata"]["invoice"] = name
        self.tell("invoice.paid" if paid else "invoice.payment_failed", made, now)
        return paid

    def move(self, seconds: int) -> None:
        """Move the clock ahead, and let everything that falls due happen in its order."""
        until = self.book.now() + seconds
        while (due := self._next(until)) is not None:
            moment, act = due
            self.book.offset += max(0, moment - self.book.now())
            act()
        self.book.offset += max(0, until - self.book.now())

    def _next(self, until: int) -> tuple[int, Callable[[], None]] | None:
        found = []
        for one in self.book.every("subscriptions"):
            if one["status"] not in LIVING:
                continue
            retries = one["metadata"].get("stub_retries")
            if one["status"] == "past_due" and retries:
                moment = int(retries.split(",")[0])
                found.append((moment, one["id"], lambda one=one: self.retry(one)))
            elif one["status"] == "active":
                end = one["items"]["data"][0]["current_period_end"]
                found.append((end, one["id"], lambda one=one: self.turn(one)))
        due = [(moment, name, act) for moment, name, act in found if moment <= until]
        if not due:
            return None
        moment, _, act = min(due, key=lambda each: (each[0], each[1]))
        return moment, act

    def turn(self, one: dict[str, Any]) -> None:
        """The end of a period: the end of a cancelled one, else the next, by the schedule where there is one."""
        now = one["items"]["data"][0]["current_period_end"]
        if one["cancel_at_period_end"]:
            return self.end(one, now)
        self._next_phase(one, now)
        overage = self.used_up(one, now)
        first = one["items"]["data"][0]
        end = after(now, first["price"]["recurring"]["interval"])
        for each in one["items"]["data"]:
            each["current_period_start"], each["current_period_end"] = now, end
        if not self.bill(one, first["price"]["unit_amount"] + overage, "subscription_cycle", now):
            one["status"] = "past_due"
            one["metadata"]["stub_retries"] = ",".join(str(now + days * DAY) for days in RETRY_DAYS)
        self.tell("customer.subscription.updated", one, now)
        return None

    def used_up(self, one: dict[str, Any], now: int) -> int:
        """Cents of what the meter was told of in the period that ends."""
        start = one["items"]["data"][0]["current_period_start"]
        metered = [each["price"] for each in one["items"]["data"] if each["price"]["recurring"]["meter"]]
        told = [
            int(each["payload"]["value"])
            for each in self.book.objects["meter_events"].values()
            if each["payload"]["stripe_customer_id"] == one["customer"] and start <= each["timestamp"] < now
        ]
        return int(sum(told) * float(metered[0]["unit_amount_decimal"])) if metered else 0

    def _next_phase(self, one: dict[str, Any], now: int) -> None:
        schedule = self.book.get("schedules", one["schedule"] or "")
        if schedule is None or schedule["status"] != "active":
            return
        following = [phase for phase in schedule["phases"] if phase["start_date"] >= now]
        if following:
            prices = [self.book.get("prices", item["price"]) for item in following[0]["items"]]
            self.sell(one, prices)
        schedule["status"], one["schedule"] = "released", None
        self.tell("subscription_schedule.released", schedule, now)

    def sell(self, one: dict[str, Any], prices: list[dict[str, Any]]) -> None:
        """Put other prices into a subscription's items."""
        first = one["items"]["data"][0]
        start, end = first["current_period_start"], first["current_period_end"]
        one["items"]["data"] = [
            shapes.item(new_id("si"), one["id"], self.book.now(), sold, start, end) for sold in prices
        ]  # fmt: skip

    def begin_anew(self, one: dict[str, Any]) -> None:
        """A period that begins now: what Stripe does where the interval of a subscription changes."""
        now = self.book.now()
        end = after(now, one["items"]["data"][0]["price"]["recurring"]["interval"])
        one["billing_cycle_anchor"] = now
        for each in one["items"]["data"]:
            each["current_period_start"], each["current_period_end"] = now, end

    def retry(self, one: dict[str, Any]) -> None:
        """Try a refused payment again; after the last refusal the subscription ends."""
        now, *later = one["metadata"]["stub_retries"].split(",")
        if not self.book.refuses_cards:
            one["metadata"].pop("stub_retries")
            one["status"] = "active"
            self.bill(one, one["items"]["data"][0]["price"]["unit_amount"], "subscription_cycle", int(now))
            self.tell("customer.subscription.updated", one, int(now))
        elif later:
            one["metadata"]["stub_retries"] = ",".join(later)
            self.bill(one, one["items"]["data"][0]["price"]["unit_amount"], "subscription_cycle", int(now))
        else:
            self.end(one, int(now))

    def end(self, one: dict[str, Any], at: int | None = None) -> None:
        """End a subscription now."""
        now = at or self.book.now()
        one |= {"status": "canceled", "canceled_at": now, "ended_at": now, "cancel_at_period_end": False}
        schedule = self.book.get("schedules", one["schedule"] or "")
        if schedule:
            schedule["status"], one["schedule"] = "canceled", None
        self.tell("customer.subscription.deleted", one, now)

    def give_back(self, charge: dict[str, Any], cents: int) -> dict[str, Any]:
        """Refund a part of a charge."""
        made = self.book.put("refunds", shapes.refund(new_id("re"), self.book.now(), charge, cents))
        charge["amount_refunded"] += cents
        charge["refunded"] = charge["amount_refunded"] >= charge["amount"]
        self.tell("charge.refunded", charge)
        return made


def after(moment: int, interval: str) -> int:
    """The same day and hour a month or a year later; the 31st becomes a month's last day."""
    then = datetime.fromtimestamp(moment, UTC)
    months = then.month - 1 + (12 if interval == "year" else 1)
    year, month = then.year + months // 12, months % 12 + 1
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    last = (following - datetime(year, month, 1, tzinfo=UTC)).days
    return int(then.replace(year=year, month=month, day=min(then.day, last)).timestamp())
