"""The site host: the first page, the health check, and the error pages."""

import json

import pytest
from django.test import RequestFactory

from imgapis.site import docs, views
from tests.transforms.web_client import ask
from transforms.serving import image_responses
from transforms.tenant import tenants

pytestmark = pytest.mark.usefixtures("web")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/nowhere", 404),
        ("/static/site.css", 200),
        ("/docs", 200),
        ("/status", 200),
        ("/pricing", 200),
        ("/simulator", 200),
        ("/docs/errors", 200),
        ("/docs/none", 404),
        ("/privacy", 200),
        ("/privacy/versions", 200),
        ("/privacy/versions/2026-05-18", 200),
        ("/privacy/versions/1999-01-01", 404),
        ("/privacy/subprocessors", 200),
        ("/privacy/cookies", 200),
        ("/privacy/data", 200),
        ("/.well-known/data-map.json", 200),
        ("/.well-known/erasure-keys.json", 200),
        ("/privacy/requests", 200),
        ("/terms", 200),
        ("/security", 200),
        ("/abuse", 200),
        ("/.well-known/security.txt", 200),
        ("/.well-known/gpc.json", 200),
    ],
)
def test_a_public_page_sets_no_cookie_and_asks_nobody_else(path, status):
    """P09, P16, V3, V4, A19"""
    reply = ask(None, path, host="localhost")
    assert reply.status == status and "set-cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("vary", "")
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"


def test_the_first_page_shows_an_address_to_try():
    assert b"/transform?src=samples/" in ask(None, "/", host="localhost").body


def test_the_health_check_tells_how_the_worker_is():
    health = json.loads(ask(None, "/healthz", host="localhost").body)
    assert health["status"] == "ok" and "work_heartbeat_seconds" in health


def test_our_own_fault_on_a_page_shows_an_id_and_no_trace():
    """V3"""
    request = RequestFactory().get("/")
    request.request_id = "the-id"
    page = views.server_error(request).content.decode()
    assert "the-id" in page and "Traceback" not in page


def test_our_own_fault_on_an_image_shows_an_id_and_no_trace(workspace, forgetful, monkeypatch):
    """V3"""
    monkeypatch.setattr(image_responses.delivery, "deliver", lambda *_: 1 / 0)
    request = RequestFactory().get("/transform?src=shop/shoe.jpg", HTTP_HOST="x.localhost")
    request.tenant, request.request_id = tenants.of_namespace(workspace.namespace), "the-id"
    reply = image_responses.respond(request, "transform", None)
    problem = json.loads(reply.content)
    assert (reply.status_code, problem["code"], problem["request_id"]) == (500, "internal_error", "the-id")
    assert b"ZeroDivision" not in reply.content


def test_the_type_of_a_problem_leads_to_its_line_in_the_docs(workspace):
    problem = json.loads(ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=0").body)
    path, _, anchor = problem["type"].partition("/docs/")[2].partition("#")
    assert f'id="{anchor}"' in ask(None, f"/docs/{path}", host="localhost").body.decode()


@pytest.mark.parametrize(
    ("heading", "html"),
    [
        ("# `/transform` and `/info`", '<h1 id="transform-and-info">'),
        ("## Who may: *roles* & rights", '<h2 id="who-may-roles-rights">'),
        ("### A part of it", "<h3>"),
    ],
)
def test_a_heading_of_the_docs_can_be_linked_to_by_its_words(heading, html):
    assert docs.rendered(heading).html.startswith(html)


@pytest.mark.parametrize("path", ["/docs/image-api.md", "/llms.txt"])
def test_the_docs_are_there_for_machines(path):
    reply = ask(None, path, host="localhost")
    assert reply.status == 200 and reply.headers["content-type"].startswith("text/") and b"<html" not in reply.body
