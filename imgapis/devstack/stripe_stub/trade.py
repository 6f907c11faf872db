"""The stub's billing: a purchase, a renewal, a declined card, a cancellation; each with its events."""

import json
from collections.abc import Callable
from functools import partial

from imgapis.base import clock
from imgapis.devstack.stripe_stub import payment_shapes, shapes
from imgapis.devstack.stripe_stub.amounts import after, half_up, half_up_decimal
from imgapis.devstack.stripe_stub.book import StripeObject, new_id
from imgapis.devstack.stripe_stub.cards import StubCards
from imgapis.devstack.stripe_stub.refunds import StubRefunds

RETRY_DAYS = (3, 5, 7)  # after the refusal; then the subscription ends
DRAFT_SECONDS = 3_600
PENDING_SECONDS = 23 * 3_600
NO_UPDATE = {"discounts": None, "metadata": None, "trial_end": None, "trial_from_plan": None}
DRAFT = {"status": "draft", "attempted": False, "attempt_count": 0, "number": None, "hosted_invoice_url": None}
PAID = {"status": "paid", "amount_remaining": 0, "auto_advance": False}
LIVING = ("active", "past_due")


class CardRefused(Exception):
    """The stub's card is set to refuse."""


class StubBilling(StubCards, StubRefunds):
    """Billing over a book; `emit` is called with every event once it is stored."""

    def buy(self, session: StripeObject) -> StripeObject:
        """Complete a Checkout session: a subscription, its first invoice, and their events. CardRefused."""
        if self.book.refuses_cards:
            raise CardRefused
        now = self.book.now()
        self.book.require("customers", session["customer"]).update(email="payer@example.com", name="Who Pays")
        self.add_card(session["customer"])
        prices = [self.book.require("prices", price_id) for price_id in session["metadata"]["stub_prices"].split(",")]
        end = after(now, prices[0]["recurring"]["interval"])
        subscription = shapes.subscription(
            new_id("sub"), now, session["customer"], prices, end, [new_id("si") for _ in prices]
        )
        self.book.put("subscriptions", subscription)
        session |= {"status": "complete", "payment_status": "paid", "subscription": subscription["id"], "url": None}
        self.emit_event("customer.subscription.created", subscription)
        self.bill(subscription, [self.plan_line(subscription)], "subscription_create")
        self.emit_event("checkout.session.completed", session)
        return subscription

    def bill(self, subscription: StripeObject, lines: list[StripeObject], reason: str, at: int | None = None) -> bool:
        """Create an invoice of some lines, paid unless cards are declined; returns whether it was paid."""
        now, paid = at or self.book.now(), not self.refuses(subscription["customer"])
        number = f"STUB-{len(self.book.objects['invoices']) + 1:04d}"
        invoice_id = new_id("in")
        url = f"{self.address}/invoice/{invoice_id}"
        invoice = payment_shapes.invoice(
            invoice_id, now, subscription, lines, paid=paid, number=number, url=url, reason=reason
        )
        self.book.put("invoices", invoice)
        if paid:
            self._charge(invoice, now)
        self.emit_event("invoice.paid" if paid else "invoice.payment_failed", invoice, now)
        return paid

    def final_invoice(self, subscription: StripeObject, now: int, collects: bool = False) -> None:
        """Draft the last invoice of a subscription that ends, of what the meter has counted and was not invoiced.
        `collects`: it ends with its period, so that the draft takes what is reported for an hour and is then finalised;
        else it waits for whoever ended it, and where nothing was counted there is none."""
        lines = self.overage_lines(subscription, now)
        if not lines or not (lines[0]["amount"] or collects):
            return
        made_at = min(now, self.book.now())
        invoice = payment_shapes.invoice(new_id("in"), made_at, subscription, lines, reason="subscription_cycle")
        metadata = {"stub_late_usage": subscription["id"]} if collects else {}
        self.book.put("invoices", invoice | DRAFT | {"auto_advance": collects, "metadata": metadata})

    def finalize(self, invoice: StripeObject, now: int = 0) -> None:
        """Finalise a draft, with what was reported of its time meanwhile; one of nothing is taken away."""
        now = now or self.book.now()
        if subscription_id := invoice["metadata"].get("stub_late_usage"):
            lines = self.overage_lines(self.book.require("subscriptions", subscription_id), invoice["created"])
            total = sum(row["amount"] for row in lines)
            invoice["lines"]["data"], invoice["subtotal"], invoice["total"] = lines, total, total
            invoice["amount_due"] = invoice["amount_remaining"] = total
        if not invoice["total"]:
            del self.book.objects["invoices"][invoice["id"]]
            return
        number = f"STUB-{len(self.book.objects['invoices']):04d}"
        invoice |= {"status": "open", "number": number, "hosted_invoice_url": f"{self.address}/invoice/{invoice['id']}"}
        if invoice["auto_advance"]:
            self.pay(invoice, now)

    def pay(self, invoice: StripeObject, now: int = 0, confirmed: bool = False) -> bool:
        """Try to charge an open invoice; whether it was paid. `confirmed`: the payer does what the bank asks for."""
        now = now or self.book.now()
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        is_held = self.book.asks_confirmation and not confirmed
        if self.refuses(invoice["customer"]) or is_held:
            self.emit_event("invoice.payment_failed", invoice, now)
            return False
        invoice |= PAID | {"amount_paid": invoice["amount_due"]}
        self._end_retries(invoice)
        self._charge(invoice, now)
        self.emit_event("invoice.paid", invoice, now)
        self._apply_pending_update(invoice, now)
        return True

    def _end_retries(self, invoice: StripeObject) -> None:
        """End the retries of a renewal that was paid on its page."""
        subscription = self.book.get("subscriptions", subscription_of(invoice) or "")
        if subscription is None or invoice["billing_reason"] != "subscription_cycle":
            return
        if subscription["metadata"].pop("stub_retries", "") and subscription["status"] == "past_due":
            subscription["status"] = "active"

    def change_items(self, subscription: StripeObject, prices: list[StripeObject], is_held: bool) -> None:
        """Change a subscription's items, and bill the difference, with what was used at a metered price that goes, as
        flexible billing does. `is_held`: only once its invoice is paid."""
        changed = json.loads(json.dumps(subscription)) if is_held else subscription
        old_item = changed["items"]["data"][0]
        lines = [self.prorated_line(changed, old_item, -1)]
        price_ids = {price["id"] for price in prices}
        used_lines = self.overage_lines(changed, self.book.now() + 1)
        gone_lines = [row for row in used_lines if row["pricing"]["price_details"]["price"] not in price_ids]
        self.set_prices(changed, prices)
        new_item = changed["items"]["data"][0]
        if new_item["price"]["recurring"]["interval"] != old_item["price"]["recurring"]["interval"]:
            self.restart_period(changed)
            lines.append(self.plan_line(changed))
        elif new_item["price"]["id"] == old_item["price"]["id"]:
            lines = []  # the plan stays as it is
        else:
            lines.append(self.prorated_line(changed, new_item, 1))
        lines += [row for row in gone_lines if row["amount"]]
        if not is_held and not lines:
            return  # nothing to bill is no invoice
        if not is_held:
            # Stripe's state of a subscription goes by its newest invoice; an earlier open one is still collected.
            if self.bill(subscription, lines, "subscription_update") and subscription["status"] == "past_due":
                subscription["status"] = "active"
            return
        invoice_id = new_id("in")
        number, url = f"STUB-{len(self.book.objects['invoices']) + 1:04d}", f"{self.address}/invoice/{invoice_id}"
        invoice = payment_shapes.invoice(
            invoice_id,
            self.book.now(),
            subscription,
            lines,
            number=number,
            url=url,
            reason="subscription_update",
        )
        self.book.put("invoices", invoice)
        subscription["latest_invoice"] = invoice_id
        subscription["pending_update"] = NO_UPDATE | {
            "expires_at": min(self.book.now() + PENDING_SECONDS, old_item["current_period_end"]),
            "subscription_items": changed["items"]["data"],
            "billing_cycle_anchor": changed["billing_cycle_anchor"],
        }
        self.pay(invoice)

    def _apply_pending_update(self, invoice: StripeObject, now: int) -> None:
        """Make the change that was waiting for an invoice."""
        subscription = self.book.get("subscriptions", subscription_of(invoice) or "")
        if subscription is None or subscription["latest_invoice"] != invoice["id"]:
            return
        update = subscription.get("pending_update")
        if not update:
            return
        subscription["items"]["data"] = update["subscription_items"]
        subscription |= {"billing_cycle_anchor": update["billing_cycle_anchor"], "pending_update": None}
        self.emit_event("customer.subscription.pending_update_applied", subscription, now)
        self.emit_event("customer.subscription.updated", subscription, now)

    def drop_pending_update(self, subscription: StripeObject, at: int | None = None) -> None:
        """Discard a change that waits for its payment, as another one takes its place or its 23 hours are over."""
        if subscription.get("pending_update"):
            self.book.require("invoices", subscription["latest_invoice"])["status"] = "void"
            subscription["pending_update"] = None
            self.emit_event("customer.subscription.pending_update_expired", subscription, at)

    def stop_collection(self, customer_id: str) -> None:
        """Stop collecting the open invoices of a customer, as Stripe does where a subscription is cancelled at once."""
        for invoice in self.book.list_all("invoices", customer=customer_id, status="open"):
            invoice["auto_advance"] = False

    def _charge(self, invoice: StripeObject, now: int) -> None:
        if invoice["amount_due"]:
            charge = payment_shapes.charge(new_id("ch"), now, invoice["customer"], invoice["amount_due"], new_id("pi"))
            self.book.put("charges", charge)
            self.book.put(
                "invoice_payments", payment_shapes.invoice_payment(new_id("inpay"), now, invoice["id"], charge)
            )

    def plan_line(self, subscription: StripeObject) -> StripeObject:
        """The line of a subscription's plan for its whole running period."""
        item = subscription["items"]["data"][0]
        start, end = item["current_period_start"], item["current_period_end"]
        return payment_shapes.line(new_id("il"), subscription, item, item["price"]["unit_amount"], start, end)

    def prorated_line(self, subscription: StripeObject, item: StripeObject, sign: int) -> StripeObject:
        """The line of an item for the rest of its period, by the second, as Stripe prorates; `sign` -1: given back."""
        start, end, now = item["current_period_start"], item["current_period_end"], self.book.now()
        now = min(max(now, start), end)
        cents = sign * half_up(item["price"]["unit_amount"] * (end - now), end - start)
        return payment_shapes.line(new_id("il"), subscription, item, cents, now, end, proration=True)

    def advance_clock(self, seconds: int) -> None:
        """Move the clock ahead by `seconds`, and run everything that falls due in order."""
        target = self.book.now() + seconds
        while (next_event := self._next(target)) is not None:
            moment, action = next_event
            self.book.offset += max(0, moment - self.book.now())
            action()
        self.book.offset += max(0, target - self.book.now())

    def _next(self, target: int) -> tuple[int, Callable[[], None]] | None:
        events: list[tuple[int, str, Callable[[], None]]] = []
        for subscription in self.book.list_all("subscriptions"):
            if subscription["status"] not in LIVING:
                continue
            if update := subscription.get("pending_update"):
                moment = update["expires_at"]
                # Its empty name puts it before a period that ends at the same moment.
                events.append((moment, "", partial(self.drop_pending_update, subscription, moment)))
            retries = subscription["metadata"].get("stub_retries")
            if retries:
                moment = int(retries.split(",")[0])
                events.append((moment, subscription["id"], partial(self.retry, subscription)))
            elif subscription["status"] == "active":
                end = subscription["items"]["data"][0]["current_period_end"]
                events.append((end, subscription["id"], partial(self.end_period, subscription)))
        for invoice in self.book.list_all("invoices", status="draft"):
            if invoice["auto_advance"]:
                moment = invoice["created"] + DRAFT_SECONDS
                events.append((moment, invoice["id"], partial(self.finalize, invoice, moment)))
        due_events = [(moment, name, action) for moment, name, action in events if moment <= target]
        if not due_events:
            return None
        moment, _, action = min(due_events, key=lambda event: (event[0], event[1]))
        return moment, action

    def end_period(self, subscription: StripeObject) -> None:
        """End a period: end a subscription that cancels, else begin the next period, by its schedule if any."""
        now = subscription["items"]["data"][0]["current_period_end"]
        if subscription["cancel_at_period_end"]:
            self.final_invoice(subscription, now, collects=True)
            return self.end(subscription, now)
        if self._is_cancelled_by_schedule(subscription):
            self.final_invoice(subscription, now, collects=True)
            return self.end(subscription, now)
        overage_lines = self.overage_lines(subscription, now)
        self._note_period(subscription, now)
        bills_all = self._next_phase(subscription, now)
        price_ids = {item["price"]["id"] for item in subscription["items"]["data"]}
        if not bills_all:
            overage_lines = [row for row in overage_lines if row["pricing"]["price_details"]["price"] in price_ids]
        first_item = subscription["items"]["data"][0]
        end = after(now, first_item["price"]["recurring"]["interval"])
        for item in subscription["items"]["data"]:
            item["current_period_start"], item["current_period_end"] = now, end
        if not self.bill(subscription, [self.plan_line(subscription), *overage_lines], "subscription_cycle", now):
            subscription["status"] = "past_due"
            subscription["metadata"]["stub_retries"] = ",".join(str(now + days * clock.DAY) for days in RETRY_DAYS)
        self.emit_event("customer.subscription.updated", subscription, now)
        return None

    def overage_lines(self, subscription: StripeObject, now: int) -> list[StripeObject]:
        """The lines of the metered usage reported in the period that ends at `now`, from when its price was added."""
        items = [item for item in subscription["items"]["data"] if item["price"]["recurring"]["meter"]]
        lines = []
        for item in items:
            start = max(item["current_period_start"], min(int(item["metadata"].get("stub_counts_from", 0)), now))
            quantity = self.metered(subscription["customer"], start, now)
            cents = half_up_decimal(quantity, item["price"]["unit_amount_decimal"])
            lines.append(payment_shapes.line(new_id("il"), subscription, item, cents, start, now, quantity=quantity))
        return lines

    def _note_period(self, subscription: StripeObject, now: int) -> None:
        """Note the start, end and metered price of a period that ends, for what is reported of it afterwards."""
        for item in subscription["items"]["data"]:
            if item["price"]["recurring"]["meter"]:
                facts = (str(item["current_period_start"]), str(now), item["price"]["id"])
                subscription["metadata"]["stub_last_period"] = ",".join(facts)

    def bill_late_usage(self, meter_event: StripeObject) -> None:
        """Bill what is reported of a period in the hour after its end, in which Stripe's invoice of the renewal is a
        draft and takes it. This stub's is paid at the turn, so that what comes late has a draft of its own."""
        for subscription in self.book.list_all("subscriptions", customer=meter_event["payload"]["stripe_customer_id"]):
            *bounds, price_id = subscription["metadata"].get("stub_last_period", "0,0,").split(",")
            start, end = map(int, bounds)
            is_in_draft = start <= meter_event["timestamp"] < end and self.book.now() < end + DRAFT_SECONDS
            if is_in_draft and subscription["status"] in LIVING:
                price = self.book.require("prices", price_id)
                item = shapes.item(new_id("si"), subscription["id"], start, price, start, end)
                cents = half_up_decimal(int(meter_event["payload"]["value"]), price["unit_amount_decimal"])
                lines = [payment_shapes.line(new_id("il"), subscription, item, cents, start, end)]
                draft = payment_shapes.invoice(new_id("in"), end, subscription, lines, reason="subscription_cycle")
                self.book.put("invoices", draft | DRAFT | {"auto_advance": True})

    def metered(self, customer_id: str, start: int, end: int) -> int:
        """What the meter has counted of a customer from `start` to before `end`: an event is counted some time after it
        came, as Stripe adds up in the background."""
        latest = self.book.now() - self.book.meter_delay
        return sum(
            int(event["payload"]["value"])
            for event in self.book.objects["meter_events"].values()
            if event["payload"]["stripe_customer_id"] == customer_id
            and start <= event["timestamp"] < end
            and event["created"] <= latest
        )

    def _is_cancelled_by_schedule(self, subscription: StripeObject) -> bool:
        schedule = self.book.get("schedules", subscription["schedule"] or "")
        return schedule is not None and schedule["end_behavior"] == "cancel" and len(schedule["phases"]) == 1

    def _next_phase(self, subscription: StripeObject, now: int) -> bool:
        """Begin the next phase of a schedule, if any; whether usage at a price that goes is billed: not where the phase
        is set to create no prorations."""
        schedule = self.book.get("schedules", subscription["schedule"] or "")
        if schedule is None or schedule["status"] != "active":
            return True
        next_phases = [phase for phase in schedule["phases"] if phase["start_date"] >= now]
        if next_phases:
            prices = [self.book.require("prices", item["price"]) for item in next_phases[0]["items"]]
            self.set_prices(subscription, prices, now)
        schedule["status"], subscription["schedule"] = "released", None
        self.emit_event("subscription_schedule.released", schedule, now)
        return not next_phases or next_phases[0]["proration_behavior"] != "none"

    def set_prices(self, subscription: StripeObject, prices: list[StripeObject], at: int | None = None) -> None:
        """Replace a subscription's items by items of other prices; one whose price stays goes on, and one whose price
        is replaced keeps its id."""
        items, first_item = subscription["items"]["data"], subscription["items"]["data"][0]
        start, end = first_item["current_period_start"], first_item["current_period_end"]
        by_price, now = {item["price"]["id"]: item for item in items}, at or self.book.now()
        price_ids = {price["id"] for price in prices}
        gone_items = [item for item in items if item["price"]["id"] not in price_ids]
        for price in prices:
            if price["id"] in by_price:
                continue
            usage = price["recurring"]["usage_type"]
            replaced = next((item for item in gone_items if item["price"]["recurring"]["usage_type"] == usage), None)
            item_id = replaced["id"] if replaced else new_id("si")  # an item keeps its id when its price changes
            by_price[price["id"]] = shapes.item(item_id, subscription["id"], now, price, start, end)
            # What is used until a change is billed with it, at a turn what is used before it.
            by_price[price["id"]]["metadata"] = {"stub_counts_from": str(at or now + 1)}
        subscription["items"]["data"] = [by_price[price["id"]] for price in prices]

    def restart_period(self, subscription: StripeObject) -> None:
        """Begin a period now, as Stripe does where the interval of a subscription changes."""
        now = self.book.now()
        end = after(now, subscription["items"]["data"][0]["price"]["recurring"]["interval"])
        subscription["billing_cycle_anchor"] = now
        for item in subscription["items"]["data"]:
            item["current_period_start"], item["current_period_end"] = now, end

    def retry(self, subscription: StripeObject) -> None:
        """Try the open invoice of a declined payment again; after the last decline the subscription ends."""
        now, *later_retries = subscription["metadata"]["stub_retries"].split(",")
        invoice = self._open_invoice(subscription)
        invoice["attempt_count"] += 1
        if not self.refuses(subscription["customer"]):
            subscription["metadata"].pop("stub_retries")
            subscription["status"] = "active"
            invoice |= {
                "status": "paid",
                "amount_paid": invoice["amount_due"],
                "amount_remaining": 0,
                "auto_advance": False,
            }
            self._charge(invoice, int(now))
            self.emit_event("invoice.paid", invoice, int(now))
            self.emit_event("customer.subscription.updated", subscription, int(now))
        elif later_retries:
            subscription["metadata"]["stub_retries"] = ",".join(later_retries)
            self.emit_event("invoice.payment_failed", invoice, int(now))
        else:
            self.end(subscription, int(now))

    def _open_invoice(self, subscription: StripeObject) -> StripeObject:
        return next(
            invoice
            for invoice in self.book.list_all("invoices", customer=subscription["customer"], status="open")
            if subscription_of(invoice) == subscription["id"]
        )

    def end(self, subscription: StripeObject, at: int | None = None) -> None:
        """End a subscription now."""
        now = at or self.book.now()
        subscription |= {"status": "canceled", "canceled_at": now, "ended_at": now, "cancel_at_period_end": False}
        schedule = self.book.get("schedules", subscription["schedule"] or "")
        if schedule:
            schedule["status"], subscription["schedule"] = "canceled", None
        self.emit_event("customer.subscription.deleted", subscription, now)


def subscription_of(invoice: StripeObject) -> str | None:
    """The subscription that an invoice belongs to; None for one made by hand."""
    return invoice["parent"]["subscription_details"]["subscription"] if invoice["parent"] else None
