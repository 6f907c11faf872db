"""The rows of Stripe: the state of a subscription by ids, and the events that were acted on. Never a card (P03)."""

from pynamodb.attributes import BooleanAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Credits, Moment

BILLING = DataHandling("billing", "until erasure")
EVENT = DataHandling("billing", "90 days", exported=False)


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


class ReportedOverage(dynamo.Row):
    """How much overage of a period Stripe's meter was told of."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("reported")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose overage it is", BILLING)
    period = declared(UnicodeAttribute(range_key=True), "the hour the period starts on", BILLING)
    credits = declared(Credits(default=0), "whole credits told of", BILLING)
    telling = declared(Credits(default=0), "whole credits being told of, with what was told before", BILLING)
    told = declared(Moment(default=0), "when they were last told of", BILLING)
    moment = declared(Moment(default=0), "the time that the report under way gives for them", BILLING)
    failing = declared(Moment(default=0), "since when reports of them fail; 0: they do not", BILLING)
    invoicing = declared(UnicodeAttribute(default=""), "at which plan's price they are invoiced instead", BILLING)
    invoiced = declared(Credits(default=0), "of the credits told of, those invoiced apart from the meter", BILLING)


class Receipt(dynamo.Row):
    """A paid invoice of Stripe's whose receipt was mailed, or a second subscription whose refund was, so that no second
    event mails it again."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("receipts")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "who paid it", BILLING)
    invoice_id = declared(
        UnicodeAttribute(range_key=True), "names the invoice, or the subscription, at Stripe", BILLING
    )
    moment = declared(Moment(), "when it was mailed", BILLING)
