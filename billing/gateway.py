"""Stripe: the only module that imports its library. What it says is turned into our own words here, and no further.

No card, no address and no amount is kept on our side (P03); a workspace is known to Stripe by its opaque id alone, and
whoever pays tells Stripe the rest.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings

from billing import plans
from billing.stripe_facts import (
    Forged,
    Invoice,
    NotConfigured,
    PaymentRefused,
    Present,
    Refunded,
    StripeRefused,
    StripeUnavailable,
    Told,
)  # fmt: skip

SECONDS = 8
RETRIES = 2
METER = "imgapis_overage"
TOLD_BEFORE = "duplicate_meter_event"
OVERAGE = "overage"
VERSION = stripe.api_version
SERVED = ("active", "trialing", "past_due")


def configured() -> bool:
    """Whether payments are set up."""
    return bool(settings.STRIPE_SECRET_KEY)


def is_live() -> bool:
    """Whether the key moves real money."""
    return "_live_" in (settings.STRIPE_SECRET_KEY or "")


@lru_cache(maxsize=4)
def _client(key: str, url: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": url}, http_client=stripe.RequestsClient(timeout=SECONDS),
        max_network_retries=RETRIES,
    )  # fmt: skip


def api():
    """Stripe's client, for set-up and reconciliation too. Raises NotConfigured."""
    if not configured():
        raise NotConfigured
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL).v1


def said(call: Callable, *words: Any, key: str | None = None, **params: Any) -> Any:
    """What Stripe answers, as a plain value; `key` makes a repeated call the same one. Raises StripeUnavailable,
    StripeRefused, PaymentRefused; never its own errors, whose texts quote what was sent."""
    options = {"idempotency_key": key} if key else {}
    try:
        return call(*words, params=params, options=options)
    except stripe.CardError as error:
        raise PaymentRefused from error
    except (
        stripe.APIConnectionError,
        stripe.RateLimitError,
        stripe.AuthenticationError,
        stripe.PermissionError,
    ) as gone:
        raise StripeUnavailable from gone
    except stripe.InvalidRequestError as error:
        raise StripeRefused from error
    except stripe.StripeError as error:
        raise StripeUnavailable from error


def create_customer(workspace_id: str) -> str:
    """The id of the workspace's customer, made at the first call; a repeated one within a day is the same."""
    made = said(
        api().customers.create, key=f"customer-{workspace_id}", metadata={"workspace": workspace_id}
    )  # fmt: skip
    return made.id


def checkout(workspace_id: str, customer_id: str, tier: str, interval: str, back: str) -> tuple[str, str]:
    """(session id, address of Stripe's payment page) for a plan; `back` is our page that the customer returns to."""
    prices = price_ids()
    lines = [
        {"price": prices[f"{tier}_{interval}"], "quantity": 1},
        {"price": prices[f"{tier}_{OVERAGE}"]},
    ]
    made = said(
        api().checkout.sessions.create, mode="subscription", customer=customer_id, line_items=lines,
        client_reference_id=workspace_id, success_url=back + "?session_id={CHECKOUT_SESSION_ID}",
        cancel_url=back + "?left=1", automatic_tax={"enabled": True}, billing_address_collection="required",
        customer_update={"address": "auto", "name": "auto"}, tax_id_collection={"enabled": True},
    )  # fmt: skip
    return made.id, made.url


def expire_checkouts(customer_id: str, but: str = "") -> None:
    """Close every open Checkout session of a customer but one, so that nobody pays twice. A session that is being paid
    at this moment cannot be closed, and is left: what came of it is for `present` to say."""
    for found in said(api().checkout.sessions.list, customer=customer_id, status="open", limit=100).data:
        if found.id != but:
            with suppress(StripeRefused):
                said(api().checkout.sessions.expire, found.id)


def session_customer(session_id: str) -> tuple[str, str] | None:
    """(customer id, payment status) of a Checkout session; None where there is none of that id."""
    try:
        found = said(api().checkout.sessions.retrieve, session_id)
    except StripeRefused:
        return None
    return (found.customer or "", found.payment_status)


def portal(customer_id: str, back: str) -> str:
    """The address of Stripe's portal for a customer: cards, invoices, tax number."""
    return said(api().billing_portal.sessions.create, customer=customer_id, return_url=back).url


def present(customer_id: str) -> Present | None:
    """The subscription of a customer as it is now: the newest one that is served, else the newest; None without."""
    found = said(api().subscriptions.list, customer=customer_id, status="all", limit=20, expand=["data.schedule"]).data
    served = [one for one in found if one.status in SERVED]
    newest = max(served or found, key=lambda one: (one.created, one.id), default=None)
    return None if newest is None else _present(newest)


