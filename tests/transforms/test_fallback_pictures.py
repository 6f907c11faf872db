"""A picture of the owner's instead of an error of the source: its own rendering, charged once, sent for a minute."""

import io
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from accounts.models import workspaces
from billing.charging import ledger
from imgapis.base import clock
from telemetry.events import CacheStatus
from telemetry.models import events as event_rows
from tests import environment
from tests.crowds import ask_until_settled
from tests.transforms.signer import signed
from tests.transforms.web_client import ask
from transforms.access import access_settings, fallbacks, presets, signing_keys
from transforms.access.signed_policies import Policy, PolicyExceeded
from transforms.engine.request.query import Query
from transforms.models import sources as source_rows
from transforms.serving import delivery, image_plans
from transforms.serving.coalesce import WaitedTooLong
from transforms.serving.delivery import ImageRequest
from transforms.sources import named_sources
from transforms.tenant import tenants

pytestmark = pytest.mark.usefixtures("web")
BROKEN = b"\xff\xd8\xff\xe0 no picture"


def save(row, name: str = "empty", src: str = "shop/hat.png", status: str = "error"):
    return fallbacks.save(row.workspace_id, "system", name, src, status)


def used(row) -> int:
    """Half-credits charged to a workspace so far; its ledger holds."""
    proofs = ledger.prove(row.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(proof.used for proof in proofs)


def wait_for_events(row, expected: int) -> list:
    """The events of a workspace, once the servers have shipped as many as are expected."""
    deadline = time.monotonic() + 60
    while True:
        events = list(event_rows.between(row.workspace_id, clock.now() - 3_600, clock.now() + 60))
        if len(events) >= expected or time.monotonic() > deadline:
            return events
        time.sleep(0.2)  # until the spools are shipped


def policy_of(fixed: str) -> Policy:
    """A policy of the source `shop` up to 8 pixels, with fixed parameters."""
    return Policy("shop/", clock.now() + 3_600, {"w": 8}, ("transform",), None, Query.parse(fixed))


def code_of(reply) -> str:
    return json.loads(reply.body)["code"]


def defaults(row, own: str | None = None, **sources: str) -> None:
    fallbacks.change_defaults(row.workspace_id, "system", own, sources)


def tenant_of(row) -> tenants.Tenant:
    row = workspaces.find(row.workspace_id)
    return tenants.of_row(row, row.namespace)


def test_a_source_that_is_missing_is_the_owners_picture_with_the_true_status(workspace):
    save(workspace)
    reply = ask(
        workspace.namespace, "/transform?src=shop/none.jpg&w=90&fallback=empty&download=a.png", Accept="image/webp"
    )
    assert (reply.status, reply.headers["content-type"]) == (404, "image/webp")
    assert Image.open(io.BytesIO(reply.body)).size == (90, 56)
    assert reply.headers["x-img-error"] == "source_missing"
    assert not {"etag", "age", "content-disposition"} & set(reply.headers)
    assert "X-Img-Error" in reply.headers["access-control-expose-headers"]
    assert (reply.headers["cache-control"], reply.headers["vary"]) == ("public, max-age=60", "Accept")
    assert (reply.headers["x-img-cache"], reply.headers["x-img-credits"]) == ("MISS", "1")


def test_it_is_200_where_the_owner_says_so(workspace):
    save(workspace, status="200")
    reply = ask(workspace.namespace, "/transform?src=shop/none.jpg&w=90&fallback=empty")
    assert (reply.status, reply.headers["x-img-error"]) == (200, "source_missing")
    assert reply.headers["cache-control"] == "public, max-age=60"


def test_many_failing_sources_are_one_picture_and_one_charge(workspace):
    """B1: the fallback drawn with the same parameters is one picture, whatever failed."""
    save(workspace)
    first = ask(workspace.namespace, "/transform?src=shop/gone-0.jpg&w=91&fallback=empty")
    count = environment.count(30, 200, 1_000)
    replies = [
        ask(workspace.namespace, f"/transform?src=shop/gone-{number}.jpg&w=91&fallback=empty")
        for number in range(1, count)
    ]
    assert {(reply.status, reply.headers["x-img-cache"], reply.headers["x-img-credits"]) for reply in replies} == {
        (404, "HIT", "0")
    }
    assert {reply.body for reply in replies} == {first.body} and used(workspace) == 2
    itself = ask(workspace.namespace, "/transform?src=shop/hat.png&w=91")
    assert (itself.status, itself.headers["x-img-cache"], itself.body) == (200, "HIT", first.body)
    assert used(workspace) == 2


@pytest.mark.parametrize("other", ["v=2", "ttl=3600", "v=2&ttl=60"])
def test_version_and_age_are_of_the_source_that_failed_and_make_no_other_fallback(workspace, other):
    """H24: a version of a picture that is missing is no picture to pay for."""
    save(workspace)
    address = "/transform?src=shop/none.jpg&w=90&fallback=empty&"
    replies = [ask(workspace.namespace, address + values) for values in ("v=1", other)]
    assert [reply.headers["x-img-credits"] for reply in replies] == ["1", "0"]
    assert replies[0].body == replies[1].body and used(workspace) == 2


def test_many_at_once_are_one_charge(workspace, origin):
    """R4, B1: with real threads, over two processes."""
    save(workspace)
    name = secrets.token_hex(4)
    origin.pictures[f"/{name}.png"] = origin.pictures["/hat.png"]
    save(workspace, "cold", f"shop/{name}.png")
    addresses = [f"/transform?src=shop/{name}-{number}.jpg&w=92&fallback=cold" for number in range(24)]
    with ThreadPoolExecutor(24) as threads:
        replies = list(threads.map(lambda address: ask_until_settled(workspace.namespace, address)[-1], addresses))
    assert {reply.status for reply in replies} == {404} and used(workspace) == 2
    assert origin.requests[f"/{name}.png"] == 1


def test_a_fallback_lives_its_own_life_whatever_ttl_was_asked_of_the_source(workspace):
    """H24: it would be made and charged again as often as the source is to be read."""
    save(workspace)
    tenant = tenant_of(workspace)
    failing, itself = (
        image_plans.make(tenant, "transform", Query.parse(query), None, None)
        for query in ("src=shop/none.jpg&w=94&fallback=empty&ttl=60", "src=shop/hat.png&w=94")
    )
    instead = image_plans.of_fallback(tenant, failing, None)
    assert (failing.seconds, instead.seconds, instead.fresh_after) == (60, itself.seconds, 0)


def test_the_event_has_the_status_that_was_sent_and_the_charge(workspace):
    """P11: usage and bill are sums of the same events."""
    save(workspace)
    save(workspace, "fine", status="200")
    ask(workspace.namespace, "/transform?src=shop/none.jpg&w=93&fallback=empty")
    ask(workspace.namespace, "/transform?src=shop/none.jpg&w=93&fallback=empty")
    ask(workspace.namespace, "/transform?src=shop/none.jpg&w=93&fallback=fine")
    events = wait_for_events(workspace, 3)
    assert sorted((int(event.status), int(event.cost), event.cache) for event in events) == [
        (200, 0, "hit"),
        (404, 0, "hit"),
        (404, 2, "miss"),
    ]
    assert used(workspace) == 2


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (404, 404, "source_missing"),
        (410, 404, "source_missing"),
        (500, 502, "source_unreachable"),
        (403, 424, "source_forbidden"),
        (418, 424, "source_refused"),
    ],
)
def test_what_the_sources_server_answers_falls_back(workspace, origin, answer, status, code):
    save(workspace)
    path = f"/{secrets.token_hex(4)}.jpg"
    origin.statuses[path] = answer
    plain = ask(workspace.namespace, f"/transform?src=shop{path}&w=94")
    reply = ask(workspace.namespace, f"/transform?src=shop{path}&w=94&fallback=empty")
    assert (plain.status, code_of(plain)) == (status, code)
    assert (reply.status, reply.headers["x-img-error"]) == (status, code)
    assert reply.headers["content-type"].startswith("image/")


