"""The nightly comparison with Stripe: what an event failed to tell is made good, so that no event is ever needed."""

import logging

from billing.charging.counters import WorkspaceGone
from billing.stripe import customers, gateway, settlements, webhooks

log = logging.getLogger("imgapis.reconcile")


def reconcile_all() -> tuple[int, int]:
    """(compared, changed): bring each workspace that has a customer to what Stripe reports now."""
    compared_count = changed_count = 0
    for row in customers.iter_all():
        before = (row.state, row.tier, row.subscription_id, int(row.period_end), row.next_tier)
        try:
            webhooks.sync_subscription(row.workspace_id, row.customer_id)
            if settlements.settle_all(row.workspace_id, row.customer_id):
                webhooks.sync_subscription(row.workspace_id, row.customer_id)
        except WorkspaceGone:
            continue
        after = customers.of_workspace(row.workspace_id)
        compared_count += 1
        if after and before != (after.state, after.tier, after.subscription_id, int(after.period_end), after.next_tier):
            changed_count += 1
    if changed_count:
        log.warning("stripe_reconciled", extra={"count": changed_count})
    return compared_count, changed_count


def reconcile_if_configured() -> None:
    """Compare, where payments are set up."""
    if gateway.configured():
        reconcile_all()
