"""What an answer says to caches and to the one who asked: Vary, ETag, and what a request that waited is told (H24)."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import workspaces
from imgapis.base import clock
from telemetry import recorder
from telemetry.models import events as event_rows
from tests.transforms.web_client import ask
from transforms.serving import delivery, http_headers, image_responses, rendering
from transforms.tenant import tenants

SHOP = "https://shop.example"
INFO_CUTS = ("/info?", "/info/metadata?", "/info/colors?", "/info/blurhash?", "/info?select=thumbhash&")
FOLLOWERS = 5


def vary(reply) -> set[str]:
    """The headers that an answer depends on."""
    return {name.strip() for name in reply.headers.get("vary", "").split(",")} - {""}


def test_an_answer_that_depends_on_accept_says_so_whoever_may_call(web, workspace, stranger):
    """H24, K1: where an Origin counts too, Vary names both: a shared cache would else send AVIF to all."""
    negotiated, fixed = "/transform?src=shop/shoe.jpg&w=51", "/transform?src=shop/shoe.jpg&w=51&format=png"
    assert [vary(ask(workspace.namespace, path)) for path in (negotiated, fixed)] == [{"Accept"}, set()]
    row = workspaces.find(stranger.workspace_id)
    workspaces.change(row, allowed_origins=["shop.example"])
    replies = [ask(stranger.namespace, path, Origin=SHOP) for path in (negotiated, fixed)]
    assert [vary(reply) for reply in replies] == [{"Accept", "Origin"}, {"Origin"}]
    known = ask(stranger.namespace, negotiated, If_None_Match=replies[0].headers["etag"])
    assert (known.status, vary(known)) == (304, {"Accept", "Origin"})
    assert vary(ask(stranger.namespace, negotiated, Origin="https://evil.test")) == {"Origin"}


def test_each_cut_of_one_info_has_an_etag_of_its_own(web, workspace):
    """H24, K1: they are stored as one JSON and are different bytes; one's ETag is no 304 for another."""
    replies = {path: ask(workspace.namespace, f"{path}src=shop/shoe.jpg") for path in INFO_CUTS}
    etags = {path: reply.headers["etag"] for path, reply in replies.items()}
    assert len(set(etags.values())) == len(INFO_CUTS)
    for mine, theirs in itertools.product(INFO_CUTS, repeat=2):
        reply = ask(workspace.namespace, f"{mine}src=shop/shoe.jpg", If_None_Match=etags[theirs])
        assert reply.status == (304 if mine == theirs else 200)
        assert reply.body == (b"" if mine == theirs else replies[mine].body)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [(SHOP, SHOP), ("https://evil.test", None), ("https://shop.example.evil.test", None), ("null", None), (None, None)],
)
def test_an_origin_that_is_not_listed_reads_nothing_and_times_nothing(origin, allowed):
    """C3, K1: nor does a shared cache give one site's answer to another."""
    request = RequestFactory().get("/transform", **({"HTTP_ORIGIN": origin} if origin else {}))
    request.tenant = SimpleNamespace(allowed_origins=("shop.example",))
    response = http_headers.finish(request, HttpResponse())
    assert response.get("Access-Control-Allow-Origin") == allowed
    assert response["Timing-Allow-Origin"] == (allowed or "null") and response["Vary"] == "Origin"


def respond(tenant, path: str):
    """The answer to a request in this process."""
    request = RequestFactory().get(path, HTTP_HOST="x.localhost")
    request.tenant, request.request_id = tenant, "the-id"
    return image_responses.respond(request, "transform", None)


@pytest.fixture
def tenant(bucket, origin, workspace, forgetful):
    """The workspace as a server knows it."""
    return tenants.of_namespace(workspace.namespace)


@pytest.fixture
def patient_leader(monkeypatch):
    """The one that does the work begins when all the others have asked, however slow the machine is."""
    asked, run, read = threading.Semaphore(0), delivery._flights.run, rendering.read_originals

    def counted_run(*args, **keywords):
        asked.release()
        return run(*args, **keywords)

    def patient_read(plan):
        assert all(asked.acquire(timeout=20) for _ in range(FOLLOWERS + 1))
        return read(plan)

    monkeypatch.setattr(delivery._flights, "run", counted_run)
    monkeypatch.setattr(rendering, "read_originals", patient_read)


@pytest.mark.usefixtures("patient_leader")
def test_who_waited_for_anothers_work_is_told_that_it_was_free_and_is_counted(tenant, origin):
    """H24, R4, B1: one MISS with its price; the others are COALESCED, cost nothing, and have an event each."""
    path = f"/slow/{tenant.namespace}.jpg"

    def one(_) -> tuple[str, str]:
        response = respond(tenant, f"/transform?src=shop{path}&w=64")
        assert response.status_code == 200
        return response["X-Img-Cache"], response["X-Img-Credits"]

    with ThreadPoolExecutor(FOLLOWERS + 1) as threads:
        outcomes = sorted(threads.map(one, range(FOLLOWERS + 1)))
    assert outcomes == [("COALESCED", "0")] * FOLLOWERS + [("MISS", "1")] and origin.requests[path] == 1
    recorder.current().flush()
    events = list(event_rows.between(tenant.workspace_id, clock.now() - 60, clock.now() + 1))
    assert sorted((event.cache, int(event.cost)) for event in events) == [("miss", 0)] * FOLLOWERS + [("miss", 2)]
    assert {event.status for event in events} == {200} and all(event.size > 0 for event in events)
