"""What an operation would cost now, told without fetching, rendering or charging anything."""

import itertools
from dataclasses import dataclass

from billing.models import claims as claim_rows
from imgapis.base import clock
from transforms.engine import effective
from transforms.engine.request import cost
from transforms.serving.charging import claims
from transforms.serving.charging.claims import KnownSource
from transforms.serving.image_plans import RenderPlan
from transforms.tenant.tenants import Tenant

EXACT = "exact"
IF_UNCHANGED = "exact, as long as the source stays as it is"
COMPOSED = "a maximum: only composed sources are billed"
UNKNOWN_SIZE = "a maximum: free where it comes to a picture that was charged already, by the size of its source"
# Of more sets of parameters it is not looked up whether they were charged.
MOST_SETS = 16
UNKNOWN_CONTENT = "a maximum: free where a parameter turns out to change nothing of a picture that was charged already"


@dataclass(frozen=True)
class Quote:
    """Half-credits, how sure they are, and why they are none."""

    halves: int
    sure: str
    why_free: str | None = None


def quote(tenant: Tenant, plan: RenderPlan, known: KnownSource | None) -> Quote:
    """The quote of an operation that is not cached. `known` is what stored outputs tell of its source."""
    live = claims.live_before(tenant, plan, clock.now())
    shares = claims.shares(plan, range(len(plan.originals)))
    new = [share for share in shares if not claims.is_held(plan, share, live)]
    sure = IF_UNCHANGED if plan.originals else EXACT
    if not new:
        return Quote(0, sure, "charged before: making it again is free")
    halves = cost.halves(plan.spec.endpoint) * len(new)
    if plan.operation == "grid":
        return Quote(halves, COMPOSED)
    if plan.operation == "info":
        return Quote(halves, EXACT)
    perhaps_idle = list(itertools.islice(effective.perhaps_idle(plan.spec.values), MOST_SETS + 1))
    pictures = claims.all_foretold(tenant, plan, known, perhaps_idle[:MOST_SETS])
    if not pictures:
        return Quote(halves, UNKNOWN_SIZE)
    charged = claim_rows.live_digests(tenant.workspace_id, pictures, clock.now(), plan.void_before)
    if pictures[0] in charged:
        return Quote(0, sure, "charged before under another address: it is the same picture")
    return Quote(halves, UNKNOWN_CONTENT if charged or len(perhaps_idle) > MOST_SETS else sure)
