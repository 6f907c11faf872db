"""What a customer does with a plan: begin, change, cancel, resume; each by Stripe, none by what a form claims."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from accounts import audit
from accounts.models import Workspace
from billing.models import Subscription
from billing.plans import catalogue
from billing.stripe import customers, gateway, overage, payments, webhooks
from billing.stripe.gateway import StripeRefused, SubscriptionSnapshot
from billing.stripe.stripe_facts import Invoice
from imgapis.base.errors import ApiError

log = logging.getLogger("imgapis.subscriptions")
LIVE_STATES = ("active", "trialing", "past_due", "unpaid", "paused")


class UnknownPlan(ApiError):
    """No such plan is sold."""

    code = "unknown_plan"

    def __init__(self) -> None:
        paid_tiers = ", ".join(plan.tier for plan in catalogue.CATALOGUE.values() if plan.paid)
        super().__init__(f"A plan is one of {paid_tiers}, paid by the month or the year.", param="plan")


class AlreadySubscribed(ApiError):
    """There is a subscription: it is changed, not bought again."""

    status = 409
    code = "already_subscribed"

    def __init__(self) -> None:
        super().__init__("This workspace has a plan already: change it instead of buying another.")


class InvoiceUnpaid(ApiError):
    """What was used beyond an earlier plan is not paid, or the running period is not: it is paid before another plan is
    sold (H2, H31)."""

    status = 402
    code = "invoice_unpaid"

    def __init__(self, subject: str = "for credits used beyond the plan"):
        super().__init__(f"An invoice {subject} is not paid yet: pay it under Invoices, then choose a plan.")


class InvoiceDraft(ApiError):
    """The invoice of the running month is not charged yet: a year that began now would give the month back before it is
    paid for (H31)."""

    status = 409
    code = "invoice_draft"

    def __init__(self) -> None:
        super().__init__(
            "Stripe charges the running month within an hour of its beginning, and has not done so yet: choose the year"
            " after that."
        )


class NoSubscription(ApiError):
    """There is nothing to change or cancel."""

    status = 409
    code = "no_subscription"

    def __init__(self) -> None:
        super().__init__("This workspace has no paid plan.")


def start_checkout(workspace: Workspace, actor: str, tier: str, interval: str, return_url: str) -> str:
    """The URL of Stripe's Checkout for a plan; `return_url` is our page to return to. Nothing changes before Stripe
    says that it was paid. Raises UnknownPlan, AlreadySubscribed, InvoiceUnpaid, and what the gateway raises."""
    _require_sold_plan(tier, interval)
    row = customers.ensure(workspace.workspace_id)
    _require_no_subscription(workspace.workspace_id, row.customer_id)
    _require_paid(row.customer_id)
    session_id, url = gateway.checkout(workspace.workspace_id, row.customer_id, tier, interval, return_url)
    # One session of a workspace is open at a time. Look again afterwards: an older one may have been paid meanwhile.
    gateway.expire_checkouts(row.customer_id, but=session_id)
    _require_no_subscription(workspace.workspace_id, row.customer_id)
    audit.record(workspace.workspace_id, actor, "plan.checkout", workspace.workspace_id, None, f"{tier} {interval}")
    return url


def _require_no_subscription(workspace_id: str, customer_id: str) -> None:
    """Where the customer has a living subscription: close what could buy another, and raise AlreadySubscribed."""
    subscription = gateway.subscription(customer_id)
    if subscription is not None and subscription.state in LIVE_STATES:
        gateway.expire_checkouts(customer_id)
        webhooks.sync_subscription(workspace_id, customer_id)
        raise AlreadySubscribed


def _require_paid(customer_id: str, subscription: SubscriptionSnapshot | None = None) -> None:
    """Raise InvoiceUnpaid where a customer owes overage, or a period of the subscription."""
    owed = payments.owed(customer_id, subscription)
    if payments.OVERAGE in owed:
        raise InvoiceUnpaid
    if payments.PERIOD in owed:
        raise InvoiceUnpaid("for the running period")


def portal(workspace: Workspace, return_url: str) -> str:
    """The address of Stripe's portal. Raises NoSubscription where the workspace never bought anything."""
    row = customers.of_workspace(workspace.workspace_id)
    if row is None:
        raise NoSubscription
    return gateway.portal(row.customer_id, return_url)


