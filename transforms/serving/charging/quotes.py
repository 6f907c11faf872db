"""What an operation would cost now, told without fetching, rendering or charging anything."""

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
    picture = claims.foretold(tenant, plan, known)
    if picture is None:
        return Quote(halves, UNKNOWN_SIZE)
    if claim_rows.live_digests(tenant.workspace_id, [picture], clock.now(), plan.void_before):
        return Quote(0, sure, "charged before under another address: it is the same picture")
    depends = effective.depends_on_content(plan.spec.values)
    return Quote(halves, UNKNOWN_CONTENT if depends else sure)
