"""Stripe: the only module that imports its library. Its answers are converted to our own types here and in
`stripe_events`, and go no further.

No card, no address and no amount is stored on our side (P03); Stripe knows a workspace by its opaque id alone, and the
payer enters the rest at Stripe.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import stripe
from cachetools import TTLCache, cached
from django.conf import settings

from billing.plans import catalogue
from billing.stripe.stripe_facts import (
    ChangeUnconfirmed,
    ConfirmationRequired,
    InvalidWebhookSignature,
    NotConfigured,
    PaymentRefused,
    StripeRefused,
    StripeUnavailable,
    SubscriptionSnapshot,
)
from imgapis.base import clock

if TYPE_CHECKING:  # the library reads each of its modules when it is first asked for
    V1Services: TypeAlias = stripe._v1_services.V1Services
    StripeCharge: TypeAlias = stripe.Charge
    StripeEndpoint: TypeAlias = stripe.WebhookEndpoint
    StripeEventObject: TypeAlias = stripe.Event
    StripeInvoice: TypeAlias = stripe.Invoice
    StripeLine: TypeAlias = stripe.InvoiceLineItem
    StripeMeter: TypeAlias = stripe.billing.Meter
    StripePrice: TypeAlias = stripe.Price
    StripeSchedule: TypeAlias = stripe.SubscriptionSchedule
    StripeSubscription: TypeAlias = stripe.Subscription

T = TypeVar("T")
SECONDS = 8
RETRIES = 2
OVERAGE = "overage"
REPLACED = "replaced_schedule"  # metadata of a subscription: the schedule that an upgrade takes the place of, its plan
VERSION = stripe.api_version  # such as `2026-08-26.dahlia`
# Stripe's codes where only the payer can complete a payment.
TO_CONFIRM = {
    "authentication_required",
    "invoice_payment_intent_requires_action",
    "subscription_payment_intent_requires_action",
}
ENTITLED_STATES = ("active", "trialing", "past_due")


def configured() -> bool:
    """Whether payments are set up."""
    return bool(settings.STRIPE_SECRET_KEY)


def is_live() -> bool:
    """Whether the key moves real money."""
    return "_live_" in (settings.STRIPE_SECRET_KEY or "")


@lru_cache(maxsize=4)
def _client(key: str, url: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": url},
        http_client=stripe.RequestsClient(timeout=SECONDS),
        max_network_retries=RETRIES,
    )


def api() -> "V1Services":
    """Stripe's client, for set-up and reconciliation too. Raises NotConfigured."""
    return _client(_secret_key(), settings.STRIPE_API_URL).v1


def account() -> str:
    """Tells what is remembered of one account at Stripe from that of another. Raises NotConfigured."""
    return _secret_key() + settings.STRIPE_API_URL


def _secret_key() -> str:
    if not settings.STRIPE_SECRET_KEY:
        raise NotConfigured
    return settings.STRIPE_SECRET_KEY


def call(call: Callable[..., T], *args: Any, key: str | None = None, **params: Any) -> T:
    """The answer of a Stripe call, as a plain value; `key` is the idempotency key. Raises StripeUnavailable,
    StripeRefused, PaymentRefused, ConfirmationRequired; never Stripe's own errors, whose texts quote what was sent."""
    options = {"idempotency_key": key} if key else {}
    try:
        return call(*args, params=params, options=options)
    except stripe.CardError as error:
        codes = {error.code, getattr(error.error, "decline_code", None)}
        raise (ConfirmationRequired if codes & TO_CONFIRM else PaymentRefused) from error
    except (
        stripe.APIConnectionError,
        stripe.RateLimitError,
        stripe.AuthenticationError,
        stripe.PermissionError,
    ) as connection_error:
        raise StripeUnavailable from connection_error
    except stripe.InvalidRequestError as error:
        raise StripeRefused from error
    except stripe.StripeError as error:
        raise StripeUnavailable from error


class Identified(Protocol):
    """An object of Stripe's that has an id."""

    id: str


def id_of(reference: str | Identified | None) -> str:
    """The id in a field that names an object of Stripe's, and holds it whole where it was expanded; empty for none."""
    if reference is None or isinstance(reference, str):
        return reference or ""
    return reference.id


