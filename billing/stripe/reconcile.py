"""The nightly comparison with Stripe: what an event failed to tell is made good, so that no event is ever needed."""

import logging
import random

from accounts.models.workspaces import WorkspaceGone
from billing.models import Subscription
from billing.stripe import closing, customers, gateway, overage, settlements, webhooks
from billing.stripe.gateway import StripeUnavailable

log = logging.getLogger("imgapis.reconcile")


class Round:
    """A round over customers, each by itself: what fails for one is counted, and keeps no other back."""

    def __init__(self) -> None:
        self.compared = self.changed = self.failed = 0
        self.last_error: Exception | None = None
        self._unanswered_in_row = 0

    @property
    def is_over(self) -> bool:
        """Whether so many in a row had no answer that Stripe is taken to be away, and the rest waits."""
        return self._unanswered_in_row >= overage.MOST_UNANSWERED

    def compare(self, row: Subscription) -> None:
        """Bring a workspace to what Stripe reports now."""
        try:
            is_changed = _compare(row)
        except overage.FAULTS as error:
            self.failed += 1
            self.last_error = error
            self._unanswered_in_row = self._unanswered_in_row + 1 if isinstance(error, StripeUnavailable) else 0
            log.warning("stripe_not_compared", extra={"count": 1})
            return
        self._unanswered_in_row = 0
        self.compared += is_changed is not None
        self.changed += bool(is_changed)

    def compare_one(self, workspace_id: str) -> tuple[int, int]:
        """(looked at, changed or failed), each 0 or 1, of the workspace. Raises the last error where Stripe is away."""
        before = (self.compared + self.failed, self.changed + self.failed)
        row = customers.of_workspace(workspace_id)
        if row is not None:
            self.compare(row)
        if self.is_over and self.last_error is not None:
            raise self.last_error
        return self.compared + self.failed - before[0], self.changed + self.failed - before[1]


def reconcile_all() -> Round:
    """Bring each workspace that has a customer to what Stripe reports now, in another order each time, so that where
    the rest is not asked for nobody is always last."""
    done, rows = Round(), list(customers.iter_all())
    random.shuffle(rows)
    for row in rows:
        done.compare(row)
        if done.is_over:
            break
    return done


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
