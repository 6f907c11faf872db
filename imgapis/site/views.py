"""The home page, the health check, and what the site says when something is missing or broken."""

import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from imgapis.site import docs
from imgapis.work import heartbeat
from transforms.tenant import hosts

log = logging.getLogger("imgapis.site")


def home(request: HttpRequest) -> HttpResponse:
    """The first page: an address to try."""
    demo = hosts.image_host("demo")
    return render(request, "site/home.html", {"demo": demo})


def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the web tier answers, and the seconds since the background worker's last heartbeat."""
    response = JsonResponse({"status": "ok", "work_heartbeat_seconds": heartbeat.age()})
    response["Cache-Control"] = "no-store"
    return response


def docs_index(request: HttpRequest) -> HttpResponse:
    """The list of the docs."""
    return render(request, "site/docs_index.html", {"pages": docs.PAGES})


def docs_page(request: HttpRequest, name: str) -> HttpResponse:
    """A page of the docs."""
    page = docs.page(name)
    if page is None:
        raise Http404
    return render(request, "site/docs_page.html", {"page": page, "name": name, "pages": docs.PAGES})


def docs_source(request: HttpRequest, name: str) -> HttpResponse:
    """The same page as Markdown, for programs."""
    page = docs.page(name)
    if page is None:
        raise Http404
    return HttpResponse(page.source, content_type="text/markdown; charset=utf-8")


def llms(request: HttpRequest) -> HttpResponse:
    """The index of the docs for language models (llmstxt.org)."""
    links = "\n".join(f"- [{title}]({settings.SITE_URL}/docs/{name}.md)" for name, title in docs.PAGES.items())
    text = f"# img apis\n\n> Pictures transformed by URL, charged once.\n\n## Docs\n\n{links}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page."""
    return _sorry(request, 404, "There is no page at this address.")


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The 403 page for a form without its CSRF token: an old tab, or a foreign page (A8)."""
    return _sorry(request, 403, "This form is no longer valid. Go back, load the page again, and send it once more.")


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page: a request id, never a trace (V3)."""
    log.error("page_failed", exc_info=True, extra={"request_id": getattr(request, "request_id", "")})
    return _sorry(request, 500, "Something broke on our side.")


def _sorry(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    context = {"status": status, "sentence": sentence, "request_id": getattr(request, "request_id", "")}
    response = render(request, "site/sorry.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
