"""Credits beyond the plan's, reported to Stripe's meter: each whole credit once, whatever crashes between."""

from billing import store
from billing.models import Counter
from billing.rows.stripe import ReportedOverage
from billing.stripe import customers, gateway
from imgapis.base import clock


def report_all() -> int:
    """Report every workspace's overage to the meter; returns for how many. Where Stripe is unavailable the rest is left
    for the next round."""
    return sum(
        report(row.workspace_id, row.customer_id)
        for row in customers.iter_all()
        if row.state in gateway.ENTITLED_STATES
    )


def report(workspace_id: str, customer_id: str) -> bool:
    """Report what has been used beyond a plan and was not reported yet; whether anything was."""
    outcomes = [_report(counter, customer_id) for counter in store.counters(workspace_id) if _used(counter)]
    return any(outcomes)


def _used(counter: Counter) -> int:
    """Whole credits beyond what the plan and grants include; a started one counts when it is whole."""
    base = int(counter.granted) if counter.base is None else int(counter.base)
    return max(0, int(counter.used) - base - int(counter.extra)) // 2 if counter.room > 0 else 0


def _report(counter: Counter, customer_id: str) -> bool:
    """Report one counter. The new sum is stored first, and is part of the identifier: after a crash the same
    report is sent again, and Stripe counts it once. Each report is of the difference to the last one."""
    row = _row(counter)
    previous, target, used = int(row.credits), int(row.telling), _used(counter)
    if target <= previous:
        if used <= previous or not row.update_if(ReportedOverage.telling == target, telling=used):
            return False
        target = used
    identifier = f"{counter.workspace_id}-{counter.period}-{previous}-{target}"
    moment = min(clock.now(), float(counter.ends or clock.now()) - 1)
    gateway.report_overage(customer_id, identifier, target - previous, moment)
    row.update_if(ReportedOverage.credits == previous, credits=target, told=clock.now())
    return True


def _row(counter: Counter) -> ReportedOverage:
    key = (counter.workspace_id, counter.period)
    if row := ReportedOverage.find(*key):
        return row
    row = ReportedOverage(*key, credits=0, telling=0, told=0)
    return row if row.save_if(ReportedOverage.is_absent()) else ReportedOverage.get(*key, consistent_read=True)