@pytest.mark.parametrize(("body", "code"), [(b"<html>", "unsupported_format"), (BROKEN, "broken_image")])
def test_bytes_that_are_no_picture_fall_back(workspace, origin, body, code):
    save(workspace)
    path = f"/{secrets.token_hex(4)}.jpg"
    origin.pictures[path] = body
    plain = ask(workspace.namespace, f"/transform?src=shop{path}&w=95")
    reply = ask(workspace.namespace, f"/transform?src=shop{path}&w=95&fallback=empty")
    assert (plain.status, code_of(plain)) == (reply.status, reply.headers["x-img-error"])
    assert reply.headers["x-img-error"] == code and Image.open(io.BytesIO(reply.body)).size == (95, 59)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("src=shop/none.jpg&w=0&fallback=empty", 400, "invalid_parameter"),
        ("src=shop/../none.jpg&fallback=empty", 400, "invalid_source"),
        ("src=shop/none.jpg&fallback=empty&fallback=empty", 400, "duplicate_parameter"),
        ("src=nowhere/none.jpg&fallback=empty", 404, "unknown_source"),
        ("src=shop/none.jpg&fallback=https://evil.test/a.png", 400, "unknown_fallback"),
        ("src=shop/none.jpg&fallback=", 400, "unknown_fallback"),
        ("src=shop/shoe.jpg&mark=shop/none.png&fallback=empty", 404, "source_missing"),
    ],
)
def test_what_is_no_error_of_the_source_is_answered_as_before(workspace, origin, query, status, code):
    save(workspace)
    before = origin.requests["/hat.png"]
    reply = ask(workspace.namespace, f"/transform?{query}")
    assert (reply.status, code_of(reply)) == (status, code)
    assert (origin.requests["/hat.png"], used(workspace)) == (before, 0)


