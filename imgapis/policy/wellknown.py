"""The files under /.well-known: the contact for vulnerabilities (RFC 9116), and Global Privacy Control."""

from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from imgapis.base import clock
from imgapis.policy import versions

EXPIRES_MONTHS = 7
SomeResponse = TypeVar("SomeResponse", bound=HttpResponse)


@require_GET
def security_txt(request: HttpRequest) -> HttpResponse:
    """The contact for vulnerabilities (RFC 9116). It expires six to seven months ahead, at the start of a month: less
    than the year the RFC allows, and the same text all month."""
    lines = {
        "Contact": f"mailto:{settings.CONTACT_EMAIL}",
        "Expires": expires(clock.now()),
        "Preferred-Languages": "en",
        "Canonical": f"{settings.SITE_URL}/.well-known/security.txt",
        "Policy": f"{settings.SITE_URL}/security",
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return _cached(HttpResponse(text, content_type="text/plain; charset=utf-8"))


def expires(moment: float) -> str:
    """The start of the month seven ahead of the moment's own."""
    now = clock.utc(moment)
    months = now.month - 1 + EXPIRES_MONTHS
    return f"{now.year + months // 12}-{months % 12 + 1:02}-01T00:00:00Z"


@require_GET
def gpc(request: HttpRequest) -> JsonResponse:
    """That Global Privacy Control is honoured: no data is sold, with or without the signal."""
    return _cached(JsonResponse({"gpc": True, "lastUpdate": versions.list_all()[0].name}))


def _cached(response: SomeResponse) -> SomeResponse:
    response["Cache-Control"] = "public, max-age=86400"
    return response
