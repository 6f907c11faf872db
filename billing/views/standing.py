"""How a workspace stands, in the sentences of the billing page: what stops new pictures, and what is set to follow."""

from django.urls import reverse
from django.utils.html import format_html

from billing.charging.summary import Summary
from billing.plans import catalogue
from imgapis.base import clock


def warnings(bill: Summary, namespace: str) -> list[str]:
    """The sentences of what stops or will stop new pictures, the most pressing first."""
    until = clock.day(bill.period.ends)
    sentences = [
        capped_sentence(bill.capped, until),
        overage_sentence(bill.overage_stopped_by, reverse("billing-invoices", args=[namespace])),
        unpaid_sentence(has_day_share=bill.period.unpaid) if bill.unpaid else "",
    ]
    return [sentence for sentence in sentences if sentence]


def change(bill: Summary) -> str:
    """The sentence of the plan that is set to follow; empty where nothing is set."""
    if not bill.following:
        return ""
    title, ends = bill.plan.title, clock.day(bill.terms.end)
    if bill.following == catalogue.FREE:
        return cancelled_sentence(title, ends, may_owe_overage=bool(bill.terms.overage or bill.overage))
    if bill.following == bill.plan.tier:
        interval = "year" if bill.terms.interval == "month" else "month"
        return f"A change is set: from {ends} on, {title} is paid by the {interval}."
    return f"A change is set: {title} goes on until {ends}, then {bill.following.capitalize()} begins."


def capped_sentence(capped: str, until: str) -> str:
    """What stops new work now, as `Summary.capped` names it; `until` is the day on which the period ends."""
    return {
        "day": "The cap of the day is reached: new pictures are refused until midnight UTC, cached ones are served."
        " Raise it below.",
        "period": f"The cap of the period is reached: new pictures are refused until {until}, cached ones are served."
        " Raise it below.",
        "overage_unpaid": f"The credits of the plan are used up: new pictures are refused until {until}, or until what"
        " was used beyond the plan is paid; cached ones are served.",
        "credits": f"The credits are used up: new pictures are refused until {until}, cached ones are served."
        " A larger plan begins at once.",
    }.get(capped, "")


def overage_sentence(stopped_by: str, invoices_url: str) -> str:
    """Why no overage is sold though it is allowed, as `Summary.overage_stopped_by` names it, with a link to pay."""
    if not stopped_by:
        return ""
    if stopped_by == "unpaid":
        return format_html(
            "An invoice for credits used beyond the plan is not paid: overage is off until it is. It stands under"
            ' <a href="{}">Invoices</a>. The plan\'s own credits can be used as before.',
            invoices_url,
        )
    return (
        "The payment for credits used beyond the plan is disputed at your bank: overage is off until the dispute is"
        " settled and they are paid. The plan's own credits can be used as before."
    )


def payer_sentence(removed_at: float, renews_at: float) -> str:
    """What is missing since a transfer removed the card; `renews_at`: when the plan does, 0 where it does not."""
    deadline = f" before {clock.day(renews_at)}, when the plan renews" if renews_at > clock.now() else ""
    return (
        f"The card was removed for a transfer of the ownership on {clock.day(removed_at)}. Add one at Stripe{deadline},"
        " by the button below: until then no overage can be allowed."
    )


def unpaid_sentence(*, has_day_share: bool) -> str:
    """What new pictures have in a period that is not paid; `has_day_share`: its three days of grace are given."""
    grace = "a day's share of the plan's credits a day, for three days, then " if has_day_share else ""
    return (
        f"This period is not paid yet. Until Stripe tells us of the payment, new pictures have {grace}the free plan's"
        " credits; cached ones are served. Once it is paid, the whole month's credits are there, less what was used"
        " meanwhile."
    )


def cancelled_sentence(title: str, ends: str, *, may_owe_overage: bool) -> str:
    """The plan of a title ends; `may_owe_overage`: a last invoice may have credits that are used beyond it."""
    last_charge = "Nothing more is charged."
    if may_owe_overage:
        last_charge = "Credits used beyond the plan until then are on a last invoice; nothing more is charged."
    return f"The plan is cancelled: {title} goes on until {ends}, then the workspace is on Free. {last_charge}"


def overage_state(bill: Summary) -> str:
    """Whether overage is sold, in a word or some."""
    if bill.overage_stopped_by:
        return "off until it is paid"
    return "allowed" if bill.terms.overage else "off"
