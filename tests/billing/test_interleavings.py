"""Use, renewal, upgrade, downgrade, grant, refund, caps: in any order and concurrently the sums hold (B9)."""

import random
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from billing.charging import cap_settings, credits, grants, ledger
from billing.charging.caps import Cap
from billing.models import counters
from billing.models import grants as grant_rows
from billing.plans import catalogue, periods
from billing.stripe import subscription_state
from billing.stripe.subscription_state import Entitlement
from imgapis.base import clock
from imgapis.base.errors import ApiError
from tests import environment
from tests.billing.test_charge import bill

ACTS = environment.count(200, 1_000, 10_000)
WORKSPACES = 10
BESIDE = 4
DAY = 86_400
REASON = "a random interleaving"


@dataclass
class World:
    """A workspace, its subscription at Stripe (`there`), the results of its charges (half-credits by digest), and the
    half-credits of its grants (`given`)."""

    workspace_id: str
    rng: random.Random
    clock: list[float]
    there: Entitlement = field(default_factory=Entitlement)
    charged: dict[str, list[int]] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)
    given: list[int] = field(default_factory=list)

    def terms(self):
        """The terms as a server reads them now."""
        return periods.terms_of(workspace_rows.find(self.workspace_id))

    def use(self, stale_terms) -> None:
        """Charge new or repeated work, sometimes twice as after a lost reply, by current terms or a stale server's."""
        is_new = not self.digests or self.rng.random() < 0.7
        digest = secrets.token_hex(32) if is_new else self.rng.choice(self.digests)
        self.digests.append(digest)
        charge = bill(self.workspace_id, cost=self.rng.choice((1, 2, 10, 400)), digest=digest)
        terms = stale_terms if self.rng.random() < 0.3 else self.terms()
        halves = credits.charge(charge, terms)
        self.charged.setdefault(digest, []).append(halves)
        if halves and self.rng.random() < 0.2:
            assert credits.charge(charge, terms) == halves  # our own lost reply

    def subscribe(self, tier: str, following: str = "") -> None:
        """Another plan in the current period, or a first one that begins now."""
        now = clock.now()
        is_running = self.there.tier != catalogue.FREE and now < self.there.end
        start, end = (self.there.start, self.there.end) if is_running else (now, now + 2 * DAY)
        self.there = Entitlement(tier, "active", start, end, next_tier=following, read_at=now)
        subscription_state.apply(self.workspace_id, self.there)

    def renew(self) -> None:
        """Stripe's next period, late or not."""
        current = self.there
        if current.tier != catalogue.FREE and clock.now() >= current.end:
            tier = current.next_tier or current.tier
            self.there = Entitlement(tier, "active", current.end, current.end + 2 * DAY, read_at=clock.now())
            subscription_state.apply(self.workspace_id, self.there)

    def cancel(self) -> None:
        """The end of retries."""
        self.there = Entitlement(read_at=clock.now(), state="canceled")
        subscription_state.apply(self.workspace_id, self.there)

    def give(self) -> None:
        """A grant or a top-up."""
        self.given.append(grants.grant(self.workspace_id, self.rng.randrange(1, 500), REASON, "staff:x").halves)

    def refund(self) -> None:
        """Take back what is unused."""
        self.given.append(grants.take_back(self.workspace_id, self.rng.randrange(1, 900), REASON, "stripe").halves)

    def cap(self) -> None:
        """Change or remove a cap."""
        span, amount = self.rng.choice(("day", "period")), self.rng.randrange(0, 2_000)
        cap_settings.change(
            self.workspace_id, "x", span, self.rng.choice((None, Cap("off", 0), Cap("credits", amount)))
        )

    def overage(self) -> None:
        """Allow overage, or not."""
        cap_settings.allow_overage(self.workspace_id, "x", allowed=self.rng.random() < 0.5)

    def act(self, stale_terms) -> None:
        """One random action; a refusal counts as a result too."""
        acts = {
            lambda: self.use(stale_terms): 60,
            self.renew: 8,
            self.cancel: 2,
            self.give: 6,
            self.refund: 6,
            self.cap: 6,
            self.overage: 3,
            lambda: self.subscribe(self.rng.choice(catalogue.TIERS[1:])): 6,
            lambda: self.subscribe("starter", self.rng.choice(("free", "growth"))): 3,
        }
        try:
            self.rng.choices(list(acts), list(acts.values()))[0]()
        except ApiError as refusal:
            assert refusal.code in (
                "out_of_credits",
                "cap_reached",
                "charge_unavailable",
                "credits_busy",
                "invalid_cap",
            )

    def check(self) -> int:
        """Nothing below zero, nothing billed twice, every sum the same; returns half-credits used."""
        for row in counters.periods(self.workspace_id):
            assert min(row.left, row.used, row.granted) >= 0 and row.used + row.left == row.granted
        proofs = ledger.prove(self.workspace_id)
        assert all(proof.is_valid for proof in proofs), proofs
        assert all(sum(1 for halves in amounts if halves) <= 1 for amounts in self.charged.values())
        used = sum(proof.used for proof in proofs)
        assert used == sum(map(sum, self.charged.values()))
        assert sum(int(grant.halves) for grant in grant_rows.of_workspace(self.workspace_id)) == sum(self.given)
        return used


@pytest.mark.counted
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(WORKSPACES))
def test_whatever_happens_in_whatever_order_the_sums_hold(dynamodb, monkeypatch, seed):
    """B2, B9: four at once, stale servers among them, while the clock moves over days and periods."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    rng = random.Random(seed)
    row = workspaces.create_unowned(namespace=f"mixed-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)
    world, used = World(row.workspace_id, rng, moment), 0
    end = moment[0] + 10 * DAY
    stale_terms = world.terms()
    for number in range(ACTS // WORKSPACES // BESIDE):
        with ThreadPoolExecutor(BESIDE) as threads:
            list(threads.map(lambda _, stale_terms=stale_terms: world.act(stale_terms), range(BESIDE)))
        total = sum(int(counter.used) for counter in counters.periods(row.workspace_id))
        assert total >= used  # a ledger only grows
        used = total
        if number % 5 == 4:
            stale_terms = world.terms()
        moment[0] = min(end, moment[0] + rng.choice((1, 60, 3_600, DAY // 4)))
    assert world.check() == used > 0
