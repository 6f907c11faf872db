"""The stored picture of an address, and the same address drawn by the newest version of the engine beside it."""

import base64
import json
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from imgapis.base import waiting
from imgapis.base.errors import ApiError
from imgapis.base.outbound.fetch import FetchResult
from transforms import engine_errors
from transforms.access import origins, presets
from transforms.comparison.measured import Comparison, Difference, Drawing
from transforms.engine import version
from transforms.engine.job import Output
from transforms.serving import delivery, image_plans, rendering, targets
from transforms.serving.cache import CachedOutput
from transforms.serving.charging import claims
from transforms.serving.charging.claims import Prints
from transforms.serving.image_plans import RenderPlan
from transforms.serving.scheduling import concurrency, failures, free_work
from transforms.serving.targets import InvalidTarget
from transforms.tenant.tenants import Tenant

# What an address without `format` may be stored as, beside what the asking browser takes.
ACCEPTS = ("image/avif", "image/webp", None)


@dataclass(frozen=True)
class StoredPicture:
    """An output that is stored, and the plan of a request that has it for its answer. `is_served`: as the workspace is
    set now; after its move to a newer version what older ones drew is stored until it expires, and not served."""

    plan: RenderPlan
    output: CachedOutput
    is_served: bool

    @property
    def is_newest(self) -> bool:
        """Whether the newest version of the engine drew it."""
        return self.output.engine >= version.NEWEST


def find(tenant: Tenant, address: str, accept: str | None) -> StoredPicture | None:
    """The stored picture of an address, of the formats that it may have the first that an older version drew; None
    where none is stored, or purged, or too old for its `ttl`. Raises InvalidTarget, and ApiError as the picture would.

    `accept` is the header of the browser that asks."""
    origins.check(tenant, None)
    free_work.spend(tenant.workspace_id, free_work.EXPLAIN)
    with waiting.place(tenant.workspace_id):
        stored = [
            StoredPicture(plan, output, is_served=plan.accepts(output))
            for plan in _plans(tenant, address, accept)
            if (output := delivery.cached(tenant, replace(plan, engine=0)))
        ]
    return next((picture for picture in stored if not picture.is_newest), stored[0] if stored else None)


def _plans(tenant: Tenant, address: str, accept: str | None) -> list[RenderPlan]:
    """The plans of an address, one of each format that it may be answered in. Raises InvalidTarget."""
    parsed = targets.parse(tenant, address)
    if parsed.endpoint.startswith("info"):
        raise InvalidTarget("This address answers with facts alone: there is no picture to compare.", param="target")
    try:
        presets.guard(tenant, parsed.endpoint, parsed.query)
        plans = [image_plans.make(tenant, *parsed, header) for header in (accept, *ACCEPTS)]
    except ApiError as refusal:
        raise InvalidTarget(refusal.message, param="target") from refusal
    return list({plan.key: plan for plan in plans}.values())


def compare(tenant: Tenant, stored: StoredPicture) -> Comparison:
    """Draw a stored picture by the newest version and measure the difference: a preview, of which nothing is stored,
    charged or counted as a request. Waits for a turn of the workspace as a new picture does. Raises ApiError as the
    picture would, and FreeWorkUsedUp."""
    free_work.spend(tenant.workspace_id, free_work.COMPARISON)
    with waiting.place(tenant.workspace_id), concurrency.slot(tenant.folder, tenant.limits.concurrency, turn_seconds()):
        output, prints = _drawn_anew(tenant, stored.plan)
        delivery.require_served_now(tenant, stored.plan)
        with engine_errors.as_api_errors():
            measured = rendering.compare(tenant.workspace_id, stored.output.body, output.body)
    return _comparison(stored.output, output, json.loads(measured.body), _same_source(stored, prints))


def turn_seconds() -> float:
    """How long a comparison may wait for its turn: half of what a picture may, since two jobs follow."""
    return settings.TURN_SECONDS / 2


def _drawn_anew(tenant: Tenant, plan: RenderPlan) -> tuple[Output, Prints]:
    """The picture by the newest version, and the prints of what it was made from. Raises ApiError, at once where the
    same source has just failed."""
    failures.memory.check(tenant, plan)
    try:
        originals: list[FetchResult | ApiError] = rendering.read_originals(plan)
        with engine_errors.as_api_errors():
            output = rendering.render(tenant.workspace_id, plan, originals)
    except ApiError as refusal:
        failures.memory.note(tenant, plan, refusal)
        raise
    failures.memory.forget(tenant, plan)
    return output, claims.prints_of(tenant, originals)


def _same_source(stored: StoredPicture, prints: Prints) -> bool | None:
    if not stored.plan.originals:
        return True
    return stored.output.prints == ",".join(prints) if stored.output.prints else None


def _comparison(stored: CachedOutput, output: Output, measured: dict[str, Any], same_source: bool | None) -> Comparison:
    before, now = measured["drawings"]
    difference = measured["difference"]
    if difference:
        difference = Difference(
            median=difference["median"],
            p99=difference["p99"],
            greatest=difference["greatest"],
            visible=difference["visible"],
            step=difference["step"],
            address=_address("image/png", difference["picture"]),
        )
    return Comparison(
        stored=_drawing(stored.engine, stored.body, stored.content_type, before),
        newest=_drawing(version.NEWEST, output.body, output.content_type, now),
        difference=difference or None,
        same_source=same_source,
    )


def _drawing(engine: int, body: bytes, content_type: str, facts: dict[str, Any]) -> Drawing:
    preview = facts.pop("preview")
    shown = _address("image/webp", preview) if preview else _address(content_type, base64.b64encode(body).decode())
    return Drawing(engine, body, content_type, shown, is_preview=bool(preview), **facts)


def _address(content_type: str, encoded: str) -> str:
    """A file as an address of its own, so that it is kept nowhere."""
    return f"data:{content_type};base64,{encoded}"
