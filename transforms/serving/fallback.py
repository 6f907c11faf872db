"""A picture instead of an error: the owner's fallback where a source fails; and instead of 402, where the workspace
chose one, the original or a placeholder."""

import io
from dataclasses import dataclass, replace

from django.http import HttpResponse
from PIL import Image

from imgapis.base.errors import ApiError
from imgapis.base.outbound import urls
from telemetry import display
from transforms.serving import delivery, image_plans
from transforms.serving.delivery import ImageRequest, ImageResponse
from transforms.serving.image_plans import RenderPlan
from transforms.serving.scheduling import free_work
from transforms.serving.scheduling.free_work import FreeWorkUsedUp
from transforms.sources.kinds.registry import kind_of
from transforms.tenant import patterns
from transforms.tenant.tenants import Tenant

LONGEST_SIDE = 2048
PIXELS = {"grid": (4, 3), "transform": (4, 3), "placeholder": (1, 1)}
GREY = b"\xd8\xd8\xd8"
# The errors of a source: what its server answers, or does not, and what its bytes are. Of a request, of rights, of
# credits and of our own load none is here.
SOURCE_ERRORS = frozenset(
    {
        "source_missing",
        "source_forbidden",
        "source_refused",
        "source_busy",
        "source_unreachable",
        "source_unresolvable",
        "source_timeout",
        "source_redirect",
        "source_encoding",
        "source_too_large",
        "unsupported_format",
        "unsupported_variant",
        "broken_image",
        "too_many_pixels",
        "too_many_frames",
        "too_many_scans",
        "source_side_too_long",
        "render_timeout",
        "render_crashed",
    }
)


@dataclass(frozen=True)
class FallbackPicture:
    """The owner's picture that is sent instead of `refusal`, an error of the source, and the status it is sent with."""

    result: ImageResponse
    refusal: ApiError
    status: int


def fallback_picture(tenant: Tenant, image_request: ImageRequest, refusal: ApiError) -> FallbackPicture | None:
    """The fallback of a request whose source failed, delivered and charged as any picture is; None where the error is
    sent: it is none of the source, there is no fallback, or it fails itself, for lack of credits too."""
    if refusal.code not in SOURCE_ERRORS or refusal.param == "mark":
        return None
    try:
        plan = _plan(tenant, image_request)
        if not plan.fallback:
            return None
        instead = image_plans.of_fallback(tenant, plan, image_request.accept)
        if instead.identity == plan.identity:
            return None
        status = 200 if tenant.rules.fallbacks[plan.fallback].status == "200" else refusal.status
        result = delivery.deliver_plan(tenant, instead, replace(image_request, fallback_status=status))
    except ApiError:
        return None
    return FallbackPicture(result, refusal, status)


def _plan(tenant: Tenant, image_request: ImageRequest) -> RenderPlan:
    return image_plans.make(
        tenant,
        image_request.endpoint,
        image_request.query,
        image_request.path_source,
        image_request.accept,
        image_request.policy,
    )


def fallback_response(tenant: Tenant, image_request: ImageRequest, refusal: ApiError) -> HttpResponse | None:
    """The response instead of a 402, never cached and never billed; None where the 402 is sent, which it is where the
    workspace has used up its free work, too."""
    if refusal.status != 402 or tenant.refused == "402" or image_request.endpoint.startswith("info"):
        return None
    try:
        free_work.spend(tenant.workspace_id, free_work.FALLBACK)
    except FreeWorkUsedUp:
        return None
    plan = _plan(tenant, image_request)
    response = _redirect(tenant, plan) if tenant.refused == "original" else _placeholder(plan)
    if response is not None:
        response["Cache-Control"] = "no-store"
        response["X-Img-Credits"] = display.decimal_credits(0)
        response["X-Img-Warning"] = f"{refusal.code.replace('_', ' ')}: this is not the picture asked for"
    return response


def _redirect(tenant: Tenant, plan: RenderPlan) -> HttpResponse | None:
    """Redirect to the original of a /transform on a web server. Never to a bucket: its URL would contain the customer's
    signature. Nor to a URL that only `*` allows: that would be an open redirect."""
    if plan.operation != "transform":
        return None
    names = plan.originals[0].identity
    if names[0] == "url":
        explicit_patterns = [pattern for pattern in tenant.allowed_sources if pattern != "*"]
        address = names[1] if patterns.host_allowed(explicit_patterns, urls.parse(names[1]).host) else None
    else:
        source = next(candidate for candidate in tenant.sources.values() if candidate.source_id == names[1])
        prefix = kind_of(source).public_prefix(source)
        address = _of_prefix(prefix, names[-1]) if prefix else None
    return HttpResponse(status=302, headers={"Location": address}) if address else None


def _of_prefix(prefix: str, target: str) -> str:
    location = urls.parse(prefix)
    return f"{location.scheme}://{location.authority}{target}"


def _placeholder(plan: RenderPlan) -> HttpResponse:
    """A plain grey PNG of the requested sides; a missing side follows from the other by the operation's ratio in PIXELS
    (4 to 3)."""
    width, height = plan.spec.values.get("w"), plan.spec.values.get("h")
    if width is None or height is None:
        shape = PIXELS[plan.operation]
        width = width or (height * shape[0] // shape[1] if height else shape[0])
        height = height or max(1, width * shape[1] // shape[0])
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return HttpResponse(_png(max(1, int(width * scale)), max(1, int(height * scale))), content_type="image/png")


def _png(width: int, height: int) -> bytes:
    """A PNG of one palette colour, one bit a pixel."""
    image = Image.new("P", (width, height))
    image.putpalette(GREY)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", bits=1, compress_level=9)
    return buffer.getvalue()