def _present(found) -> Present:
    licensed = [item for item in found["items"].data if item.price.recurring.usage_type == "licensed"]
    first = licensed[0] if licensed else found["items"].data[0]
    schedule = found.schedule
    return Present(
        subscription_id=found.id, customer_id=found.customer, state=found.status, tier=tier_of(first.price),
        interval=first.price.recurring.interval, start=first.current_period_start, end=first.current_period_end,
        next_tier=plans.FREE if found.cancel_at_period_end or found.cancel_at else _scheduled(schedule),
        cancels=bool(found.cancel_at_period_end or found.cancel_at),
        schedule_id=schedule.id if schedule and schedule.status in ("active", "not_started") else "",
        items=tuple((_sells(item.price), item.id) for item in found["items"].data),
    )  # fmt: skip


def _scheduled(schedule) -> str:
    """The tier that a schedule's next phase brings; empty where nothing is scheduled."""
    if not schedule or schedule.status not in ("active", "not_started"):
        return ""
    now = schedule.current_phase.end_date if schedule.current_phase else 0
    following = [phase for phase in schedule.phases if phase.start_date >= now]
    if not following:
        return ""
    known = {price_id: name for name, price_id in price_ids().items()}
    names = [
        known.get(item.price if isinstance(item.price, str) else item.price.id, "") for item in following[0]["items"]
    ]
    return next((name.partition("_")[0] for name in names if name and not name.endswith(OVERAGE)), "")


def tier_of(price) -> str:
    """The plan a price belongs to: by our own product, never by what an event or a form says (B16)."""
    product = price.product if isinstance(price.product, str) else price.product.id
    tier = product.removeprefix("imgapis_")
    return tier if tier in plans.CATALOGUE else plans.FREE


def _sells(price) -> str:
    return "credits" if price.recurring.usage_type == "licensed" else OVERAGE


_prices: dict[str, tuple[float, dict[str, str]]] = {}
PRICES_SECONDS = 600.0


def lookup_keys() -> list[str]:
    """The names of every price we sell, as Stripe's lookup keys."""
    paid = [plan.tier for plan in plans.CATALOGUE.values() if plan.paid]
    return [f"imgapis_{tier}_{what}" for tier in paid for what in (*plans.INTERVALS, OVERAGE)]


def price_ids() -> dict[str, str]:
    """`<tier>_<month|year|overage>` → Stripe's price id. Raises NotConfigured before `stripe_setup` has run."""
    account = settings.STRIPE_SECRET_KEY + settings.STRIPE_API_URL
    read, known = _prices.get(account, (0.0, {}))
    if time.monotonic() - read > PRICES_SECONDS or not known:
        known = {price.lookup_key.removeprefix("imgapis_"): price.id for price in every_price() if price.active}
        if len(known) < len(lookup_keys()):
            raise NotConfigured
        _prices[account] = (time.monotonic(), known)
    return known


def every_price() -> Iterator:
    """Every price that has one of our names."""
    for keys in _tens(lookup_keys()):
        yield from said(api().prices.list, lookup_keys=keys, limit=100).data


def forget_prices() -> None:
    """Read the prices again."""
    _prices.clear()


def _tens(keys: list[str]) -> Iterator[list[str]]:
    """Stripe takes ten lookup keys at once."""
    return (keys[start : start + 10] for start in range(0, len(keys), 10))


def change(found: Present, tier: str, interval: str) -> None:
    """Another plan at once; the difference is invoiced and must be paid, else everything stays as it is."""
    if found.schedule_id:
        said(api().subscription_schedules.release, found.schedule_id)
    ids, prices = dict(found.items), price_ids()
    items = [{"id": ids["credits"], "price": prices[f"{tier}_{interval}"], "quantity": 1}]
    overage = {"price": prices[f"{tier}_{OVERAGE}"]}
    items.append({"id": ids[OVERAGE], **overage} if OVERAGE in ids else overage)
    said(
        api().subscriptions.update, found.subscription_id, items=items, proration_behavior="always_invoice",
        payment_behavior="error_if_incomplete", cancel_at_period_end=False,
    )  # fmt: skip


def schedule(found: Present, tier: str, interval: str) -> None:
    """Another plan from the end of the paid period on; the running one stays as it is paid."""
    resume(found)
    schedules, prices = api().subscription_schedules, price_ids()
    made = found.schedule_id or said(schedules.create, from_subscription=found.subscription_id).id
    now = said(schedules.retrieve, made).phases[0]
    running = [
        {"price": item.price if isinstance(item.price, str) else item.price.id}
        | ({"quantity": item.quantity} if getattr(item, "quantity", None) else {})
        for item in now["items"]
    ]
    following = [{"price": prices[f"{tier}_{interval}"], "quantity": 1}, {"price": prices[f"{tier}_{OVERAGE}"]}]
    phases = [
        {"items": running, "start_date": now.start_date, "end_date": found.end, "proration_behavior": "none"},
        {"items": following, "proration_behavior": "none"},
    ]
    said(schedules.update, made, phases=phases, end_behavior="release", proration_behavior="none")


def resume(found: Present) -> None:
    """Nothing ends or changes at the end of the period any more."""
    if found.cancels:
        said(api().subscriptions.update, found.subscription_id, cancel_at_period_end=False)