def create_customer(workspace_id: str) -> str:
    """The id of the workspace's customer, made at the first call; a repeated one within a day is the same."""
    customer = call(api().customers.create, key=f"customer-{workspace_id}", metadata={"workspace": workspace_id})
    return customer.id


def checkout(workspace_id: str, customer_id: str, tier: str, interval: str, return_url: str) -> tuple[str, str]:
    """(session id, address of Stripe's payment page) for a plan; `return_url` is our page to come back to."""
    prices = price_ids()
    line_items = [{"price": prices[f"{tier}_{interval}"], "quantity": 1}, {"price": prices[f"{tier}_{OVERAGE}"]}]
    session = call(
        api().checkout.sessions.create,
        mode="subscription",
        customer=customer_id,
        line_items=line_items,
        client_reference_id=workspace_id,
        subscription_data={"billing_mode": {"type": "flexible"}},
        success_url=return_url + "?session_id={CHECKOUT_SESSION_ID}",
        cancel_url=return_url + "?left=1",
        automatic_tax={"enabled": True},
        billing_address_collection="required",
        customer_update={"address": "auto", "name": "auto"},
        tax_id_collection={"enabled": True},
    )
    assert session.url is not None  # a session on Stripe's own page has its address while it is open
    return session.id, session.url


def expire_checkouts(customer_id: str, but: str = "") -> None:
    """Expire every open Checkout session of a customer except `but`, so that nobody pays twice. A session that is being
    paid at this moment cannot be expired, and is left: its result shows in `present`."""
    for session in call(api().checkout.sessions.list, customer=customer_id, status="open", limit=100).data:
        if session.id != but:
            with suppress(StripeRefused):
                call(api().checkout.sessions.expire, session.id)


def portal(customer_id: str, return_url: str) -> str:
    """The address of Stripe's portal for a customer: cards, invoices, tax number."""
    return call(api().billing_portal.sessions.create, customer=customer_id, return_url=return_url).url


def subscription(customer_id: str) -> SubscriptionSnapshot | None:
    """The subscription of a customer as it is now: the oldest one that is served, as a newer one beside it is refunded
    (H33), else the newest; None without."""
    subscriptions = call(
        api().subscriptions.list, customer=customer_id, status="all", limit=20, expand=["data.schedule"]
    ).data
    active = [sub for sub in subscriptions if sub.status in ENTITLED_STATES]
    subscriptions, active = (sorted(rows, key=lambda sub: (sub.created, sub.id)) for rows in (subscriptions, active))
    return _snapshot(active[0] if active else subscriptions[-1]) if subscriptions else None


def _snapshot(subscription: "StripeSubscription") -> SubscriptionSnapshot:
    licensed_items = [item for item in subscription["items"].data if item.price.recurring.usage_type == "licensed"]
    plan_item = licensed_items[0] if licensed_items else subscription["items"].data[0]
    pending = getattr(subscription, "pending_update", None)
    schedule, tier, interval = subscription.schedule, tier_of(plan_item.price), plan_item.price.recurring.interval
    assert not isinstance(schedule, str)  # the list was asked for with its schedules
    mark = getattr(subscription.metadata, REPLACED, "")
    is_replaced = schedule is not None and mark == f"{schedule.id} {tier} {interval}"
    cancels = bool(subscription.cancel_at_period_end or subscription.cancel_at)
    return SubscriptionSnapshot(
        subscription_id=subscription.id,
        customer_id=id_of(subscription.customer),
        state=subscription.status,
        tier=tier,
        interval=interval,
        is_replaced=is_replaced,
        start=plan_item.current_period_start,
        end=plan_item.current_period_end,
        next_tier="" if is_replaced else catalogue.FREE if cancels else _scheduled(schedule),
        cancels=cancels and not is_replaced,
        schedule_id=schedule.id if schedule and schedule.status in ("active", "not_started") else "",
        offer_id=id_of(subscription.latest_invoice) if pending else "",
        items=tuple((_item_kind(item.price), item.id) for item in subscription["items"].data),
        pending_until=pending.expires_at if pending else 0,
        ended_at=getattr(subscription, "ended_at", None) or 0,
    )


