"""The headers of every answer, errors too: pages, pictures, files, refusals (A19)."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from imgapis.server import middleware
from tests import people
from tests.people import Browser
from tests.transforms.web_client import ask

PAGES = ("/", "/docs", "/privacy", "/terms", "/login", "/nowhere", "/static/site.css", "/static/none.css", "/healthz")
PRIVATE = ("/account", "/workspaces", "/w/none/", "/login", "/login/code", "/signup")


def check_page(headers: dict[str, str], where: str) -> None:
    """Assert the headers that every page must have; `where` names it in the failure."""
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, where
    assert "unsafe" not in policy, where
    assert headers["x-content-type-options"] == "nosniff", where
    assert headers["referrer-policy"] == "same-origin", where
    assert headers["cross-origin-opener-policy"] == "same-origin", where
    assert headers["x-request-id"], where


@pytest.mark.parametrize("path", PAGES)
def test_every_page_and_file_of_the_site_has_them(web, path):
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        reply = ask(None, path, method, host="localhost")
        check_page(reply.headers, f"{method} {path} {reply.status}")


def test_refusals_have_them_too(web):
    replies = {
        400: ask(None, "/", host="evil.test"),
        414: ask(None, "/" + "a" * 17_000, host="localhost"),
        401: ask(None, "/api/v1/workspace", host="localhost"),
        403: ask(None, "/login", "POST", host="localhost", body="x=1"),
    }
    for status, reply in replies.items():
        assert reply.status == status
        check_page(reply.headers, str(status))


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/transform?src=shop/shoe.jpg&w=77", "GET", 200),
        ("/info?src=shop/shoe.jpg", "GET", 200),
        ("/transform?src=shop/none.jpg", "GET", 404),
        ("/transform?w=0", "GET", 400),
        ("/nowhere", "GET", 404),
        ("/transform?src=shop/shoe.jpg", "POST", 405),
        ("/limits", "GET", 200),
        ("/transform", "OPTIONS", 204),
    ],
)
def test_a_picture_and_its_errors_can_do_nothing_but_be_seen(web, workspace, path, method, status):
    reply = ask(workspace.namespace, path, method)
    assert reply.status == status
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert reply.headers["x-content-type-options"] == "nosniff" and reply.headers["referrer-policy"]
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_page_with_a_session_is_kept_by_no_cache_whatever_comes_of_it(web):
    browser, _ = people.person("headers")
    for visitor in (browser, Browser()):
        for path in PRIVATE:
            assert visitor.get(path).headers["cache-control"] == "no-store", path
    assert browser.post("/account/email", {"csrfmiddlewaretoken": "wrong"}).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("custom", "value"), [(False, "max-age=31536000; includeSubDomains"), (True, "max-age=31536000")]
)
def test_in_production_browsers_are_told_to_come_by_https_for_a_year(settings, custom, value):
    """On a customer's own domain, what lies below it is not bound."""
    settings.EMBEDDED = False
    request = RequestFactory().get("/")
    request.custom_domain = custom
    for status in (200, 404, 500):
        response = middleware.SecurityHeadersMiddleware(lambda _, status=status: HttpResponse(status=status))(request)
        assert response["Strict-Transport-Security"] == value
