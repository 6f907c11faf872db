"""What a picture is charged by: the claims of its address, of the sources in it, and of what it came to."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing.models import claims as claim_rows
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from imgapis.base.outbound.fetch import FetchResult
from transforms.engine import effective
from transforms.engine.errors import EngineError
from transforms.engine.job import Output
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import negotiate, params, spec
from transforms.engine.request.spec import Spec
from transforms.serving import cache, image_plans
from transforms.serving.cache import CachedOutput
from transforms.serving.image_plans import RenderPlan
from transforms.sources.originals import Original
from transforms.tenant.tenants import Tenant

PRINT_LENGTH = 32  # 128 bits
Prints = tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """What is charged by itself: a whole picture, or one source of a grid. `slot` is the digest of the claim that says
    it was charged before, `sources` are the indices of its originals."""

    slot: str
    sources: tuple[int, ...]


def shares(plan: RenderPlan, present: Iterable[int]) -> list[Share]:
    """The shares of an operation, of a grid for the sources that are present."""
    if plan.operation != "grid":
        return [Share(plan.claim, tuple(range(len(plan.originals))))]
    return [Share(plan.slots[index], (index,)) for index in present]


def prints_of(tenant: Tenant, originals: list[FetchResult | ApiError]) -> Prints:
    """A keyed digest of each original, its bytes and its focal point; empty for one that could not be read."""
    return tuple("" if isinstance(original, ApiError) else _print(tenant, original) for original in originals)


def _print(tenant: Tenant, original: FetchResult) -> str:
    parts = ("bytes", original.digest, original.focal or "")
    return tokens.keyed_digest(tenant.cache_key, parts)[:PRINT_LENGTH]


def present_in(prints: Prints) -> list[int]:
    """The indices of the originals that could be read."""
    return [index for index, value in enumerate(prints) if value]


def prints_to_store(tenant: Tenant, plan: RenderPlan, prints: Prints, used: Iterable[int]) -> Prints:
    """The prints that an output is stored with: of a source that a grid dropped, those that the output in whose place
    it comes was stored with, so that other bytes are new work once the source is shown again (H3)."""
    shown = frozenset(used)
    if plan.operation != "grid" or len(shown) == len(prints):
        return prints
    earlier = cache.facts(tenant.folder, plan.key, plan.retention, plan.purged_before)
    known = earlier.prints.split(",") if earlier else []
    if len(known) != len(prints):
        known = [""] * len(prints)
    return tuple(text if index in shown else known[index] for index, text in enumerate(prints))


def live_before(tenant: Tenant, plan: RenderPlan, moment: float) -> frozenset[str]:
    """The claims of an operation's address, and of a grid's sources, that live before its work begins."""
    digests = [plan.claim, *plan.slots, *filter(None, [plan.former])]
    return claim_rows.live_digests(tenant.workspace_id, digests, moment, plan.void_before)


def was_charged(tenant: Tenant, plan: RenderPlan, moment: float) -> bool:
    """Whether an operation was charged, under its own address or another that came to the same picture."""
    picture_digest = foretold(tenant, plan, known_source(tenant, plan))
    digests = filter(None, (plan.claim, plan.former, picture_digest))
    return bool(claim_rows.live_digests(tenant.workspace_id, digests, moment, plan.void_before))


def is_held(plan: RenderPlan, share: Share, live: frozenset[str]) -> bool:
    """Whether a share was charged before, by the claims that lived before the work."""
    return share.slot in live or plan.former in live


def picture(tenant: Tenant, plan: RenderPlan, share: Share, looks: tuple[str, ...], prints: Prints) -> str:
    """The digest of the claim of what a share came to: `looks` (effective.identity) of these bytes."""
    own = [text for index in share.sources for text in (str(index), prints[index])]
    parts = ("picture", *image_plans.named(looks, plan.originals), *own)
    return claim_rows.OF_PICTURE + tokens.keyed_digest(tenant.claim_key, parts)


def looks_of(plan: RenderPlan, output: Output) -> tuple[str, ...]:
    """What a rendered operation came to."""
    return effective.identity(plan.spec, output.source_size, output.shape, output.idle)


def due(
    tenant: Tenant, plan: RenderPlan, live: frozenset[str], pictures: dict[Share, str], prints: Prints, moment: float
) -> list[Share]:
    """The shares that are new work. One that was charged before is so only where a stored output says that it was made
    from other bytes: where nothing is stored any more, making it again is free, whatever its source has become."""
    suspects = [share for share in pictures if share.sources and is_held(plan, share, live)]
    if suspects:
        digests = [pictures[share] for share in suspects]
        paid = claim_rows.live_digests(tenant.workspace_id, digests, moment, plan.void_before)
        suspects = [share for share in suspects if pictures[share] not in paid]
    other = made_otherwise(tenant, plan, suspects, prints)
    return [share for share in pictures if share in other or not is_held(plan, share, live)]


def made_otherwise(tenant: Tenant, plan: RenderPlan, suspects: list[Share], prints: Prints) -> set[Share]:
    """The shares whose stored outputs, of any format, were all made from other bytes than these."""
    if not suspects:
        return set()
    stored = [entry_prints for entry in _stored(tenant, plan) if (entry_prints := tuple(entry.prints.split(",")))]
    other = set()
    for share in suspects:
        known = {tuple(each[index] for index in share.sources) for each in stored if len(each) == len(prints)}
        known = {values for values in known if all(values)}
        if known and tuple(prints[index] for index in share.sources) not in known:
            other.add(share)
    return other


def _stored(tenant: Tenant, plan: RenderPlan) -> list[CachedOutput]:
    """What is stored of an operation, in any format."""
    row = params.find(plan.spec.endpoint, "format")
    formats = {"json"} if row is None else {*row.choices, *negotiate.FALLBACKS}
    keys = [image_plans.key(tenant, plan.identity, output_format) for output_format in sorted(formats)]
    entries = [cache.facts(tenant.folder, key, plan.retention, plan.purged_before, plan.engine) for key in keys]
    return [entry for entry in entries if entry is not None]


@dataclass(frozen=True)
class KnownSource:
    """What stored outputs tell of the originals: the upright size of the first, and whether it is a drawing, which
    fills any box; and the prints of all."""

    size: effective.Size
    prints: Prints
    is_vector: bool = False


def known_source(tenant: Tenant, plan: RenderPlan) -> KnownSource | None:
    """What /info, or else a stored output of the operation, tells of its originals; None where neither does."""
    if not plan.originals or plan.operation == "grid":
        return None
    infos = [_info(tenant, plan, original) for original in plan.originals]
    known_infos = [entry for entry in infos if entry is not None and entry.source_size and entry.prints]
    if len(known_infos) == len(infos):
        return KnownSource(
            _size(known_infos[0]), tuple(entry.prints for entry in known_infos), known_infos[0].is_vector
        )
    for entry in _stored(tenant, plan):
        if entry.source_size and entry.prints:
            return KnownSource(_size(entry), tuple(entry.prints.split(",")), entry.is_vector)
    return None


def foretold(tenant: Tenant, plan: RenderPlan, known: KnownSource | None) -> str | None:
    """The digest of what an operation of one share will come to, if each of its parameters changes something; None
    where its source is not known well enough."""
    return next(iter(all_foretold(tenant, plan, known, [()])), None)


def all_foretold(
    tenant: Tenant, plan: RenderPlan, known: KnownSource | None, idle: Iterable[tuple[str, ...]]
) -> list[str]:
    """The digests of what an operation of one share will come to, for each set of parameters that may turn out to
    change nothing; none where its source is not known well enough."""
    if plan.operation == "grid" or (plan.originals and known is None):
        return []
    size, prints = (known.size, known.prints) if known else (None, ())
    try:
        sizes = effective.shape(plan.spec.endpoint, plan.spec.values, size, is_vector=bool(known and known.is_vector))
    except EngineError:
        return []
    if sizes is None:
        return []
    share = shares(plan, ())[0]
    looks = [effective.identity(plan.spec, size, sizes, names) for names in idle]
    return [picture(tenant, plan, share, each, prints) for each in looks]


def _info(tenant: Tenant, plan: RenderPlan, original: Original) -> CachedOutput | None:
    """What is stored of an original's /info, of the same version, while it lives."""
    version: PictureValues = {"v": plan.spec.values["v"]} if "v" in plan.spec.values else {}
    identity = image_plans.named(spec.canonical(Spec("info", (), version)), (original,))
    purged_before = tenant.rules.purges.before(identity, [original.identity])
    entry = cache.facts(tenant.folder, image_plans.key(tenant, identity, "json"), cache.DAY_SECONDS, purged_before)
    return entry if entry is not None and entry.expires > clock.now() else None


def _size(entry: CachedOutput) -> effective.Size:
    width, height = map(int, entry.source_size.split("x"))
    return width, height
