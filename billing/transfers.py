"""The bill of a workspace that an owner hands over or leaves: who has used pays, and for nothing that follows (H34).

Before the owner ceases to be one, nothing is sold beyond the plan any more, what was is invoiced and paid, and the
payer is removed from the customer at Stripe. Each step can be repeated; only then the roles change, so that wherever it
ends halfway the old owner still owns the workspace, and nobody is charged for another.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from accounts.models import Workspace, workspaces
from accounts.models.workspaces import WorkspaceGone
from accounts.workspaces.transfers import BillOfTransfer
from billing.charging import entitlement_change
from billing.charging.entitlement_change import Draft
from billing.models import Subscription, counters
from billing.models import overage as overage_rows
from billing.money import dollars
from billing.plans import catalogue
from billing.stripe import closing, customers, gateway, overage, payments
from billing.stripe.gateway import PaymentRefused, StripeRefused, StripeUnavailable
from billing.stripe.overage import OverageNotInvoiced
from imgapis.base import clock
from imgapis.base.errors import ApiError

log = logging.getLogger("imgapis.transfers")
OVERAGE_OFF = " Overage was turned off for it: it can be allowed again, under Billing."
REMOVED = "Every card kept at Stripe for this workspace is removed, with the name and the e-mail address of who paid"


class BillsOpen(ApiError):
    """An invoice of the workspace is not paid: whoever has used pays before the ownership is transferred."""

    status = 409
    code = "bills_open"

    def __init__(self) -> None:
        super().__init__(
            "An invoice of this workspace is not paid yet. Pay it under Billing, Invoices: then an owner can hand over"
            " or leave."
        )


class ChangeWaits(ApiError):
    """A larger plan waits for its payer to confirm the payment."""

    status = 409
    code = "change_waits"

    def __init__(self, until: float):
        super().__init__(
            "A larger plan waits for its payment to be confirmed at your bank. Confirm it under Billing, Invoices, or"
            f" wait until {clock.stamp(until)}: then an owner can hand over or leave."
        )


class TransferUnfinished(ApiError):
    """Stripe does not answer, or is still counting, after the bill has begun to be settled."""

    status = 503
    code = "transfer_unfinished"

    def __init__(self) -> None:
        super().__init__(
            "The owners have not changed yet, as Stripe is still adding up what was used beyond the plan or does"
            " not answer. Overage is off, and what was used may have been invoiced and charged already: the next try"
            " charges nothing twice. Try again in a minute.",
            retry_after=60,
        )


class PayerMissing(ApiError):
    """The means of payment was removed by a transfer, and no other one is there yet."""

    status = 402
    code = "payment_method_missing"

    def __init__(self) -> None:
        super().__init__(
            "No card is there: it was removed when the ownership was transferred. Add one at Stripe, under Billing,"
            " then allow overage."
        )


def preview(workspace_id: str) -> BillOfTransfer:
    """What a transfer would do to the bill, as it is told before; Stripe is not asked."""
    row = customers.of_workspace(workspace_id)
    if row is None:
        return BillOfTransfer()
    return _bill(row, closing.owed_cents(workspace_id))


def settle(workspace_id: str) -> BillOfTransfer:
    """Stop overage, have what was used beyond the plan invoiced and paid, and remove the payer; what that means for
    both owners. Meanwhile nobody allows overage again, and a refusal says that it is off. Safe to repeat. Raises
    BillsOpen, ChangeWaits, PaymentRefused, TransferUnfinished where Stripe has not counted yet or ceases to answer, and
    what the gateway raises."""
    row = customers.of_workspace(workspace_id)
    if row is None or closing.is_deleted(row.customer_id):
        return BillOfTransfer()
    cents = closing.owed_cents(workspace_id)
    _require_no_waiting_change(row.customer_id)
    _require_paid(row.customer_id)
    gateway.expire_checkouts(row.customer_id)
    with _without_overage(workspace_id):
        try:
            _invoice(row)
            _require_paid(row.customer_id)
            customers.forget_payer(row)
        except (OverageNotInvoiced, StripeUnavailable) as error:
            raise TransferUnfinished from error
    return _bill(row, cents)


def release(workspace_id: str) -> None:
    """For an owner whom no bill holds back, being taken out or erased: settle it, or, where that is refused, remove the
    payer from the customer all the same. An invoice that stays open is the workspace's: it buys nothing before it is
    paid. Raises TransferUnfinished and StripeUnavailable: the card would stay."""
    row = customers.of_workspace(workspace_id)
    if row is None or not gateway.configured():
        return
    try:
        settle(workspace_id)
    except (BillsOpen, ChangeWaits, PaymentRefused, StripeRefused):
        log.warning("bill_not_settled")
        customers.forget_payer(row)


@contextmanager
def _without_overage(workspace_id: str) -> Iterator[None]:
    """Turn overage off, and let nobody allow it before the block is done; a refusal says that it is off."""
    was_allowed, until = False, clock.now() + closing.SETTLING_SECONDS

    def stop(row: Workspace) -> Draft:
        nonlocal was_allowed
        was_allowed = bool(row.overage)
        return Draft({"overage": False, "settling_until": until})

    def end(row: Workspace) -> Draft:
        return Draft({"settling_until": 0} if float(row.settling_until) == until else {})

    entitlement_change.update_terms(workspace_id, stop)
    try:
        yield
    except (BillsOpen, PaymentRefused) as refusal:
        if was_allowed:
            refusal.message += OVERAGE_OFF
        raise
    finally:
        with suppress(WorkspaceGone):
            entitlement_change.update_terms(workspace_id, end)


def require_payer(row: Workspace) -> None:
    """Before overage is allowed: raise PayerMissing where a transfer removed the payer and there is no other yet."""
    subscription = customers.of_workspace(row.workspace_id)
    if subscription is not None and not customers.has_payer(subscription):
        raise PayerMissing


def _require_no_waiting_change(customer_id: str) -> None:
    subscription = gateway.subscription(customer_id)
    if subscription is not None and subscription.pending_until:
        raise ChangeWaits(subscription.pending_until)


def _invoice(row: Subscription) -> None:
    """Have everything used beyond the plan invoiced: by Stripe what its meter has counted, by us what it was not told,
    and drafts as they are."""
    workspace_id, customer_id = row.workspace_id, row.customer_id
    overage.prepare_change(workspace_id, customer_id)
    subscription = gateway.finish_upgrade(gateway.subscription(customer_id))
    if subscription is not None and subscription.state in gateway.ENTITLED_STATES and _is_metered(workspace_id):
        overage.invoice_metered(subscription)
    overage.restore_metered(subscription)
    overage.report(workspace_id, customer_id, is_final=True)
    overage.require_reported(workspace_id)
    closing.collect(customer_id)


def _is_metered(workspace_id: str) -> bool:
    """Whether the meter was told of anything in a period that is not over."""
    for counter in counters.periods(workspace_id):
        if float(counter.ends or 0) <= clock.now():
            continue
        reported = overage_rows.find(workspace_id, counter.period)
        if reported is not None and int(reported.credits) > int(reported.invoiced):
            return True
    return False


def _require_paid(customer_id: str) -> None:
    """Raise BillsOpen where an invoice waits for its payment, or credits beyond a plan are owed."""
    is_open = any(invoice.status == "open" for invoice in closing.unclosed_invoices(customer_id))
    if is_open or payments.OVERAGE in payments.owed(customer_id):
        raise BillsOpen


def _bill(row: Subscription, cents: int) -> BillOfTransfer:
    """What a transfer means, in sentences for the page and for the mails of both owners."""
    workspace = workspaces.find(row.workspace_id)
    if workspace is None:
        return BillOfTransfer()
    plan, amount = catalogue.of(workspace.plan), f"{dollars(cents)} before tax"
    ends = clock.day(float(row.period_end)) if plan.paid else ""
    deadline = f"before {ends}, when the plan {plan.title} renews" if ends and not row.cancels else ""
    before = (
        f"Credits used beyond the plan in the running period come to {amount}. What of them is not invoiced yet is"
        " invoiced to you now, and charged to the card that is there."
        if cents
        else "",
        f"{REMOVED}: nothing that is used from then on is charged to you.",
        f"The new owner adds a card {deadline}. Until then the plan goes on as it is paid." if deadline else "",
        f"The plan {plan.title} is cancelled and goes on until {ends}." if ends and row.cancels else "",
        "Overage is turned off. The new owner can allow it once a card is there.",
        "The billing address, the tax number and earlier invoices stay with the workspace: the new owner sees them.",
    )
    invoiced = f" Credits used beyond the plan in the running period, {amount}, are invoiced and paid." if cents else ""
    former = (
        f"{REMOVED}. Nothing that is used from now on is charged to you.{invoiced} As an admin you still find the"
        " invoices under Billing."
    )
    new = (
        "The card that has paid for the workspace is removed. Add yours at Stripe, under Billing"
        f"{', ' + deadline if deadline else ''}. Overage is off until you allow it. Bring the billing address and the"
        " tax number up to date there too."
    )
    return BillOfTransfer(tuple(filter(None, before)), former, new)
