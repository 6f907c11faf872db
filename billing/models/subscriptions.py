"""What a workspace has at Stripe, and whose customer is whose: ids, never a card (P03)."""

from collections.abc import Iterator

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from accounts.models.handling import BILLING
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
    payer_left = declared(
        Moment(null=True), "when a transfer removed who pays, until the new owner has a means of payment there", BILLING
    )
    held_from = declared(Moment(null=True), "since when overage has not been reported for a change of plan", BILLING)
    changing_until = declared(Moment(default=0), "until when no other change of the plan begins", BILLING)


class Customer(dynamo.Row):
    """Finds the workspace of a customer at Stripe: never by an address (B13)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("customers")

    customer_id = declared(UnicodeAttribute(hash_key=True), "names the workspace at Stripe", BILLING)
    workspace_id = declared(UnicodeAttribute(), "whose customer it is", BILLING)


def find(workspace_id: str) -> Subscription | None:
    """What a workspace has at Stripe."""
    return Subscription.find(workspace_id)


def iter_all() -> Iterator[Subscription]:
    """What every workspace has, in no order."""
    return Subscription.scan()


def find_customer(customer_id: str) -> Customer | None:
    """The row of a customer at Stripe."""
    return Customer.find(customer_id)


def set_payer_left(workspace_id: str, moment: float) -> None:
    """Write down when a transfer removed who pays at Stripe."""
    Subscription(workspace_id).update_if(Subscription.is_present(), payer_left=moment)


def clear_payer_left(before: Subscription) -> bool:
    """Write down that somebody pays again, where no transfer has removed the payer since `before`; whether it was."""
    return before.update_if(Subscription.payer_left == before.payer_left, [Subscription.payer_left.remove()])


def hold(workspace_id: str, until: float, now: float) -> None:
    """Hold the reports of a workspace until a moment, where they are not held for longer; since when there has been a
    hold stays what it was, where there is one."""
    is_longer = (Subscription.reports_from < until) | Subscription.reports_from.does_not_exist()
    since = Subscription.held_from.set(Subscription.held_from | now)
    Subscription(workspace_id).update_if(Subscription.is_present() & is_longer, [since], reports_from=until)


def change_hold(before: Subscription, until: float) -> None:
    """Have a hold end at a moment, where it is still what it was `before`."""
    before.update_if(Subscription.reports_from == before.reports_from, reports_from=until)


def restart_hold(before: Subscription, since: float | None) -> None:
    """Set since when there has been a hold, None for none, where it is still what it was `before`."""
    action = Subscription.held_from.remove() if since is None else Subscription.held_from.set(since)
    before.update_if(Subscription.reports_from == before.reports_from, [action])


def begin_change(workspace_id: str, until: float, now: float) -> bool:
    """Keep other changes of a plan waiting until a moment that is this one's alone; False where one is under way, or
    there is no row. Safe to repeat, as where an answer was lost."""
    is_free = (Subscription.changing_until <= now) | Subscription.changing_until.does_not_exist()
    is_free |= Subscription.changing_until == until
    return Subscription(workspace_id).update_if(Subscription.is_present() & is_free, changing_until=until)


def end_change(workspace_id: str, until: float) -> None:
    """Let other changes begin, where the one that began with `until` is the last."""
    Subscription(workspace_id).update_if(Subscription.changing_until == until, changing_until=0)
