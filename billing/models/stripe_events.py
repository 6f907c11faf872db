"""The events of Stripe's that were acted on."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

EVENT = DataHandling("billing", "90 days", exported=False)


class StripeEvent(dynamo.Row):
    """An event of Stripe's, claimed in the transaction of its effect, so that it acts once (B11)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("stripe-events")

    event_id = declared(UnicodeAttribute(hash_key=True), "names the event", EVENT)
    kind = declared(UnicodeAttribute(), "what kind of event it was", EVENT)
    outcome = declared(UnicodeAttribute(), "acted, or why it was ignored", EVENT)
    workspace_id = declared(UnicodeAttribute(default=""), "whom it concerned", EVENT)
    created = declared(Moment(), "when Stripe made it", EVENT)
    moment = declared(Moment(), "when it came", EVENT)
    expires = declared(TTLAttribute(), "ends the row, long after Stripe would repeat it", EVENT)


def find(event_id: str) -> StripeEvent | None:
    """An event that was acted on, or ignored."""
    return StripeEvent.find(event_id)


def add(row: StripeEvent) -> bool:
    """Write an event down; False where it came before."""
    return row.save_if(StripeEvent.is_absent())
