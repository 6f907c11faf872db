"""Over long histories of a customer, overage is invoiced once, at the price of its time (H2)."""

import random
import secrets
from contextlib import suppress
from fractions import Fraction

import pytest

from accounts.workspaces import workspaces
from billing.charging import grants
from billing.plans import catalogue
from billing.stripe import customers, overage, subscriptions, webhooks
from imgapis.base.errors import ApiError
from tests import environment
from tests.billing.buying import DAY, HOUR, Customer
from tests.billing.test_overage_changes import invoiced
from tests.billing.test_overage_holds import asking, buy_with_overage, confirm

ACTS = (
    *("use",) * 5,
    "report",
    "change",
    "change",
    "time",
    "time",
    "gift",
    "refund",
    "click",
    "click",
    "crash",
    "confirm",
    "late round",
    "end",
)


class Books:
    """What a customer uses beyond the plans, by the plan of then; found out before each use."""

    def __init__(self, customer: Customer):
        self.customer, self.halves = customer, dict.fromkeys(catalogue.CATALOGUE, 0)

    def use(self, halves: int) -> None:
        """Use credits; what exceeds those that are paid for is bought."""
        unused, plan = self.customer.unused, self.customer.period.plan
        self.halves[plan] += max(0, self.customer.use(halves) - unused)

    @property
    def cents(self) -> Fraction:
        """What it costs."""
        rates = {plan.tier: plan.overage or 0 for plan in catalogue.CATALOGUE.values()}
        return sum((Fraction(halves * rates[tier], 2_000) for tier, halves in self.halves.items()), Fraction())


def act(customer: Customer, books: Books, rng: random.Random) -> None:
    """One random act of a customer, of a process, or of time."""
    kind = rng.choice(ACTS)
    if kind == "use":
        books.use(rng.choice((2, 999, 40_000, customer.unused + 20_001)))
    elif kind == "report":
        overage.report_all()
    elif kind == "gift":
        grants.grant(customer.workspace_id, 7_777, "for the trouble of last week", "staff:x")
    elif kind == "refund":
        refund(customer, rng)
    elif kind in ("change", "click", "crash"):
        choose(customer, rng, kind)
    elif kind == "confirm":
        confirm_any(customer)
    elif kind == "late round":
        customer.pass_time(rng.choice((HOUR, 12 * HOUR, 30 * HOUR)))
    elif kind == "end":
        end_and_begin(customer, rng)
    else:
        let_pass(customer, rng.choice((HOUR, 5 * DAY, 20 * DAY)))


def refund(customer: Customer, rng: random.Random) -> None:
    """Refund a dollar of a charge, or fail to."""
    charge = rng.choice([row for row in customer.charges if not row["amount_refunded"]] or [None])
    if charge:
        customer.settle_refund(customer.refund(charge, 100), rng.choice(("succeeded", "failed")))


def choose(customer: Customer, rng: random.Random, kind: str) -> None:
    """Choose another plan: `change` is made at once, `click` and `crash` wait for the payer where they are upgrades; at
    a crash the process ends before anything is written down."""
    tier, interval = rng.choice(catalogue.TIERS[1:]), rng.choice(("month", "month", "month", "year"))
    with pytest.MonkeyPatch.context() as patch, suppress(ApiError, SystemExit):
        if kind == "crash":
            patch.setattr(webhooks, "sync_subscription", crash)
        if kind == "change":
            customer.change(tier, interval)
        else:
            with asking(customer):
                subscriptions.change(customer.row, "person", tier, interval)
    customer.tell()
    customer.pass_time(rng.choice((60, HOUR)))


def crash(*args) -> None:
    raise SystemExit


def confirm_any(customer: Customer) -> None:
    """Confirm the change that waits, if any."""
    if customer.subscription["pending_update"]:
        invoice = customer.world.book.get("invoices", customer.subscription["latest_invoice"])
        confirm(customer, invoice["hosted_invoice_url"])


def end_and_begin(customer: Customer, rng: random.Random) -> None:
    """Let the plan end, with late news and late rounds, and buy another one some time later."""
    subscriptions.cancel(customer.row, "person")
    customer.tell()
    customer.until(customer.ends - 60)
    if rng.random() < 0.5:
        overage.report_all()
    customer.pass_time(rng.choice((120, 3 * HOUR)), tell=rng.random() < 0.5)
    customer.tell()
    customer.pass_time(rng.choice((600, 2 * DAY)))
    buy_with_overage(customer, rng.choice(catalogue.TIERS[1:]))


def let_pass(customer: Customer, seconds: float) -> None:
    """Let time go by, with a report a minute before the paid period ends and some after it."""
    target = customer.moment + seconds
    while customer.ends <= target:
        customer.until(max(customer.moment + 1, customer.ends - 60))
        overage.report_all()
        customer.until(customer.ends + 1)
    customer.until(target)


@pytest.mark.counted
@pytest.mark.parametrize("seed", range(environment.count(3, 6, 40)))
def test_whatever_follows_overage_is_invoiced_once_at_the_price_of_its_time(world, dynamodb, monkeypatch, seed):
    """H2, H1: over uses, changes of plan and of interval, clicks that wait for the payer, crashes, late rounds, the end
    of plans, gifts and refunds: what is invoiced beyond plans is what was used beyond what was paid for, to the cent of
    each line; and plans give what is paid for them, and no less."""
    buyer = workspaces.create_unowned(namespace=f"over-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)
    customer, rng = Customer(buyer, world, monkeypatch), random.Random(seed)
    monkeypatch.setattr(customers, "iter_all", lambda: [customers.of_workspace(customer.workspace_id)])
    buy_with_overage(customer)
    books = Books(customer)
    for _ in range(environment.count(14, 30, 60)):
        act(customer, books, rng)
        assert all(row.used + row.left == row.granted for row in customer.counters())
    for _ in range(2):
        let_pass(customer, customer.ends - customer.moment + HOUR)
        overage.report_all()
        customer.pass_time(2 * HOUR)
        overage.report_all()
    lines = invoiced(customer)
    assert abs(sum(lines) - books.cents) <= len(lines) + 2 * len(customer.counters()), (lines, books.halves)
