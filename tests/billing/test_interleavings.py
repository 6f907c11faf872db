"""Use, renewal, upgrade, downgrade, grant, refund, caps: in any order and beside one another the sums hold (B9)."""

import random
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from accounts import store as accounts_store
from accounts import workspaces
from billing import cap_settings, credits, grants, ledger, periods, plans, standing, store
from billing.caps import Cap
from billing.standing import Standing
from imgapis.base import clock
from imgapis.base.errors import Refusal
from tests import environment
from tests.billing.test_charge import bill

ACTS = environment.count(200, 1_000, 10_000)
WORKSPACES = 10
BESIDE = 4
DAY = 86_400
REASON = "a random interleaving"


@dataclass
class World:
    """A workspace, its subscription at Stripe, and what charges said: half-credits by digest and in all."""

    workspace_id: str
    rng: random.Random
    clock: list[float]
    there: Standing = field(default_factory=Standing)
    charged: dict[str, list[int]] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)
    given: list[int] = field(default_factory=list)

    def terms(self):
        """The terms as a server has just read them."""
        return periods.terms(accounts_store.workspace(self.workspace_id))

    def use(self, stale) -> None:
        """Charge new work or old, now and then twice as after a lost reply, by present terms or a stale server's."""
        fresh = not self.digests or self.rng.random() < 0.7
        digest = secrets.token_hex(32) if fresh else self.rng.choice(self.digests)
        self.digests.append(digest)
        one = bill(self.workspace_id, cost=self.rng.choice((1, 2, 10, 400)), digest=digest)
        terms = stale if self.rng.random() < 0.3 else self.terms()
        halves = credits.charge(one, terms)
        self.charged.setdefault(digest, []).append(halves)
        if halves and self.rng.random() < 0.2:
            assert credits.charge(one, terms) == halves  # our own lost reply

    def subscribe(self, tier: str, following: str = "") -> None:
        """Another plan in the running period, or a first one that begins now."""
        now = clock.now()
        running = self.there.tier != plans.FREE and now < self.there.end
        start, end = (self.there.start, self.there.end) if running else (now, now + 2 * DAY)
        self.there = Standing(tier, "active", start, end, next_tier=following, asked=now)
        standing.settle(self.workspace_id, self.there)

    def renew(self) -> None:
        """Stripe's next period, late or not."""
        old = self.there
        if old.tier != plans.FREE and clock.now() >= old.end:
            tier = old.next_tier or old.tier
            self.there = Standing(tier, "active", old.end, old.end + 2 * DAY, asked=clock.now())
            standing.settle(self.workspace_id, self.there)

    def cancel(self) -> None:
        """The end of retries."""
        self.there = Standing(asked=clock.now(), state="canceled")
        standing.settle(self.workspace_id, self.there)

    def give(self) -> None:
        """A grant or a top-up."""
        self.given.append(grants.grant(self.workspace_id, self.rng.randrange(1, 500), REASON, "staff:x").halves)

    def refund(self) -> None:
        """Take back what is unused."""
        self.given.append(grants.take_back(self.workspace_id, self.rng.randrange(1, 900), REASON, "stripe").halves)

    def cap(self) -> None:
        """Another cap, or none."""
        span, amount = self.rng.choice(("day", "period")), self.rng.randrange(0, 2_000)
        cap_settings.change(
            self.workspace_id, "x", span, self.rng.choice((None, Cap("off", 0), Cap("credits", amount)))
        )

    def overage(self) -> None:
        """Overage allowed, or not."""
        cap_settings.allow_overage(self.workspace_id, "x", self.rng.random() < 0.5)

    def act(self, stale) -> None:
        """One random act; a refusal is an answer as any other."""
        acts = {
            lambda: self.use(stale): 60, self.renew: 8, self.cancel: 2, self.give: 6, self.refund: 6, self.cap: 6,
            self.overage: 3, lambda: self.subscribe(self.rng.choice(plans.TIERS[1:])): 6,
            lambda: self.subscribe("starter", self.rng.choice(("free", "growth"))): 3,
        }  # fmt: skip
        try:
            self.rng.choices(list(acts), list(acts.values()))[0]()
        except Refusal as refusal:
            assert refusal.code in (
                "out_of_credits",
                "cap_reached",
                "charge_unavailable",
                "credits_busy",
                "invalid_cap",
            )

    def check(self) -> int:
        """Nothing below zero, nothing billed twice, every sum the same; returns half-credits used."""
        for row in store.counters(self.workspace_id):
            assert min(row.left, row.used, row.granted) >= 0 and row.used + row.left == row.granted
        proofs = ledger.prove(self.workspace_id)
        assert all(proof.holds for proof in proofs), proofs
        assert all(sum(1 for halves in each if halves) <= 1 for each in self.charged.values())
        used = sum(proof.used for proof in proofs)
        assert used == sum(map(sum, self.charged.values()))
        assert sum(int(grant.halves) for grant in store.grants(self.workspace_id)) == sum(self.given)
        return used


@pytest.mark.counted
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(WORKSPACES))
def test_whatever_happens_in_whatever_order_the_sums_hold(dynamodb, monkeypatch, seed):
    """B2, B9: four at once, stale servers among them, while the clock moves over days and periods."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    rng = random.Random(seed)
    row = workspaces.create(namespace=f"mixed-{secrets.token_hex(6)}", allowance=plans.of("free").halves)
    world, used = World(row.workspace_id, rng, moment), 0
    ends = moment[0] + 10 * DAY
    stale = world.terms()
    for number in range(ACTS // WORKSPACES // BESIDE):
        with ThreadPoolExecutor(BESIDE) as threads:
            list(threads.map(lambda _, stale=stale: world.act(stale), range(BESIDE)))
        now_used = sum(int(counter.used) for counter in store.counters(row.workspace_id))
        assert now_used >= used  # a ledger only grows
        used = now_used
        if number % 5 == 4:
            stale = world.terms()
        moment[0] = min(ends, moment[0] + rng.choice((1, 60, 3_600, DAY // 4)))
    assert world.check() == used > 0
