"""What a workspace has at Stripe, and whose customer is whose: ids, never a card (P03)."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from billing.models.handling import BILLING
from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Moment


class Subscription(dynamo.Row):
    """What a workspace has at Stripe: ids, state, tier, period."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("subscriptions")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose subscription it is", BILLING)
    customer_id = declared(UnicodeAttribute(), "names the workspace at Stripe", BILLING)
    subscription_id = declared(UnicodeAttribute(default=""), "names the subscription at Stripe", BILLING)
    state = declared(UnicodeAttribute(default="none"), "Stripe's word for its state", BILLING)
    tier = declared(UnicodeAttribute(default="free"), "the plan that is paid for", BILLING)
    interval = declared(UnicodeAttribute(default="month"), "paid by the month or by the year", BILLING)
    period_start = declared(Moment(default=0), "when the paid period began", BILLING)
    period_end = declared(Moment(default=0), "when it ends", BILLING)
    next_tier = declared(UnicodeAttribute(default=""), "the plan that follows", BILLING)
    cancels = declared(BooleanAttribute(default=False), "whether it ends with the period", BILLING)
    asked = declared(Moment(default=0), "when Stripe was asked for this", BILLING)
    reports_from = declared(Moment(default=0), "when overage is reported again, while a plan is changed", BILLING)
    held_from = declared(Moment(null=True), "since when overage has not been reported for a change of plan", BILLING)


class Customer(dynamo.Row):
    """Finds the workspace of a customer at Stripe: never by an address (B13)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("customers")

    customer_id = declared(UnicodeAttribute(hash_key=True), "names the workspace at Stripe", BILLING)
    workspace_id = declared(UnicodeAttribute(), "whose customer it is", BILLING)
