"""Routing by the Host header (the site, a workspace's images, or unknown), and the headers of every response."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

from imgapis.base import errors
from imgapis.base.errors import ApiError
from imgapis.base.outbound import fetch
from imgapis.base.requests import GetResponse
from transforms.serving import http_headers, image_responses
from transforms.tenant import tenants
from transforms.tenant.http_requests import ImageHttpRequest
from transforms.tenant.tenants import Tenant

HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?\Z")
LONGEST_LINE = 16_384
LONGEST_HOST = 253


class UnknownHost(ApiError):
    """No page and no workspace lives at the host."""

    code = "unknown_host"

    def __init__(self) -> None:
        super().__init__("No workspace and no page of ours lives at this host.")


class FetchLoop(ApiError):
    """Our own fetcher asks: a source leads back to an image host (S17)."""

    code = "fetch_loop"

    def __init__(self) -> None:
        super().__init__("A source leads back to our own image hosts, and is not fetched.")


class AddressTooLong(ApiError):
    """The request line is longer than we read."""

    status = 414
    code = "uri_too_long"

    def __init__(self) -> None:
        super().__init__(f"The address is longer than {LONGEST_LINE} bytes.")


def host_of(header: str) -> str:
    """The host of a Host header, without its port; empty where it cannot be read."""
    match = HOST.match(header.lower())
    return match[1].rstrip(".") if match else ""


def tenant_of(host: str) -> Tenant | None:
    """The workspace whose images are at a host; None where none are. Raises StateUnavailable."""
    if len(host) > LONGEST_HOST:
        return None
    namespace, _, domain = host.partition(".")
    return tenants.of_namespace(namespace) if domain == settings.IMAGE_DOMAIN else tenants.of_domain(host)


def remembered_tenant_of(host: str) -> Tenant | None:
    """What `tenant_of` answers from memory; None where it would have to read."""
    namespace, _, domain = host.partition(".")
    return tenants.remembered(namespace if domain == settings.IMAGE_DOMAIN else host) if domain else None


def is_own_fetcher(environ: Mapping[str, Any]) -> bool:
    """Whether our own fetcher asks (S17)."""
    return environ.get("HTTP_USER_AGENT") == fetch.HEADERS["User-Agent"]


class HostMiddleware:
    """Routes by host, so that image hosts and public pages touch no session, and refuses the rest."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: ImageHttpRequest) -> HttpResponse:
        """Choose the URLconf by the Host header alone; forwarded hosts are never read (A14)."""
        request.request_id = str(uuid.uuid4())
        try:
            self._place(request)
        except ApiError as refusal:
            response = errors.problem_response(request, refusal)
        else:
            is_method_refused = hasattr(request, "tenant") and request.method not in http_headers.METHODS
            response = image_responses.method_refused(request) if is_method_refused else self.get_response(request)
        response["X-Request-Id"] = request.request_id
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def _place(self, request: ImageHttpRequest) -> None:
        """Find what lives at the host; only a request to an image host gets a tenant. Raises ApiError."""
        line_length = len(request.META.get("RAW_URI", "")) or len(request.path) + len(
            request.META.get("QUERY_STRING", "")
        )
        if line_length > LONGEST_LINE:
            raise AddressTooLong
        host = host_of(request.META.get("HTTP_HOST", ""))
        if host in settings.SITE_HOSTS:
            return
        tenant = tenant_of(host)
        if tenant is None:
            raise UnknownHost
        request.custom_domain = host.partition(".")[2] != settings.IMAGE_DOMAIN
        request.tenant = tenant
        if is_own_fetcher(request.META):
            raise FetchLoop
        request.urlconf = settings.IMAGE_URLCONF


class SiteFiles(WhiteNoiseMiddleware):
    """Style sheets and scripts, on the site's own hosts alone: image hosts serve pictures and nothing else (A15)."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a static file of the site, or pass by."""
        return self.get_response(request) if hasattr(request, "tenant") else super().__call__(request)


BILLING_PAGES = re.compile(r"/w/[^/]+/billing(/|\Z)")
COMPARISON_PAGE = re.compile(r"/w/[^/]+/purge/compare\Z")


def page_policy(path: str = "") -> str:
    """The Content-Security-Policy of pages: ourselves and our image hosts, nothing inline, nobody else (P09). A form of
    a billing page may lead to Stripe's own pages, which a redirect after it does (P03). The page that compares pictures
    has them in itself, as data, since they are stored nowhere."""
    form_targets = f"'self' {settings.STRIPE_PAGES}" if BILLING_PAGES.match(path) else "'self'"
    image_sources = f"http://*.{settings.IMAGE_DOMAIN}:* https://*.{settings.IMAGE_DOMAIN}"
    if COMPARISON_PAGE.match(path):
        image_sources += " data:"
    return (
        f"default-src 'none'; img-src 'self' {image_sources}; style-src 'self'; script-src 'self'; connect-src 'self';"
        f" base-uri 'none'; form-action {form_targets}; frame-ancestors 'none'"
    )


class SecurityHeadersMiddleware:
    """Outermost: the headers of every answer, errors too (A19); image answers carry stricter ones of their own."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add each header that the view did not set."""
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", page_policy(request.path))
        # Not no-referrer: a browser would send `Origin: null` with every form, which no CSRF check can take.
        response.setdefault("Referrer-Policy", "same-origin")
        response.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if not settings.EMBEDDED:
            # A customer's domain is theirs: what lies below it is not for us to bind.
            subdomains = "" if getattr(request, "custom_domain", False) else "; includeSubDomains"
            response.setdefault("Strict-Transport-Security", f"max-age=31536000{subdomains}")
        return response
