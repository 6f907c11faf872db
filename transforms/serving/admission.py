"""Authorization of image requests: access, signature and presets-only, all before the cache is read (K6)."""

from dataclasses import replace

from imgapis.base import clock
from transforms.access import origins, presets, signing
from transforms.serving.delivery import ImageRequest
from transforms.tenant.http_requests import ImageHttpRequest


def admit(request: ImageHttpRequest, image_request: ImageRequest) -> ImageRequest:
    """The request with its signature verified and removed, and the policy and expiry it grants. Raises ApiError."""
    tenant = request.tenant
    origins.check(tenant, request.META.get("HTTP_ORIGIN"))
    path = signing.sent_path(request.META.get("RAW_URI", ""), request.path)
    ticket = signing.check(tenant, path, image_request.query, clock.now())
    presets.guard(tenant, image_request.endpoint, ticket.query)
    return replace(image_request, query=ticket.query, policy=ticket.policy, until=ticket.until)
