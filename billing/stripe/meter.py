"""Stripe's meter of credits beyond a plan's: what is reported to it, and what it has counted."""

import threading
from typing import TYPE_CHECKING

from cachetools import cached

from billing.stripe import gateway
from billing.stripe.gateway import NotConfigured, StripeRefused

if TYPE_CHECKING:
    from billing.stripe.gateway import StripeMeter

METER = "imgapis_overage"
ALREADY_REPORTED = "duplicate_meter_event"
MINUTE = 60


def report(customer_id: str, identifier: str, credits: int, moment: float) -> None:
    """Report whole credits used at a moment; the same identifier, sent again within a day, counts once."""
    try:
        gateway.call(
            gateway.api().billing.meter_events.create,
            event_name=METER,
            identifier=identifier,
            timestamp=int(moment),
            payload={"stripe_customer_id": customer_id, "value": str(credits)},
        )
    except StripeRefused as refusal:
        if getattr(refusal.__cause__, "code", "") != ALREADY_REPORTED:
            raise


def counted(customer_id: str, start: float, end: float) -> int:
    """The credits counted of a customer from the minute of `start` to the one of `end`, both included. Stripe counts
    in the background: what was reported some minutes ago may be missing."""
    first, last = int(start) // MINUTE * MINUTE, (int(end) // MINUTE + 1) * MINUTE
    summaries = gateway.call(
        gateway.api().billing.meters.event_summaries.list,
        _meter_id(),
        customer=customer_id,
        start_time=first,
        end_time=last,
        limit=100,
    ).data
    return int(sum(summary.aggregated_value for summary in summaries))


def all_of_ours() -> "list[StripeMeter]":
    """Our meters at Stripe: one after `stripe_setup`, none before."""
    meters = gateway.call(gateway.api().billing.meters.list, limit=100).data
    return [meter for meter in meters if meter.event_name == METER]


@cached({}, key=gateway.account, lock=threading.Lock())
def _meter_id() -> str:
    meters = all_of_ours()
    if not meters:
        raise NotConfigured
    return meters[0].id