def _scheduled(schedule: "StripeSchedule | None") -> str:
    """The tier that a schedule's next phase brings; empty where nothing is scheduled."""
    if not schedule or schedule.status not in ("active", "not_started"):
        return ""
    phase_end = schedule.current_phase.end_date if schedule.current_phase else 0
    next_phases = [phase for phase in schedule.phases if phase.start_date >= phase_end]
    if not next_phases:
        return ""
    names_by_price = {price_id: name for name, price_id in price_ids().items()}
    names = [names_by_price.get(id_of(item.price), "") for item in next_phases[0]["items"]]
    return next((name.partition("_")[0] for name in names if name and not name.endswith(OVERAGE)), "")


def tier_of(price: "StripePrice") -> str:
    """The plan a price belongs to: by our own product, never by the content of an event or a form (B16)."""
    return catalogue.tier_of_product(id_of(price.product))


def _item_kind(price: "StripePrice") -> str:
    return "credits" if price.recurring and price.recurring.usage_type == "licensed" else OVERAGE


PRICES_SECONDS = 600.0
# By Stripe account; a process has one, a test some.
_prices: TTLCache[str, dict[str, str]] = TTLCache(4, PRICES_SECONDS, timer=lambda: clock.monotonic())


def lookup_keys() -> list[str]:
    """The names of every price we sell, as Stripe's lookup keys."""
    paid_tiers = [plan.tier for plan in catalogue.CATALOGUE.values() if plan.paid]
    return [f"imgapis_{tier}_{suffix}" for tier in paid_tiers for suffix in (*catalogue.INTERVALS, OVERAGE)]


@cached(_prices, key=account, lock=threading.Lock())
def price_ids() -> dict[str, str]:
    """`<tier>_<month|year|overage>` → Stripe's price id. Raises NotConfigured before `stripe_setup` has run."""
    ids = {
        price.lookup_key.removeprefix("imgapis_"): price.id
        for price in iter_prices()
        if price.active and price.lookup_key
    }
    if len(ids) < len(lookup_keys()):
        raise NotConfigured
    return ids


def iter_prices() -> "Iterator[StripePrice]":
    """Every price that has one of our names; Stripe takes ten of them at once."""
    names = lookup_keys()
    for start in range(0, len(names), 10):
        yield from call(api().prices.list, lookup_keys=names[start : start + 10], limit=100).data


def clear_price_cache() -> None:
    """Read the prices again."""
    price_ids.cache_clear()


def change(subscription: SubscriptionSnapshot, tier: str, interval: str) -> str:
    """Another plan at once; the difference is invoiced and must be paid, else everything stays as it is, what is
    scheduled too (H26). Returns the address of Stripe's page where the payer confirms the payment first, empty where it
    is paid (H22). What fails after the payment is finished by `finish_upgrade` (H32). Raises ChangeUnconfirmed."""
    item_ids, prices = dict(subscription.items), price_ids()
    items: list[dict[str, Any]] = [{"id": item_ids["credits"], "price": prices[f"{tier}_{interval}"], "quantity": 1}]
    overage_item = {"price": prices[f"{tier}_{OVERAGE}"]}
    items.append({"id": item_ids[OVERAGE], **overage_item} if OVERAGE in item_ids else overage_item)
    mark: dict[str, Any] = {}
    if subscription.schedule_id:
        mark["metadata"] = {REPLACED: f"{subscription.schedule_id} {tier} {interval}"}
    # Where there is a schedule, it says whether the subscription ends, and Stripe refuses to be told it otherwise.
    resumed: dict[str, Any] = {} if subscription.schedule_id else {"cancel_at_period_end": False}
    try:
        _upgrade(subscription, tier, interval, items=items, payment_behavior="error_if_incomplete", **resumed, **mark)
        pending: StripeSubscription | None = None
    except ConfirmationRequired:
        # Held by Stripe for 23 hours as a pending update, which takes no `cancel_at_period_end`.
        if mark:
            call(api().subscriptions.update, subscription.subscription_id, **mark)
        pending = _upgrade(
            subscription,
            tier,
            interval,
            items=items,
            payment_behavior="pending_if_incomplete",
            expand=["latest_invoice"],
        )
    # Paid, at the second try where there was one.
    if pending is None or getattr(pending, "pending_update", None) is None:
        with suppress(StripeUnavailable, StripeRefused):
            release_schedule(subscription)
        return ""
    offer = pending.latest_invoice
    url = None if offer is None or isinstance(offer, str) else offer.hosted_invoice_url
    if not url:
        raise PaymentRefused
    return url