def test_a_fallback_that_does_not_exist_is_refused_by_name_before_anything_is_fetched(workspace, origin):
    save(workspace)
    before = sum(origin.requests.values())
    reply = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=9&fallback=emtpy")
    problem = json.loads(reply.body)
    assert (reply.status, problem["code"], problem["param"]) == (400, "unknown_fallback", "fallback")
    assert "Did you mean empty?" in problem["detail"] and sum(origin.requests.values()) == before
    assert code_of(ask(workspace.namespace, "/explain/transform?src=shop/shoe.jpg&fallback=x")) == "unknown_fallback"
    assert code_of(ask(workspace.namespace, "/info?src=shop/shoe.jpg&fallback=empty")) == "unknown_parameter"


def test_without_credits_it_is_402_and_no_picture(workspace):
    workspaces.change(workspace, allowance=2)
    save(workspace)
    defaults(workspace, "empty")
    first = ask(workspace.namespace, "/transform?src=shop/none.jpg&w=96")
    assert (first.status, first.headers["x-img-credits"]) == (404, "1")
    reply = ask(workspace.namespace, "/transform?src=shop/none.jpg&w=96")
    assert (reply.status, code_of(reply)) == (402, "out_of_credits") and used(workspace) == 2


def test_where_the_fallback_cannot_be_paid_the_error_of_the_source_is_sent(workspace, origin):
    """B2: the picture was charged before, so that it is looked for with no credit left; the fallback was not."""
    workspaces.change(workspace, allowance=2)
    save(workspace)
    path = f"/{secrets.token_hex(4)}.jpg"
    origin.pictures[path] = origin.pictures["/shoe.jpg"]
    assert ask(workspace.namespace, f"/transform?src=shop{path}&w=97&format=png").status == 200
    del origin.pictures[path]
    reply = ask(workspace.namespace, f"/transform?src=shop{path}&w=97&format=webp&fallback=empty")
    assert (reply.status, code_of(reply)) == (404, "source_missing") and used(workspace) == 2


@pytest.mark.parametrize("src", ["shop/none-either.png", "shop/not.jpg", "gone/hat.png"])
def test_where_the_fallback_fails_too_the_error_of_the_source_is_sent(workspace, origin, src):
    gone = named_sources.create(
        workspace.workspace_id, name="gone", kind="http", prefix=f"http://127.0.0.1:{origin.port}/"
    )
    save(workspace, src=src)
    named_sources.delete(gone)
    reply = ask(workspace.namespace, "/transform?src=shop/none.jpg&w=98&fallback=empty")
    assert (reply.status, code_of(reply)) == (404, "source_missing") and used(workspace) == 0
    assert reply.headers["cache-control"] == "public, max-age=60" and "x-img-error" not in reply.headers


