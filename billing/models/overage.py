"""How much overage Stripe's meter was told of, by workspace and period."""

from pynamodb.attributes import UnicodeAttribute

from billing.models.handling import BILLING
from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Credits, Moment


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