def _upgrade(before: SubscriptionSnapshot, tier: str, interval: str, **params: Any) -> "StripeSubscription | None":
    """Update a subscription with an invoice of the difference; None where the answer was lost and the plan is there."""
    try:
        return call(api().subscriptions.update, before.subscription_id, proration_behavior="always_invoice", **params)
    except StripeUnavailable as silence:
        with suppress(StripeUnavailable):
            now = subscription(before.customer_id)
            if now and (now.subscription_id, now.tier, now.interval) == (before.subscription_id, tier, interval):
                return None
        raise ChangeUnconfirmed from silence


def finish_upgrade(current: SubscriptionSnapshot | None) -> SubscriptionSnapshot | None:
    """Release the schedule that a paid upgrade took the place of, where that failed; the subscription as it then is."""
    if current is None or not current.is_replaced:
        return current
    with suppress(StripeRefused):  # somebody else has released it
        release_schedule(current)
    return subscription(current.customer_id)


def schedule(subscription: SubscriptionSnapshot, tier: str, interval: str) -> None:
    """Another plan from the end of the paid period on; the running one stays as it is paid. A cancellation goes on into
    the schedule that is made, and is taken back by the same call that sets the next plan (H26)."""
    schedules, prices = api().subscription_schedules, price_ids()
    schedule_id = subscription.schedule_id or call(schedules.create, from_subscription=subscription.subscription_id).id
    next_items = [{"price": prices[f"{tier}_{interval}"], "quantity": 1}, {"price": prices[f"{tier}_{OVERAGE}"]}]
    phases = [
        _running_phase(subscription, schedule_id),
        # At the turn there is nothing to prorate; "none" would leave out what was used at the metered price that goes.
        {"items": next_items, "proration_behavior": "create_prorations"},
    ]
    call(schedules.update, schedule_id, phases=phases, end_behavior="release", proration_behavior="none")


def _running_phase(subscription: SubscriptionSnapshot, schedule_id: str) -> dict[str, Any]:
    """The running phase of a schedule as it is, to the end of the paid period."""
    phase = call(api().subscription_schedules.retrieve, schedule_id).phases[0]
    items = [
        {"price": id_of(item.price)} | ({"quantity": item.quantity} if getattr(item, "quantity", None) else {})
        for item in phase["items"]
    ]
    return {
        "items": items,
        "start_date": phase.start_date,
        "end_date": subscription.end,
        "proration_behavior": "none",
    }


def resume(subscription: SubscriptionSnapshot) -> None:
    """Nothing ends or changes at the end of the period any more."""
    if subscription.cancels:
        call(api().subscriptions.update, subscription.subscription_id, cancel_at_period_end=False)


def release_schedule(subscription: SubscriptionSnapshot) -> None:
    """Release a scheduled change: the plan goes on."""
    if subscription.schedule_id:
        call(api().subscription_schedules.release, subscription.schedule_id)


def cancel(subscription: SubscriptionSnapshot) -> None:
    """The plan ends with the paid period; a scheduled change goes with the same call (H26)."""
    if not subscription.schedule_id:
        call(api().subscriptions.update, subscription.subscription_id, cancel_at_period_end=True)
        return
    phases = [_running_phase(subscription, subscription.schedule_id)]
    call(
        api().subscription_schedules.update,
        subscription.schedule_id,
        phases=phases,
        end_behavior="cancel",
        proration_behavior="none",
    )


def construct_event(body: bytes, signature: str) -> stripe.Event:
    """The event of a webhook's raw body, signed with the endpoint's secret or with one that it takes the place of.
    Raises InvalidWebhookSignature; ValueError where the body is no event."""
    last_error: Exception | None = None
    for secret in (settings.STRIPE_WEBHOOK_SECRET, *settings.STRIPE_WEBHOOK_SECRET_FALLBACKS):
        try:
            return stripe.Webhook.construct_event(body, signature, secret, settings.STRIPE_TOLERANCE_SECONDS)
        except stripe.SignatureVerificationError as error:
            last_error = error
        except stripe.StripeError as error:
            raise InvalidWebhookSignature from error
    raise InvalidWebhookSignature from last_error