def test_defaults_hold_for_the_workspace_and_for_each_source_and_none_ends_them(workspace, origin):
    prefix = f"http://127.0.0.1:{origin.port}/"
    for name in ("people", "bare"):
        named_sources.create(workspace.workspace_id, name=name, kind="http", prefix=prefix)
    save(workspace)
    save(workspace, "face", "shop/shoe.jpg")
    revisions = [int(row.revision) for row in source_rows.of_workspace(workspace.workspace_id)]
    defaults(workspace, "empty", people="face", bare="none")
    assert [int(row.revision) for row in source_rows.of_workspace(workspace.workspace_id)] == revisions
    tenant = tenant_of(workspace)

    def chosen(src: str, query: str = "") -> str:
        return image_plans.make(tenant, "transform", Query.parse(f"src={src}{query}"), None, None).fallback

    assert [chosen(f"{name}/none.jpg") for name in ("shop", "people", "bare")] == ["empty", "face", ""]
    assert chosen(f"{prefix}none.jpg") == "empty"
    assert [chosen("people/none.jpg", f"&fallback={name}") for name in ("empty", "none")] == ["empty", ""]
    switched_off = ask(workspace.namespace, "/transform?src=shop/none.jpg&w=99&fallback=none")
    assert (switched_off.status, code_of(switched_off)) == (404, "source_missing")
    assert ask(workspace.namespace, "/transform?src=shop/none.jpg&w=99").headers["x-img-error"] == "source_missing"


SETS = st.dictionaries(
    st.sampled_from(["w", "h", "dpr", "quality", "blur", "format"]), st.sampled_from(["1", "2"]), max_size=4
).map(lambda texts: {name: "png" if name == "format" else text for name, text in texts.items()})


