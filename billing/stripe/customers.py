"""The data access of Stripe customers: the customer of a workspace, and its subscription as Stripe last reported it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pynamodb.exceptions import PynamoDBException, TransactWriteError

from accounts.models import Workspace
from accounts.models.workspaces import WorkspaceGone
from billing.models import Customer, Subscription
from billing.models import subscriptions as subscription_rows
from billing.plans.proration import PaidInvoice
from billing.stripe import gateway
from billing.stripe.gateway import StripeRefused, StripeUnavailable, SubscriptionSnapshot
from billing.stripe.subscription_state import Entitlement
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError

CHANGE_SECONDS = 300.0  # how long a change that has crashed keeps others waiting; none takes so long


class ChangeUnderWay(ApiError):
    """Another change of the plan is being made at this moment, as in another tab."""

    status = 409
    code = "change_under_way"

    def __init__(self) -> None:
        super().__init__(
            "Another change of this plan is being made at this moment. Nothing was changed by this one: look at the"
            " plan, and try again in a moment.",
            retry_after=10,
        )


def of_workspace(workspace_id: str) -> Subscription | None:
    """What a workspace has at Stripe."""
    return subscription_rows.find(workspace_id)


def workspace_of(customer_id: str) -> str | None:
    """The workspace of a customer at Stripe."""
    row = subscription_rows.find_customer(customer_id)
    return row.workspace_id if row else None


def hold_reports(workspace_id: str, until: float) -> None:
    """Have nobody report the overage of a workspace to the meter before a moment (seconds since 1970). A hold only
    becomes longer by this; since when there has been one without a round between is written down with it."""
    subscription_rows.hold(workspace_id, until, clock.now())


def shorten_hold(before: Subscription, until: float) -> None:
    """End a hold at a moment, where it is still what it was `before`."""
    if float(before.reports_from) > until:
        subscription_rows.change_hold(before, until)


def restart_hold(before: Subscription) -> None:
    """After a round, have the time of a hold begin anew: with the next hold, or now where one goes on; where nobody has
    prolonged it meanwhile."""
    is_held = float(before.reports_from) > clock.now()
    subscription_rows.restart_hold(before, clock.now() if is_held else None)


def require_no_hold(transaction: dynamo.Transaction, workspace_id: str) -> None:
    """Let a transaction fail where the reports of a workspace are held."""
    is_free = (Subscription.reports_from <= clock.now()) | Subscription.reports_from.does_not_exist()
    transaction.check(Subscription, workspace_id, condition=is_free, name="hold")


@contextmanager
def changing(workspace_id: str) -> Iterator[None]:
    """Nobody else changes the plan inside the block: a change is made of the subscription that was read before it, and
    Stripe makes it of whatever there is by then. Raises ChangeUnderWay. Where the end of it cannot be noted, others
    wait for CHANGE_SECONDS: what was done is done."""
    until = clock.now() + CHANGE_SECONDS + random.random()  # a moment that no other change has
    try:
        if not subscription_rows.begin_change(workspace_id, until, clock.now()):
            raise ChangeUnderWay
        yield
    finally:
        with suppress(PynamoDBException):
            subscription_rows.end_change(workspace_id, until)


def iter_all() -> Iterator[Subscription]:
    """What every workspace has, for the nightly comparison."""
    return subscription_rows.iter_all()


def ensure(workspace_id: str) -> Subscription:
    """The workspace's row, with its customer created at Stripe where there was none; concurrent calls create one
    customer. Raises WorkspaceGone, and what the gateway raises."""
    existing = of_workspace(workspace_id)
    if existing is not None:
        return existing
    customer_id = gateway.create_customer(workspace_id)
    row = Subscription(workspace_id, customer_id=customer_id)
    try:
        with dynamo.transaction() as transaction:
            transaction.check(Workspace, workspace_id, condition=Workspace.is_present(), name="workspace")
            transaction.save(row, if_absent=True)
            transaction.save(Customer(customer_id, workspace_id=workspace_id), if_absent=True)
    except TransactWriteError as error:
        if isinstance(error, dynamo.TransactionCanceled) and "workspace" in error.failed:
            raise WorkspaceGone from error
        existing = of_workspace(workspace_id)
        if existing is None:
            raise
        return existing
    return row


def forget_payer(row: Subscription) -> None:
    """Remove who has paid so far from a customer at Stripe: every means of payment, the address of mails and the name;
    what follows is charged to none of them. Written down before, so that whoever pays next is asked for, and after, as
    somebody may have looked meanwhile, when a card was there still. Safe to repeat. Raises what the gateway raises."""
    subscription_rows.set_payer_left(row.workspace_id, clock.now())
    for method_id in _payment_methods(row.customer_id):
        with suppress(StripeRefused):  # somebody else has removed it
            gateway.call(gateway.api().payment_methods.detach, method_id)
    if _payment_methods(row.customer_id):
        raise StripeUnavailable
    subscription_rows.set_payer_left(row.workspace_id, clock.now())
    gateway.call(gateway.api().customers.update, row.customer_id, email="", name="")


def has_payer(row: Subscription) -> bool:
    """Whether a customer whose payer has left has a means of payment again, which is written down. Raises what the
    gateway raises."""
    if row.payer_left is None:
        return True
    if not _payment_methods(row.customer_id):
        return False
    return subscription_rows.clear_payer_left(row)


def _payment_methods(customer_id: str) -> list[str]:
    methods = gateway.call(gateway.api().customers.payment_methods.list, customer_id, limit=100)
    return [method.id for method in methods.data]


def entitlement(
    subscription: SubscriptionSnapshot | None,
    asked_at: float,
    invoices: tuple[PaidInvoice, ...] = (),
    overage_debt: str = "",
) -> Entitlement:
    """The entitlement that a subscription at Stripe gives, with its paid invoices and what is owed of overage
    (`payments.overage_debt`); the free plan without one. `asked_at`: when it was read, seconds since 1970."""
    if subscription is None:
        return Entitlement(read_at=asked_at)
    return Entitlement(
        tier=subscription.tier,
        state=subscription.state,
        start=subscription.start,
        end=subscription.end,
        interval=subscription.interval,
        next_tier=subscription.next_tier,
        read_at=asked_at,
        invoices=invoices,
        overage_debt=overage_debt,
    )


def write(
    transaction: dynamo.Transaction, workspace_id: str, subscription: SubscriptionSnapshot | None, asked_at: float
) -> None:
    """Put the state of a subscription into a transaction: the row of a workspace that has one, and no other; nothing
    where a later answer of Stripe's is already written (B12)."""
    before = of_workspace(workspace_id)
    if before is not None and float(before.asked) > asked_at:
        return
    values = {"state": "none", "tier": "free", "next_tier": "", "cancels": False, "asked": asked_at}
    if subscription is not None:
        values |= {
            "subscription_id": subscription.subscription_id,
            "state": subscription.state,
            "tier": subscription.tier,
            "interval": subscription.interval,
            "period_start": subscription.start,
            "period_end": subscription.end,
            "next_tier": subscription.next_tier,
            "cancels": subscription.cancels,
        }
    actions = Subscription.assignments(values)
    transaction.update(Subscription(workspace_id), actions, condition=Subscription.is_present())
