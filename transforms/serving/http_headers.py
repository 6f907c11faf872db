"""The headers of image responses: security, CORS, Vary, conditional requests, and the X-Img-* diagnostics."""

from django.http import HttpResponse

from telemetry import display
from transforms.engine.formats import SVG_TYPE
from transforms.serving.delivery import ImageResponse
from transforms.tenant import patterns
from transforms.tenant.http_requests import ImageHttpRequest

EXPOSED = (
    "X-Img-Cache, X-Img-Credits, X-Img-Sources, X-Img-Source-Size, X-Img-Warning, X-Img-Error, X-Img-Engine, "
    "Server-Timing, ETag, Age"
)
STAGES = ("fetch", "decode", "process", "encode", "store")
METHODS = ("GET", "HEAD", "OPTIONS")
POLICY = "default-src 'none'; sandbox"
# The styles and the embedded pictures of a drawing itself.
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether If-None-Match contains the ETag, by weak comparison (RFC 9110, 13.1.2)."""
    if not if_none_match:
        return False
    etags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in etags or etag in etags


def describe(response: HttpResponse, result: ImageResponse) -> HttpResponse:
    """Set the headers for cache state, price, stage timings, sources and warnings."""
    response["X-Img-Cache"] = result.cache.value
    response["X-Img-Credits"] = display.decimal_credits(result.halves)
    if result.timings:
        response["Server-Timing"] = ", ".join(
            f"{stage};dur={result.timings[stage]:.1f}" for stage in STAGES if stage in result.timings
        )
    entry = result.output
    if entry:
        response["X-Img-Engine"] = str(entry.engine)
    if entry and entry.composed:
        response["X-Img-Sources"] = entry.composed
    if entry and entry.source_size:
        response["X-Img-Source-Size"] = entry.source_size
    if entry and entry.warnings:
        response["X-Img-Warning"] = entry.warnings
    if entry and entry.content_type == SVG_TYPE:
        response["Content-Security-Policy"] = SVG_POLICY
    if result.plan.negotiated:
        response["Vary"] = "Accept"
    return response


def finish(request: ImageHttpRequest, response: HttpResponse) -> HttpResponse:
    """Set the security and CORS headers of every image response, errors too."""
    response["X-Content-Type-Options"] = "nosniff"
    response.setdefault("Content-Security-Policy", POLICY)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    origin = request.META.get("HTTP_ORIGIN")
    allowed_origins = request.tenant.allowed_origins
    if "*" in allowed_origins:
        response["Access-Control-Allow-Origin"] = "*"
    else:
        response["Vary"] = ", ".join(filter(None, (response.get("Vary"), "Origin")))
        if origin and patterns.origin_allowed(allowed_origins, origin):
            response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Expose-Headers"] = EXPOSED
    response["Timing-Allow-Origin"] = response.get("Access-Control-Allow-Origin", "null")
    return response


def preflight(request: ImageHttpRequest) -> HttpResponse:
    """The response to OPTIONS: the allowed methods and headers (none of which counts); no event, no charge."""
    response = HttpResponse(status=204)
    response["Allow"] = response["Access-Control-Allow-Methods"] = ", ".join(METHODS)
    response["Access-Control-Allow-Headers"] = "*"
    response["Access-Control-Max-Age"] = "86400"
    return finish(request, response)