@settings(
    max_examples=environment.count(10, 40, 200),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(values=SETS, name=st.sampled_from(["empty", "fine", "none"]), first=st.booleans())
def test_a_fallback_is_no_part_of_the_picture_itself(workspace, values, name, first):
    """H24, K3: with a fallback, another or none a request is one cache entry and one claim; what is drawn instead is
    the picture of the fallback's own address."""
    save(workspace)
    save(workspace, "fine", "shop/shoe.jpg", "200")
    tenant = tenant_of(workspace)
    plain = f"src=shop/any.jpg&{presets.query_of(values)}"
    named = f"fallback={name}&{plain}" if first else f"{plain}&fallback={name}"
    one, other = (image_plans.make(tenant, "transform", Query.parse(query), None, None) for query in (plain, named))
    assert (one.key, one.claim, one.identity, one.spec) == (other.key, other.claim, other.identity, other.spec)
    if name != "none":
        src = tenant.rules.fallbacks[name].src
        itself = image_plans.make(tenant, "transform", Query.parse(f"src={src}&{presets.query_of(values)}"), None, None)
        instead = image_plans.of_fallback(tenant, other, None)
        assert (instead.key, instead.claim) == (itself.key, itself.claim) != (other.key, other.claim)


def test_head_makes_and_charges_nothing(workspace, origin):
    save(workspace)
    address = "/transform?src=shop/head-none.jpg&w=100&fallback=empty&format=png"
    origin.head_statuses["/head-none.jpg"] = 404
    cold = ask(workspace.namespace, address, method="HEAD")
    assert (cold.status, cold.headers["x-img-error"], cold.headers["x-img-cache"]) == (404, "source_missing", "MISS")
    assert cold.headers["cache-control"] == "no-store" and used(workspace) == 0
    got = ask(workspace.namespace, address)
    warm = ask(workspace.namespace, address, method="HEAD")
    names = ("content-type", "content-length", "cache-control", "x-img-error")
    assert [warm.headers[name] for name in names] == [got.headers[name] for name in names]
    assert (warm.status, warm.body, used(workspace)) == (404, b"", 2)


@pytest.mark.parametrize("status", ["error", "200"])
def test_a_conditional_request_gets_the_fallback_whole(workspace, origin, status):
    """What a browser has of the picture itself is neither confirmed nor replaced for longer than a minute."""
    path = f"/{secrets.token_hex(4)}.jpg"
    origin.pictures[path] = origin.pictures["/shoe.jpg"]
    save(workspace, status=status)
    hat = ask(workspace.namespace, "/transform?src=shop/hat.png&w=101")
    address = f"/transform?src=shop{path}&w=101&fallback=empty"
    del origin.pictures[path]
    for etag in (hat.headers["etag"], "*"):
        reply = ask(workspace.namespace, address, If_None_Match=etag)
        assert (reply.status, reply.body) == (404 if status == "error" else 200, hat.body)
        assert "etag" not in reply.headers
    origin.pictures[path] = origin.pictures["/shoe.jpg"]
    back = ask(workspace.namespace, address, If_None_Match=hat.headers["etag"])
    assert (back.status, back.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert "x-img-error" not in back.headers


def test_a_preset_may_name_a_fallback_also_where_only_presets_are_served(workspace):
    save(workspace)
    with pytest.raises(presets.InvalidPreset, match="no fallback"):
        presets.save(workspace.workspace_id, "system", "card", "w=102&fallback=other")
    row = presets.save(workspace.workspace_id, "system", "card", "fallback=empty&w=102")
    assert presets.query_of(row.values) == "w=102&fallback=empty"
    access_settings.change(workspaces.find(workspace.workspace_id), "system", presets_only=True)
    reply = ask(workspace.namespace, "/transform?src=shop/none.jpg&preset=card")
    assert (reply.status, reply.headers["x-img-error"]) == (404, "source_missing")
    refused = ask(workspace.namespace, "/transform?src=shop/none.jpg&preset=card&fallback=none")
    assert (code_of(refused), json.loads(refused.body)["param"]) == ("presets_only", "fallback")


def test_a_policy_allows_the_fallback_that_it_names_and_no_other(workspace):
    save(workspace)
    save(workspace, "fine", status="200")
    tenant = tenant_of(workspace)
    named, silent = policy_of("fallback=empty"), policy_of("")

    def fallback_of(policy, query: str) -> str:
        plan = image_plans.make(tenant, "transform", Query.parse(f"src=shop/a.jpg&w=8{query}"), None, None, policy)
        return plan.fallback

    assert [fallback_of(named, query) for query in ("", "&fallback=empty")] == ["", "empty"]
    for policy, query in ((named, "&fallback=fine"), (named, "&fallback=none"), (silent, "&fallback=empty")):
        with pytest.raises(PolicyExceeded) as excinfo:
            fallback_of(policy, query)
        assert excinfo.value.param == "fallback"


def test_a_bad_signature_shows_no_fallback_and_an_expiring_one_no_longer_than_it_lasts(workspace):
    """C2, K6"""
    save(workspace)
    key = signing_keys.turn_on(workspace, "system")
    address = "/transform?src=shop/none.jpg&w=103&fallback=empty"
    assert (ask(workspace.namespace, address).status, used(workspace)) == (403, 0)
    reply = ask(workspace.namespace, signed(key, f"{address}&exp={int(clock.now()) + 30}"))
    age = int(reply.headers["cache-control"].removeprefix("public, max-age="))
    assert reply.status == 404 and 0 < age <= 30


def test_the_quote_names_the_fallback(workspace):
    save(workspace)
    explained = json.loads(ask(workspace.namespace, "/explain/transform?src=shop/a.jpg&w=8&fallback=empty").body)
    assert (explained["fallback"], explained["credits"]) == ("empty", "1")
    assert "fallback" not in explained["canonical"]
    assert json.loads(ask(workspace.namespace, "/explain/transform?src=shop/a.jpg&w=8").body)["fallback"] is None


def test_a_fallback_is_made_within_the_time_of_its_request_or_sent_where_it_is_made(workspace, origin):
    """What the failing source has taken is taken off its turn, so that no answer takes longer than any other."""
    save(workspace)
    tenant, query = tenant_of(workspace), "src=shop/none.jpg&w=104&format=png&fallback=empty"
    plan = image_plans.make(tenant, "transform", Query.parse(query), None, None)
    instead = image_plans.of_fallback(tenant, plan, None)
    began = time.monotonic() - django_settings.TURN_SECONDS - 1
    late = ImageRequest("transform", Query.parse(query), None, None, None, fallback_status=404, started=began)
    before = origin.requests["/hat.png"]
    with pytest.raises(WaitedTooLong):
        delivery.deliver_plan(tenant, instead, late)
    assert (origin.requests["/hat.png"], used(workspace)) == (before, 0)
    assert ask(workspace.namespace, "/transform?src=shop/hat.png&w=104&format=png").headers["x-img-credits"] == "1"
    assert delivery.deliver_plan(tenant, instead, late).cache == CacheStatus.HIT
