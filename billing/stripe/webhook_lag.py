"""How far Stripe's events are behind: Stripe's list of events is compared with our rows of those acted on.

Asking Stripe shows what counting at our endpoint cannot: that nothing arrives at all. Nothing is stored for it.
"""

from billing.stripe import customers, gateway, stripe_events, webhooks
from imgapis.base import clock

LATE_SECONDS = 600.0
SPAN_SECONDS = float(clock.DAY)


def unacted_since(now: float) -> float | None:
    """When the oldest event of the last day was made that is ten minutes old, of a customer of ours, and was never
    acted on; None without one, and where no payments are set up. Raises StripeUnavailable."""
    if not gateway.configured():
        return None
    recent_events = stripe_events.events(webhooks.HANDLERS, now - SPAN_SECONDS, now - LATE_SECONDS)
    unacted_events = (event for event in recent_events if not stripe_events.of_id(event.event_id))
    return min((float(event.created) for event in unacted_events if _ours(webhooks.customer_of(event))), default=None)


def _ours(customer_id: str) -> bool:
    return bool(customer_id) and customers.workspace_of(customer_id) is not None
