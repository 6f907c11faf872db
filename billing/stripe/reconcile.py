"""The nightly comparison with Stripe: what an event failed to tell is made good, so that no event is ever needed."""

import logging

from accounts.models.workspaces import WorkspaceGone
from billing.models import Subscription
from billing.stripe import closing, customers, gateway, overage, settlements, webhooks

log = logging.getLogger("imgapis.reconcile")


def reconcile_all() -> tuple[int, int]:
    """(compared, changed): bring each workspace that has a customer to what Stripe reports now."""
    outcomes = [outcome for row in customers.iter_all() if (outcome := _compare(row)) is not None]
    return len(outcomes), sum(outcomes)


def reconcile(workspace_id: str) -> tuple[int, int]:
    """(compared, changed), each 0 or 1: bring a workspace to what Stripe reports now."""
    row = customers.of_workspace(workspace_id)
    is_changed = _compare(row) if row else None
    return int(is_changed is not None), int(bool(is_changed))


def _compare(row: Subscription) -> bool | None:
    """Whether what a workspace has was another; None where it is gone."""
    before = (row.state, row.tier, row.subscription_id, int(row.period_end), row.next_tier)
    try:
        _end_duplicates(row)
        overage.restore_metered(gateway.finish_upgrade(gateway.subscription(row.customer_id)))
        customers.has_payer(row)
        webhooks.sync_subscription(row.workspace_id, row.customer_id)
        if settlements.settle_all(row.workspace_id, row.customer_id):
            webhooks.sync_subscription(row.workspace_id, row.customer_id)
    except WorkspaceGone:
        return None
    after = customers.of_workspace(row.workspace_id)
    if not after or before == (after.state, after.tier, after.subscription_id, int(after.period_end), after.next_tier):
        return False
    log.warning("stripe_reconciled", extra={"count": 1})
    return True


def _end_duplicates(row: Subscription) -> None:
    """A second plan that cannot be ended now, as where the key may not refund, keeps nothing else back."""
    try:
        closing.end_duplicates(row.workspace_id, row.customer_id)
    except overage.FAULTS:
        log.warning("duplicate_not_ended", extra={"count": 1})
