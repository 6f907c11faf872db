"""Image responses over HTTP: headers, problem+json, conditional requests, and the usage event of each."""

import logging
import re
import time
import weakref
from dataclasses import dataclass
from urllib.parse import quote

from django.http import HttpResponse

from imgapis.base import clock, errors, tokens
from imgapis.base.errors import ApiError
from telemetry import display, events, metrics, recorder
from telemetry.events import CacheStatus, RequestEvent
from transforms.engine.request.query import Query
from transforms.serving import admission, cache, delivery, fallback, http_headers
from transforms.serving.cache import CachedOutput
from transforms.serving.delivery import ImageRequest, ImageResponse
from transforms.serving.fallback import FallbackPicture
from transforms.serving.image_plans import RenderPlan
from transforms.tenant.http_requests import ImageHttpRequest
from transforms.tenant.tenants import Tenant

log = logging.getLogger("imgapis.images")
FALLBACK_SECONDS = 60
HIT = "imgapis.hit"  # where a hit is in the WSGI environment
SAFE_NAME = re.compile(r"[^A-Za-z0-9._ -]")


@dataclass(frozen=True)
class Hit:
    """A hit that was answered: what the answer to the same request depends on, so that it can be given again without a
    plan. `revision` is the tenant's; `key` to `until` are those of the plan and of the signature; `body` are the bytes
    where they are cut from the output's, else None. The output itself is the memory cache's to keep. `is_public`: any
    site may see it, and no signature is asked for."""

    workspace_id: str
    revision: str
    operation: str
    key: str
    purged_before: float
    engine: int
    ttl: int
    seconds: int
    until: float | None
    output: weakref.ref[CachedOutput]
    body: bytes | None
    is_public: bool

    def current_output(self) -> CachedOutput | None:
        """The output, where it is the very one in memory still and neither it nor the signature has expired."""
        output, now = cache.memory.get(self.key, self.purged_before, self.engine), clock.now()
        if output is None or output is not self.output() or (self.until is not None and self.until <= now):
            return None
        return output if not self.ttl or output.stored > now - self.ttl else None

    def ends(self) -> float:
        """When the output has expired for this request, in seconds since 1970; 0 where it is gone."""
        output = self.output()
        if output is None:
            return 0.0
        return min(output.expires, output.stored + self.ttl) if self.ttl else output.expires


def respond(request: ImageHttpRequest, endpoint: str, path_source: str | None) -> HttpResponse:
    """Answer a request to one of the four operations, and record its event unless its charge did."""
    image_request = _image_request(request, endpoint, path_source)
    result = None
    try:
        image_request = admission.admit(request, image_request)
        result, instead = _deliver(request.tenant, image_request)
        response = (
            _fallback_response(instead, image_request.until)
            if instead
            else _http_response(request, result, image_request.until)
        )
    except ApiError as refusal:
        response = fallback.fallback_response(request.tenant, image_request, refusal) or problem(request, refusal)
    except Exception:
        log.exception("image_failed", extra={"request_id": request.request_id})
        response = server_error(request)
    record(_request_event(request, image_request, result, response), already_recorded=bool(result and result.recorded))
    return http_headers.finish(request, response)


def record(event: RequestEvent, *, already_recorded: bool = False) -> None:
    """Count an answer, and record its event unless its charge did."""
    metrics.record_response(event, charged=already_recorded)
    if not already_recorded:
        recorder.current().record(event)


def _deliver(tenant: Tenant, image_request: ImageRequest) -> tuple[ImageResponse, FallbackPicture | None]:
    """What answers an admitted request: its picture, or its fallback. Raises ApiError, and nothing is charged."""
    try:
        return delivery.deliver(tenant, image_request), None
    except ApiError as refusal:
        picture = fallback.fallback_picture(tenant, image_request, refusal)
        if picture is None:
            raise
        return picture.result, picture


def _image_request(request: ImageHttpRequest, endpoint: str, path_source: str | None) -> ImageRequest:
    return ImageRequest(
        endpoint=endpoint,
        query=Query.parse(request.META.get("QUERY_STRING", "")),
        path_source=path_source or None,
        accept=request.META.get("HTTP_ACCEPT"),
        origin=events.normalized_origin(request.META.get("HTTP_ORIGIN")),
        method=request.method,
        started=time.monotonic(),
    )


def _http_response(request: ImageHttpRequest, result: ImageResponse, until: float | None) -> HttpResponse:
    entry, plan = result.output, result.plan
    if entry is None:
        return _cold_head(result)
    body = delivery.body_of(plan, entry)
    etag = f'"{entry.digest if body is entry.body else cache.digest_of(body)}"'
    is_new = result.cache != CacheStatus.HIT  # a GET that misses ignores If-None-Match, charges, and answers 200
    if not is_new and http_headers.matches(request.META.get("HTTP_IF_NONE_MATCH"), etag):
        response = HttpResponse(status=304)
        del response["Content-Type"]
    else:
        response = HttpResponse(body, content_type=entry.content_type)
        response["Content-Length"] = str(len(body))
    response["ETag"] = etag
    for name, value in lifetime(entry, plan.seconds, until).items():
        response[name] = value
    if plan.spec.download:
        ascii_name = SAFE_NAME.sub("_", plan.spec.download)
        response["Content-Disposition"] = (
            f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(plan.spec.download, safe='')}"
        )
    if not is_new:
        request.META[HIT] = _hit(request.tenant, plan, entry, until, None if body is entry.body else body)
    return http_headers.describe(response, result)