def unschedule(found: Present) -> None:
    """What was scheduled is not: the plan goes on."""
    if found.schedule_id:
        said(api().subscription_schedules.release, found.schedule_id)


def cancel(found: Present) -> None:
    """The plan ends with the paid period."""
    unschedule(found)
    said(api().subscriptions.update, found.subscription_id, cancel_at_period_end=True)


def cancel_now(customer_id: str) -> int:
    """End every subscription of a customer at once, for an erasure; returns how many were ended. Safe to repeat."""
    found = said(api().subscriptions.list, customer=customer_id, status="all", limit=100).data
    living = [one for one in found if one.status not in ("canceled", "incomplete_expired")]
    for one in living:
        said(api().subscriptions.cancel, one.id)
    return len(living)


def delete_customer(customer_id: str) -> None:
    """Delete a customer at Stripe, which ends its subscriptions too; invoices stay there by law. Safe to repeat."""
    try:
        said(api().customers.delete, customer_id)
    except StripeRefused:
        if not customer_gone(customer_id):
            raise


def customer_gone(customer_id: str) -> bool:
    """Whether Stripe says that the customer is deleted, or was never there."""
    try:
        return bool(getattr(said(api().customers.retrieve, customer_id), "deleted", False))
    except StripeRefused:
        return True


def invoices(customer_id: str, most: int = 24) -> list[Invoice]:
    """The newest invoices of a customer, newest first."""
    found = said(api().invoices.list, customer=customer_id, limit=most).data
    return [_invoice(one) for one in found]


def invoice(invoice_id: str) -> Invoice:
    """One invoice. Raises StripeRefused where there is none."""
    return _invoice(said(api().invoices.retrieve, invoice_id))


def customer_of(object_id: str) -> str:
    """The customer that a subscription (`sub_…`) or an invoice (`in_…`) belongs to; empty where Stripe knows none.
    Raises StripeUnavailable, NotConfigured."""
    asked = api().subscriptions if object_id.startswith("sub_") else api().invoices
    try:
        return said(asked.retrieve, object_id).customer or ""
    except StripeRefused:
        return ""


def _invoice(one) -> Invoice:
    url = getattr(one, "hosted_invoice_url", None) or ""
    return Invoice(
        getattr(one, "number", None) or one.id,
        one.created,
        one.total,
        one.currency,
        getattr(one, "status", None) or "",
        url,
    )


def report_overage(customer_id: str, identifier: str, credits: int, moment: float) -> None:
    """Tell the meter of credits used beyond the plan's; the same identifier, told again within a day, counts once."""
    try:
        said(
            api().billing.meter_events.create, event_name=METER, identifier=identifier, timestamp=int(moment),
            payload={"stripe_customer_id": customer_id, "value": str(credits)},
        )  # fmt: skip
    except StripeRefused as refusal:
        if getattr(refusal.__cause__, "code", "") != TOLD_BEFORE:
            raise


def verified(body: bytes, signature: str) -> Told:
    """An event out of a webhook's raw body. Raises Forged (B10)."""
    try:
        found = stripe.Webhook.construct_event(
            body, signature, settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_TOLERANCE_SECONDS
        )
        return _told(found)
    except (ValueError, KeyError, AttributeError, TypeError, stripe.StripeError) as error:
        raise Forged from error


def event(event_id: str) -> Told | None:
    """An event by its id, as Stripe has it (thirty days); None where it has none."""
    try:
        return _told(said(api().events.retrieve, event_id))
    except StripeRefused:
        return None


def events(kinds: Iterable[str], since: float, until: float) -> list[Told]:
    """The newest hundred events of some kinds, made between two moments (seconds since 1970), newest first."""
    made = {"gte": int(since), "lte": int(until)}
    return [_told(one) for one in said(api().events.list, types=list(kinds), created=made, limit=100).data]


def _told(found) -> Told:
    thing = found.data.object.to_dict()
    customer = thing.get("customer") or (thing["id"] if thing.get("object") == "customer" else "")
    return Told(
        found.id, found.type, bool(found.livemode), found.api_version or "", int(found.created),
        customer if isinstance(customer, str) else customer.get("id", ""), thing.get("id") or "",
    )  # fmt: skip


def refunds(charge_id: str) -> list[Refunded]:
    """The refunds of a charge that were not undone."""
    paid = said(api().charges.retrieve, charge_id)
    found = said(api().refunds.list, charge=charge_id, limit=100).data
    return [
        Refunded(one.id, min(1.0, one.amount / paid.amount))
        for one in found
        if getattr(one, "status", "") not in ("failed", "canceled") and paid.amount
    ]


def customers() -> Iterator[str]:
    """Every customer that is ours and was not deleted, for the nightly comparison."""
    try:
        for one in api().customers.list(params={"limit": 100}).auto_paging_iter():
            yield one.id
    except stripe.StripeError as error:
        raise StripeUnavailable from error
