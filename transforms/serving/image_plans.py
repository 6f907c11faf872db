"""The plan of a request, made before any work: its parsed parameters, cache key, claim and price."""

from dataclasses import dataclass, replace
from typing import Any

from billing.models.claims import OF_SOURCE
from imgapis.base import clock, tokens
from transforms import engine_errors
from transforms.access import fallbacks, presets, signed_policies
from transforms.access.signed_policies import Policy, PolicyExceeded
from transforms.engine import picture_values
from transforms.engine.formats import FORMATS, SVG, SVG_TYPE
from transforms.engine.request import cost, negotiate, spec
from transforms.engine.request.query import Query
from transforms.engine.request.spec import Spec
from transforms.serving import cache
from transforms.serving.cache import CachedOutput
from transforms.sources import lifetimes
from transforms.sources import originals as source_originals
from transforms.sources.originals import Original, PictureBlocked
from transforms.tenant.tenants import Tenant


@dataclass(frozen=True)
class RenderPlan:
    """A parsed request. `halves` is the most it can cost; `seconds` is the TTL of its output and of its claim;
    `identity` is the canonical operation. Outputs older than `purged_before`, or of an engine older than `engine`, are
    no longer served; those made before `fresh_after` are too old for this request, by its own ttl or else those of its
    sources. All are seconds since 1970.

    `claim` is the digest of the operation's claim. A grid has one beside it for each source (`slots`), and `former`,
    under which grids were claimed whole before their sources had claims. `fallback` names the picture to send where the
    source fails, empty for none; it is no part of the picture. `ttl` (seconds) is what moves `fresh_after` on, 0
    where nothing does.
    """

    spec: Spec
    originals: tuple[Original, ...]
    output_format: str
    negotiated: bool
    key: str
    claim: str
    halves: int
    seconds: int
    identity: tuple[str, ...]
    purged_before: float
    fresh_after: float = 0.0
    engine: int = 0
    slots: tuple[str, ...] = ()
    former: str = ""
    fallback: str = ""
    ttl: int = 0

    @property
    def operation(self) -> str:
        """transform, info, grid or placeholder."""
        return self.spec.endpoint.partition("/")[0]

    @property
    def retention(self) -> int:
        """The longest life of such an output, in seconds, by which the bucket's lifecycle rule removes it."""
        return _retention(self.output_format)

    @property
    def void_before(self) -> float:
        """Claims charged then or before pay for nothing here: they were purged, or what they paid for is too old."""
        return max(self.purged_before, self.fresh_after)

    def accepts(self, output: CachedOutput) -> bool:
        """Whether an output may answer this request: neither purged, nor of an older engine, nor too old."""
        return output.outlives(self.purged_before, self.engine) and output.stored > self.fresh_after

    @property
    def content_type(self) -> str:
        """The content type that the output will have, before it is made; empty where that depends on the source."""
        if self.output_format == "json":
            return "application/json"
        if self.output_format == SVG:
            return SVG_TYPE
        row = FORMATS.get(self.output_format)
        return row.content_type if row and not self.negotiated else ""


def require_served(tenant: Tenant, originals: tuple[Original, ...]) -> None:
    """Raise PictureBlocked where staff have blocked one of the originals."""
    if any(tenant.rules.blocks.has(original.place, original.source) for original in originals):
        raise PictureBlocked


def make(
    tenant: Tenant,
    endpoint: str,
    query: Query,
    path_source: str | None,
    accept: str | None,
    policy: Policy | None = None,
) -> RenderPlan:
    """Make the plan of a request whose signature is verified and removed; nothing is fetched. Raises ApiError with the
    parameter at fault."""
    fallback, query = fallbacks.take(endpoint, presets.merge(tenant, endpoint, query))
    with engine_errors.as_api_errors():
        parsed = query.spec(endpoint, path_source)
    if policy is not None:
        _check_policy(tenant, policy, query, parsed, fallback)
    plan = _planned(tenant, parsed, accept)
    if endpoint != fallbacks.ENDPOINT:
        return plan
    return replace(plan, fallback=fallbacks.choose(tenant, fallback, plan.originals[0].source))


