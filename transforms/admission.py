"""The door of image requests: who may ask, signed how, for what; all of it before the cache is looked at (K6)."""

from dataclasses import replace

from django.http import HttpRequest

from imgapis.base import clock
from transforms import access, presets, signing
from transforms.delivery import Asked


def admit(request: HttpRequest, image_request: Asked) -> Asked:
    """The request without its signature, with what that allows. Raises Refusal."""
    tenant = request.tenant
    access.check(tenant, request.META.get("HTTP_ORIGIN"))
    path = signing.sent_path(request.META.get("RAW_URI", ""), request.path)
    ticket = signing.check(tenant, path, image_request.query, clock.now())
    presets.guard(tenant, image_request.endpoint, ticket.query)
    return replace(image_request, query=ticket.query, policy=ticket.policy, until=ticket.until)
