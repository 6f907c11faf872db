"""A customer whose plan runs through months at the Stripe stub, with one clock for the stub and for us."""

import json
import re
import time
from fractions import Fraction

from accounts.models import Workspace, workspaces
from billing.charging import counters, credits, invoice_grants, ledger
from billing.models import Counter
from billing.models import counters as counter_rows
from billing.models import invoice_grants as invoice_grant_rows
from billing.plans import catalogue, periods
from billing.stripe import customers, stripe_events, subscriptions, webhooks
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.devstack.stripe_stub.sender import signature
from tests.billing.stripe_world import SECRET, World
from tests.billing.test_charge import bill

CUSTOMER_ID = re.compile(r"cus_stub\w+")
DAY = 86_400
HOUR = 3_600


class Customer:
    """A workspace that buys at the stub. `moment` is the time for both; `tell` hands the stub's events to us."""

    def __init__(self, workspace: Workspace, world: World, monkeypatch):
        self.workspace_id, self.world = workspace.workspace_id, world
        # Periods are named by whole hours: always ten minutes past one, so that no test depends on the minute.
        self.moment = (clock.now() // HOUR + 1) * HOUR + 600
        if clock.day(self.moment).endswith("-01"):  # a month that begins with the calendar's shares its counter
            self.moment += DAY
        monkeypatch.setattr(clock, "now", lambda: self.moment)

    @property
    def row(self) -> Workspace:
        """The row of the workspace."""
        return workspaces.find(self.workspace_id)

    @property
    def terms(self) -> periods.Terms:
        """Its terms."""
        return periods.terms_of(self.row)

    @property
    def period(self) -> periods.Period:
        """The period of this moment."""
        return periods.at(self.terms, self.moment)

    @property
    def counter(self) -> Counter | None:
        """The counter of this moment."""
        return counter_rows.find(self.workspace_id, self.period.name)

    @property
    def customer_id(self) -> str:
        """Its id at Stripe."""
        return customers.of_workspace(self.workspace_id).customer_id

    @property
    def charges(self) -> list[dict]:
        """Its charges at Stripe, oldest first."""
        rows = self.world.book.list_all("charges", customer=self.customer_id)
        return sorted(rows, key=lambda charge: self._order(charge["payment_intent"]))

    def _order(self, payment_intent: str) -> int:
        payments = self.world.book.objects["invoice_payments"].values()
        return next(n for n, row in enumerate(payments) if row["payment"]["payment_intent"] == payment_intent)

    @property
    def subscription(self) -> dict:
        """Its newest subscription at Stripe."""
        return self.world.book.list_all("subscriptions", customer=self.customer_id)[0]

    @property
    def ends(self) -> int:
        """When the paid period ends at Stripe."""
        return self.subscription["items"]["data"][0]["current_period_end"]

    @property
    def unused(self) -> int:
        """Half-credits of the running period that are paid for and not used."""
        return counters.balance_of(self.counter or self._fresh_counter()).unused

    def _fresh_counter(self) -> Counter:
        return counters.new_period_counter(self.workspace_id, self.period, self.terms)

    def overage_lines(self, invoice: dict) -> list[dict]:
        """The lines of an invoice that bill credits beyond a plan."""
        return [line for line in invoice["lines"]["data"] if self._sells_overage(line)]

    def _sells_overage(self, line: dict) -> bool:
        price = self.world.book.get("prices", line["pricing"]["price_details"]["price"])
        return price is None or bool(price["recurring"]["meter"])

    def tell(self) -> list[str]:
        """Act on the events the stub has made; what became of each. Those about customers of other tests are left out:
        a year that goes by renews them too."""
        outcomes = []
        for event in self.world.taken():
            body = json.dumps(event).encode()
            customer_ids = set(CUSTOMER_ID.findall(body.decode()))
            if customer_ids and self.customer_id not in customer_ids:
                continue
            outcomes.append(
                webhooks.handle(stripe_events.verify_event(body, signature(SECRET, body, int(time.time()))))
            )
        return outcomes

    def buy(self, tier: str = "starter", interval: str = "month") -> None:
        """Buy a plan and pay for it."""
        self.world.buys(self.row, tier, interval)
        self.tell()

    def change(self, tier: str, interval: str = "month") -> None:
        """Choose another plan."""
        subscriptions.change(self.row, "person", tier, interval)
        self.tell()

    def pass_time(self, seconds: float, tell: bool = True) -> None:
        """Let time go by at the stub and here."""
        self.moment += seconds
        self.world.advance()
        if tell:
            self.tell()

    def until(self, moment: float) -> None:
        """Let time go by until a moment."""
        self.pass_time(moment - self.moment)

    def refund(self, charge: dict, cents: int | None = None, status: str = "succeeded") -> dict:
        """Refund a charge, whole or in part."""
        with self.world.book.change():
            refund = self.world.trade.refund(charge, charge["amount"] if cents is None else cents, status)
        self.tell()
        return refund

    def settle_refund(self, refund: dict, status: str) -> None:
        """End a refund."""
        with self.world.book.change():
            self.world.trade.settle_refund(refund, status)
        self.tell()

    def use(self, halves: int) -> int:
        """Charge new work, in one piece; returns the half-credits charged, 0 where it was refused."""
        try:
            return credits.charge(bill(self.workspace_id, cost=halves), self.uncapped)
        except ApiError:
            return 0

    @property
    def uncapped(self) -> periods.Terms:
        """The terms without the cap of a day, which would only be in the way."""
        terms = self.terms
        return periods.Terms(**(vars(terms) | {"caps": (("day", "off", 0),)}))

    def is_sound(self) -> bool:
        """Whether the ledger holds."""
        return all(proof.is_valid for proof in ledger.prove(self.workspace_id))

    def counters(self) -> list[Counter]:
        """The counters of paid plans."""
        return [row for row in counter_rows.periods(self.workspace_id) if row.plan != catalogue.FREE]

    def granted(self) -> int:
        """Half-credits that paid plans have given, less what was taken back, over all periods."""
        return sum(int(row.base) + int(row.extra) for row in self.counters())

    def used_of_refunded(self) -> int:
        """Half-credits that a refund should have taken and that were used before it."""
        missing: dict[str, int] = {}
        for row in invoice_grant_rows.of_workspace(self.workspace_id):
            due = int(row.granted) * int(row.returned) // invoice_grants.WHOLE
            missing[row.period] = missing.get(row.period, 0) + due - int(row.taken)
        return sum(min(int(row.used), missing.get(row.period, 0)) for row in self.counters())

    def unpaid_share(self) -> int:
        """Half-credits that no invoice paid for, in each period three days' share of the largest plan at most."""
        paid: dict[str, int] = {}
        for row in invoice_grant_rows.of_workspace(self.workspace_id):
            paid[row.period] = paid.get(row.period, 0) + int(row.granted)
        most = max(plan.halves for plan in catalogue.CATALOGUE.values()) * 3 // 28
        return sum(min(most, max(0, int(row.base) - paid.get(row.period, 0))) for row in self.counters())

    def paid_for(self) -> Fraction:
        """The half-credits that the net money paid is worth: for each plan its money × its credits ÷ its price."""
        worth = Fraction()
        for invoice in self.world.book.list_all("invoices", customer=self.customer_id, status="paid"):
            lines = [line for line in invoice["lines"]["data"] if "unit_amount_decimal" in line["pricing"]]
            worth += sum(map(self._worth, lines), Fraction()) * (1 - self._share_returned(invoice))
        return worth

    def _worth(self, line: dict) -> Fraction:
        price = self.world.book.get("prices", line["pricing"]["price_details"]["price"])
        if price["recurring"]["meter"]:
            return Fraction()
        plan = catalogue.of(price["product"].removeprefix("imgapis_"))
        months = 12 if price["recurring"]["interval"] == "year" else 1
        return Fraction(line["amount"] * plan.halves * months, price["unit_amount"])

    def _share_returned(self, invoice: dict) -> Fraction:
        payments = [row for row in self.world.book.list_all("invoice_payments") if row["invoice"] == invoice["id"]]
        intents = {row["payment"]["payment_intent"] for row in payments}
        cents = sum(
            row["amount"]
            for kind, states in (("refunds", ("succeeded",)), ("disputes", ("needs_response", "lost")))
            for row in self.world.book.list_all(kind)
            if row["payment_intent"] in intents and row["status"] in states
        )
        if not cents:
            return Fraction()
        overage = sum(line["amount"] for line in self.overage_lines(invoice))
        return min(Fraction(1), Fraction(max(0, cents - overage), max(1, invoice["total"] - overage)))