def _hit(tenant: Tenant, plan: RenderPlan, entry: CachedOutput, until: float | None, cut: bytes | None) -> Hit:
    return Hit(
        workspace_id=tenant.workspace_id,
        revision=tenant.revision,
        operation=plan.operation,
        key=plan.key,
        purged_before=plan.purged_before,
        engine=plan.engine,
        ttl=plan.ttl,
        seconds=plan.seconds,
        until=until,
        output=weakref.ref(entry),
        body=cut,
        is_public="*" in tenant.allowed_origins and not tenant.signing_required,
    )


def _cold_head(result: ImageResponse) -> HttpResponse:
    """The response to HEAD of a picture that is not made."""
    content_type = result.plan.content_type
    response = HttpResponse(headers={"Cache-Control": "no-store"}, content_type=content_type)
    if not content_type:
        del response["Content-Type"]
    response.headers.pop("Content-Length", None)
    return http_headers.describe(response, result)


def _fallback_response(picture: FallbackPicture, until: float | None) -> HttpResponse:
    """A fallback over HTTP: for a minute, and without an ETag, since a client must not take it for the picture itself:
    preconditions hold for no status but 2xx (RFC 9110, 13.2.1), and here for none."""
    entry, refusal = picture.result.output, picture.refusal
    if entry is None:
        response = _cold_head(picture.result)
    else:
        response = HttpResponse(entry.body, content_type=entry.content_type)
        response["Content-Length"] = str(len(entry.body))
        seconds = FALLBACK_SECONDS if until is None else max(0, min(FALLBACK_SECONDS, int(until - clock.now())))
        response["Cache-Control"] = f"public, max-age={seconds}"
        http_headers.describe(response, picture.result)
    response.status_code = picture.status
    response["X-Img-Error"] = refusal.code
    if refusal.retry_after and picture.status != 200:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def lifetime(entry: CachedOutput, most_seconds: int, until: float | None) -> dict[str, str]:
    """Cache-Control and Age of an output that lives `most_seconds` at most. A response signed until T expires by T, and
    then has no Age, which caches would subtract once more."""
    now, seconds = clock.now(), min(entry.seconds, most_seconds)
    if until is not None:
        expires = min(until, entry.expires, entry.stored + seconds)
        return {"Cache-Control": f"public, max-age={max(0, int(expires - now))}"}
    immutable = ", immutable" if seconds == cache.YEAR_SECONDS else ""
    return {
        "Cache-Control": f"public, max-age={seconds}{immutable}",
        "Age": str(max(0, int(now - entry.stored))),
    }


def _request_event(
    request: ImageHttpRequest, image_request: ImageRequest, result: ImageResponse | None, response: HttpResponse
) -> RequestEvent:
    is_hit = result is not None and result.cache == CacheStatus.HIT
    return RequestEvent(
        workspace_id=request.tenant.workspace_id,
        event_id=tokens.time_ordered_id(clock.now()),
        operation=image_request.endpoint.partition("/")[0],
        cache=(CacheStatus.HIT if is_hit else CacheStatus.MISS).recorded,
        origin=image_request.origin or "",
        status=response.status_code,
        size=0 if request.method == "HEAD" else len(response.content),
        latency=int((time.monotonic() - image_request.started) * 1000),
        cost=result.halves if result and result.recorded else 0,
    )


def problem(request: ImageHttpRequest, refusal: ApiError) -> HttpResponse:
    """A refusal as problem+json; only a missing source may be cached, for a minute (K4)."""
    response = errors.problem_response(request, refusal)
    if refusal.code == "source_missing":
        response["Cache-Control"] = "public, max-age=60"
    response["X-Img-Credits"] = display.decimal_credits(0)
    return response


class MethodNotAllowed(ApiError):
    """The image API reads; it has nothing to write."""

    status = 405
    code = "method_not_allowed"


def method_refused(request: ImageHttpRequest) -> HttpResponse:
    """The response to a method other than GET, HEAD and OPTIONS, whatever the path."""
    refusal = MethodNotAllowed("The image API answers GET, HEAD and OPTIONS.")
    response = http_headers.finish(request, problem(request, refusal))
    response["Allow"] = ", ".join(http_headers.METHODS)
    return response


def not_found(request: ImageHttpRequest, exception: Exception) -> HttpResponse:
    """The response for a path that is not an endpoint."""
    refusal = ApiError(
        "There is no endpoint at this path. The endpoints are /transform, /info, /grid, /placeholder/blurhash,"
        " /placeholder/color, /explain and /limits.",
        code="unknown_endpoint",
        status=404,
    )
    return http_headers.finish(request, problem(request, refusal))


def server_error(request: ImageHttpRequest) -> HttpResponse:
    """The response for an internal error: a request id, never a traceback (V3)."""
    return problem(request, ApiError("Something broke on our side.", code="internal_error", status=500))