def change(workspace: Workspace, actor: str, tier: str, interval: str) -> str:
    """Another plan: a dearer one at once, its difference invoiced; a cheaper one, or another rhythm of the same, from
    the end of the paid period on. Returns the address of Stripe's page where the payer has to confirm the payment, so
    that the change is made; empty where it is made. What was used beyond the old plan is invoiced at its price (H2).
    What fails once it is paid is finished by Stripe's event or the nightly comparison, and is no failure of the change
    (H32). Raises UnknownPlan, NoSubscription, ChangeUnderWay, InvoiceUnpaid, InvoiceDraft, OverageNotInvoiced, and what
    the gateway raises."""
    _require_sold_plan(tier, interval)
    with _alone(workspace) as (row, subscription):
        url = ""
        is_at_once = is_upgrade(subscription.tier, subscription.interval, tier, interval)
        if is_at_once:
            _require_paid(row.customer_id, subscription)
            if interval != subscription.interval and payments.is_period_draft(subscription):
                raise InvoiceDraft
            overage.prepare_change(workspace.workspace_id, row.customer_id)
            url = gateway.change(subscription, tier, interval)
            _finish_later(webhooks.sync_subscription, workspace.workspace_id, row.customer_id)
            _finish_later(overage.finish_change, workspace.workspace_id, row.customer_id)
        elif (tier, interval) == (subscription.tier, subscription.interval):
            gateway.release_schedule(subscription)
            gateway.resume(subscription)
        else:
            gateway.schedule(subscription, tier, interval)
        if not is_at_once:
            webhooks.sync_subscription(workspace.workspace_id, row.customer_id)
    audit.record(
        workspace.workspace_id,
        actor,
        "plan.change_asked",
        workspace.workspace_id,
        f"{subscription.tier} {subscription.interval}",
        f"{tier} {interval}",
    )
    return url


def _finish_later(step: Callable[[str, str], None], workspace_id: str, customer_id: str) -> None:
    """A step after an upgrade is made, which Stripe's event or the nightly comparison repeats where it fails."""
    try:
        step(workspace_id, customer_id)
    except overage.FAULTS:
        log.warning("upgrade_unfinished")


def is_upgrade(tier: str, interval: str, new_tier: str, new_interval: str) -> bool:
    """Whether a change takes effect at once: to more credits a month, at the same rhythm or from month to year."""
    has_more_credits = catalogue.of(new_tier).credits > catalogue.of(tier).credits
    return has_more_credits and (interval, new_interval) != ("year", "month")


def cancel(workspace: Workspace, actor: str) -> None:
    """End the plan with the paid period; it goes on until then. Raises NoSubscription, ChangeUnderWay."""
    with _alone(workspace) as (row, subscription):
        gateway.cancel(subscription)
        webhooks.sync_subscription(workspace.workspace_id, row.customer_id)
    audit.record(workspace.workspace_id, actor, "plan.cancelled", workspace.workspace_id, subscription.tier, None)


def resume(workspace: Workspace, actor: str) -> None:
    """Take back a cancellation, or a change that has not come yet. Raises NoSubscription, ChangeUnderWay."""
    with _alone(workspace) as (row, subscription):
        gateway.release_schedule(subscription)
        gateway.resume(subscription)
        webhooks.sync_subscription(workspace.workspace_id, row.customer_id)
    audit.record(workspace.workspace_id, actor, "plan.resumed", workspace.workspace_id, None, subscription.tier)


def invoices(workspace: Workspace) -> list[Invoice]:
    """The invoices at Stripe, newest first; none where the workspace never bought anything."""
    row = customers.of_workspace(workspace.workspace_id)
    return [] if row is None else payments.invoices(row.customer_id)


def checkout_status(workspace: Workspace, session_id: str) -> str | None:
    """The payment status of a Checkout session of this workspace (`paid`, `unpaid`, …), for display only. Credits come
    by webhook, or by asking Stripe what the customer has, never by this page; a foreign session is None (B16)."""
    row = customers.of_workspace(workspace.workspace_id)
    if row is None:
        return None
    try:
        session = gateway.call(gateway.api().checkout.sessions.retrieve, session_id)
    except StripeRefused:
        return None
    return session.payment_status if session.customer == row.customer_id else None


def last_known(workspace_id: str) -> Subscription | None:
    """What was last known of the subscription, without asking Stripe."""
    return customers.of_workspace(workspace_id)


def _require_sold_plan(tier: str, interval: str) -> None:
    if tier not in catalogue.CATALOGUE or not catalogue.of(tier).paid or interval not in catalogue.INTERVALS:
        raise UnknownPlan


@contextmanager
def _alone(workspace: Workspace) -> Iterator[tuple[Subscription, SubscriptionSnapshot]]:
    """What a workspace has here and its living subscription at Stripe, which nobody else changes inside the block: two
    upgrades at once would be an upgrade and a downgrade, whose money comes back. Raises NoSubscription, ChangeUnderWay,
    and what the gateway raises."""
    row = customers.of_workspace(workspace.workspace_id)
    if row is None:
        raise NoSubscription
    with customers.changing(workspace.workspace_id):
        subscription = gateway.finish_upgrade(gateway.subscription(row.customer_id))
        if subscription is None or subscription.state not in LIVE_STATES:
            raise NoSubscription
        yield row, subscription