def of_fallback(tenant: Tenant, plan: RenderPlan, accept: str | None) -> RenderPlan:
    """The plan of what is sent where the source of a plan fails: the same parameters, of the picture that its fallback
    names. It is that picture's own plan, so that all failing sources share one output and one claim: v and ttl are of
    the source that failed. Raises ApiError."""
    src = tenant.rules.fallbacks[plan.fallback].src
    values = picture_values.without(plan.spec.values, ("v",))
    return _planned(tenant, replace(plan.spec, sources=(src,), values=values, ttl=None), accept)


def _check_policy(tenant: Tenant, policy: Policy, query: Query, parsed: Spec, fallback: str | None) -> None:
    """Raise PolicyExceeded, naming the parameter, where a request goes beyond its policy."""
    merged = presets.merge(tenant, parsed.endpoint, policy.fixed)
    allowed_fallback, fixed = fallbacks.take(parsed.endpoint, merged)
    signed_policies.check(policy, parsed.endpoint, query, fixed, parsed)
    if fallback not in (None, allowed_fallback):
        raise PolicyExceeded("The policy of this address does not allow this fallback.", param=fallbacks.PARAMETER)


def _planned(tenant: Tenant, parsed: Spec, accept: str | None) -> RenderPlan:
    """The plan of a parsed request. Raises ApiError."""
    endpoint, originals = parsed.endpoint, _originals(tenant, parsed)
    require_served(tenant, originals)
    output_format = (
        "json" if parsed.endpoint.startswith("info") else negotiate.output_format(endpoint, parsed.format, accept)
    )
    identity = _identity(parsed, originals)
    of_sources = [original.lifetime for original in originals]
    ttl, now = parsed.ttl or lifetimes.shortest_ttl(of_sources), clock.now()
    return RenderPlan(
        spec=parsed,
        originals=originals,
        output_format=output_format,
        negotiated=output_format != "json" and negotiate.negotiated(endpoint, parsed.format),
        key=key(tenant, identity, output_format),
        claim=tokens.keyed_digest(tenant.claim_key, identity if parsed.operation != "grid" else ("grid", *identity)),
        halves=cost.quote(parsed),
        seconds=min(ttl or cache.YEAR_SECONDS, _retention(output_format)),
        identity=identity,
        purged_before=tenant.rules.purges.before(identity, [original.identity for original in originals]),
        fresh_after=now - parsed.ttl if parsed.ttl else lifetimes.fresh_after(of_sources, now),
        engine=tenant.engine,
        ttl=ttl,
        **(_claims_of_grid(tenant, identity, len(originals)) if parsed.operation == "grid" else {}),
    )


def _retention(output_format: str) -> int:
    return cache.DAY_SECONDS if output_format == "json" else cache.YEAR_SECONDS


def key(tenant: Tenant, identity: tuple[str, ...], output_format: str) -> str:
    """The name of an operation's output in the cache: a keyed digest."""
    return tokens.keyed_digest(tenant.cache_key, (*identity, "format", output_format))


def _claims_of_grid(tenant: Tenant, identity: tuple[str, ...], count: int) -> dict[str, Any]:
    slots = [("source", str(index), *identity) for index in range(count)]
    return {
        "slots": tuple(OF_SOURCE + tokens.keyed_digest(tenant.claim_key, parts) for parts in slots),
        "former": tokens.keyed_digest(tenant.claim_key, identity),
    }


def _originals(tenant: Tenant, parsed: Spec) -> tuple[Original, ...]:
    """The sources in order, then the mark: a picture like any other, under the same rules."""
    originals = tuple(source_originals.resolve(tenant, src) for src in parsed.sources)
    return originals if parsed.mark is None else (*originals, source_originals.resolve(tenant, parsed.mark, "mark"))


def _identity(parsed: Spec, originals: tuple[Original, ...]) -> tuple[str, ...]:
    return named(spec.canonical(parsed), originals)


def named(values: tuple[str, ...], originals: tuple[Original, ...]) -> tuple[str, ...]:
    """The canonical tuple: the operation, its values, then each source's name with its own length before it."""
    names = tuple(part for original in originals for part in (str(len(original.identity)), *original.identity))
    return (str(len(values)), *values, *names)
