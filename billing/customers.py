"""What can be asked of workspaces at Stripe: their customer, and their subscription as Stripe last said it was."""

from collections.abc import Iterator

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from accounts.models import Workspace
from billing import gateway
from billing.gateway import Present
from billing.opening import WorkspaceGone
from billing.rows.stripe import Customer, Subscription
from billing.standing import Standing
from imgapis.base import dynamo


def of_workspace(workspace_id: str) -> Subscription | None:
    """What a workspace has at Stripe."""
    return Subscription.find(workspace_id)


def workspace_of(customer_id: str) -> str | None:
    """The workspace of a customer at Stripe."""
    row = Customer.find(customer_id)
    return row.workspace_id if row else None


def every() -> Iterator[Subscription]:
    """What every workspace has, for the nightly comparison."""
    return Subscription.scan()


def ensure(workspace_id: str) -> Subscription:
    """The workspace's row, its customer made at Stripe where there was none; asked twice at once it is one customer.
    Raises WorkspaceGone, and what the gateway raises."""
    known = of_workspace(workspace_id)
    if known is not None:
        return known
    customer_id = gateway.create_customer(workspace_id)
    row = Subscription(workspace_id, customer_id=customer_id)
    try:
        with TransactWrite(connection=dynamo.connection()) as transaction:
            transaction.condition_check(Workspace, workspace_id, condition=Workspace.workspace_id.exists())
            transaction.save(row, condition=Subscription.workspace_id.does_not_exist())
            transaction.save(
                Customer(customer_id, workspace_id=workspace_id), condition=Customer.customer_id.does_not_exist()
            )
    except TransactWriteError as error:
        if dynamo.reasons(error)[:1] == ["ConditionalCheckFailed"]:
            raise WorkspaceGone from error
        known = of_workspace(workspace_id)
        if known is None:
            raise
        return known
    return row


def standing(found: Present | None, asked: float) -> Standing:
    """A subscription at Stripe as the standing it gives; without one, the free plan."""
    if found is None:
        return Standing(asked=asked)
    return Standing(
        tier=found.tier, state=found.state, start=found.start, end=found.end, interval=found.interval,
        next_tier=found.next_tier, asked=asked,
    )  # fmt: skip


def write(transaction: TransactWrite, workspace_id: str, found: Present | None, asked: float) -> None:
    """Put the state of a subscription into a transaction: the row of a workspace that has one, and no other."""
    values = {"state": "none", "tier": "free", "next_tier": "", "cancels": False, "asked": asked}
    if found is not None:
        values |= {
            "subscription_id": found.subscription_id, "state": found.state, "tier": found.tier,
            "interval": found.interval, "period_start": found.start, "period_end": found.end,
            "next_tier": found.next_tier, "cancels": found.cancels,
        }  # fmt: skip
    actions = [getattr(Subscription, name).set(value) for name, value in values.items()]
    transaction.update(Subscription(workspace_id), actions=actions, condition=Subscription.workspace_id.exists())
