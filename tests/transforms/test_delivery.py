"""The main job through the front door: gunicorn, DynamoDB Local, SeaweedFS, and a customer's own web server."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from accounts.models import workspaces
from billing.charging import ledger
from tests.crowds import ask_until_settled
from tests.transforms.web_client import ask
from transforms.engine.request import params

HEX_KEY = re.compile(r"(365d|1d)/[0-9a-f]{32}/[0-9a-f]{64}\Z")
pytestmark = pytest.mark.usefixtures("web")


def opened(reply) -> Image.Image:
    """The picture of an answer."""
    return Image.open(io.BytesIO(reply.body))


def used(row) -> int:
    """Half-credits charged to a workspace so far; its ledger holds."""
    proofs = ledger.prove(row.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(proof.used for proof in proofs)


def test_it_works(workspace):
    reply = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=160")
    assert (reply.status, opened(reply).size) == (200, (160, 100))
    assert (reply.headers["x-img-cache"], reply.headers["x-img-credits"]) == ("MISS", "1")
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert used(workspace) == 2


def test_the_same_picture_again_is_a_free_hit(workspace, origin):
    """B1: order, aliases and defaults are one picture."""
    before = origin.requests["/hat.png"]
    urls = ("src=shop/hat.png&w=150&h=90&fit=cover", "fit=cover&height=90&width=150&src=shop/hat.png&quality=80")
    first, second = (ask(workspace.namespace, f"/transform?{url}") for url in urls)
    assert (first.headers["x-img-cache"], second.headers["x-img-cache"]) == ("MISS", "HIT")
    assert second.headers["x-img-credits"] == "0" and second.body == first.body
    assert origin.requests["/hat.png"] == before + 1 and used(workspace) == 2


def test_a_second_format_of_one_operation_is_free(workspace):
    accepts = ("image/avif,image/webp,*/*", "image/webp", "*/*", "", "garbage;;;", "x" * 10_000)
    replies = [ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=90", Accept=accept) for accept in accepts]
    types = [reply.headers["content-type"] for reply in replies]
    assert types == ["image/avif", "image/webp", "image/jpeg", "image/jpeg", "image/jpeg", "image/jpeg"]
    assert all("Accept" in reply.headers["vary"] for reply in replies)
    assert used(workspace) == 2


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("w=0", "w"),
        ("w=0640", "w"),
        ("w=1e3", "w"),
        ("w=10000000", "w"),
        ("w=-1", "w"),
        ("w=%D9%A3", "w"),
        ("w=10&width=20", "w"),
        ("wdith=20", "wdith"),
        ("mark=a/b&mark-w=1.5", "mark-w"),
        ("preset=x", "preset"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_and_fetches_nothing(workspace, origin, query, param):
    """I16"""
    before = sum(origin.requests.values())
    reply = ask(workspace.namespace, f"/transform?src=shop/shoe.jpg&{query}")
    problem = json.loads(reply.body)
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
    assert problem["param"] in (param, "width") and reply.headers["cache-control"] == "no-store"
    assert sum(origin.requests.values()) == before and used(workspace) == 0


@pytest.mark.parametrize(
    ("src", "status", "code"),
    [
        ("shop/none.jpg", 404, "source_missing"),
        ("shop/not.jpg", 415, "unsupported_format"),
        ("nowhere/shoe.jpg", 404, "unknown_source"),
        ("shop/../shoe.jpg", 400, "invalid_source"),
        ("http://169.254.169.254/latest", 422, "source_unresolvable"),
    ],
)
def test_a_source_that_cannot_be_had_says_so_and_costs_nothing(workspace, src, status, code):
    """B3"""
    reply = ask(workspace.namespace, f"/transform?src={src}&w=10")
    assert (reply.status, json.loads(reply.body)["code"]) == (status, code)
    assert reply.headers["x-img-credits"] == "0" and used(workspace) == 0


def test_fifty_at_once_for_one_cold_url_are_one_fetch_and_one_charge(workspace, origin):
    """R4, B1"""
    path = f"/slow/{workspace.namespace}.jpg"
    address = f"/transform?src=shop{path}&w=64"
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: ask_until_settled(workspace.namespace, address), range(50)))
    replies = [own_answers[-1] for own_answers in answers]
    assert {reply.status for reply in replies} == {200} and len({reply.body for reply in replies}) == 1
    assert origin.requests[path] <= sum(map(len, answers)) - 49 and used(workspace) == 2
    labels = [reply.headers["x-img-cache"] for reply in replies]
    assert labels.count("MISS") == 1


def test_a_hundred_different_at_once_with_one_credit_left_have_one_winner(workspace):
    """B2"""
    row = workspaces.find(workspace.workspace_id)
    workspaces.change(row, allowance=2)
    with ThreadPoolExecutor(50) as threads:
        answers = list(
            threads.map(
                lambda n: ask_until_settled(workspace.namespace, f"/transform?src=shop/any/{n}.jpg&w=16"), range(100)
            )
        )
    statuses = [own_answers[-1].status for own_answers in answers]
    assert (statuses.count(200), statuses.count(402)) == (1, 99)
    assert used(workspace) == 2


def test_what_is_cached_goes_on_with_nothing_left(workspace):
    row = workspaces.find(workspace.workspace_id)
    workspaces.change(row, allowance=2)
    first = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=33")
    assert ask(workspace.namespace, "/transform?src=shop/hat.png&w=33").status == 402
    second = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=33")
    assert (second.status, second.headers["x-img-cache"], second.body) == (200, "HIT", first.body)


def test_a_quote_is_what_is_charged_and_costs_nothing(workspace, origin):
    before = sum(origin.requests.values())
    reply = ask(workspace.namespace, "/explain/transform?src=shop/shoe.jpg&width=77")
    quote = json.loads(reply.body)
    assert (quote["credits"], quote["cache"], used(workspace)) == ("1", "MISS", 0)
    assert reply.headers["cache-control"] == "no-store", "it says what is stored and paid for now"
    assert sum(origin.requests.values()) == before
    assert ask(workspace.namespace, quote["canonical"]).headers["x-img-credits"] == quote["credits"]
    later_quote = json.loads(ask(workspace.namespace, "/explain/transform?src=shop/shoe.jpg&width=77").body)
    assert later_quote["credits"] == "0"


def test_info_is_one_charge_for_all_its_variants(workspace):
    full_reply = ask(workspace.namespace, "/info?src=shop/shoe.jpg")
    facts = json.loads(full_reply.body)
    assert list(facts) == ["metadata", "blurhash", "colors", "palette"]
    assert (facts["metadata"]["width"], facts["metadata"]["format"]) == (320, "jpg")
    variants = ("/info/metadata?", "/info/colors?", "/info/blurhash?", "/info?", "/info?select=thumbhash,exif&")
    for path in variants:
        reply = ask(workspace.namespace, f"{path}src=shop/shoe.jpg")
        assert (reply.status, reply.headers["x-img-cache"]) == (200, "HIT")
    assert full_reply.headers["cache-control"] == "public, max-age=86400" and used(workspace) == 1


def test_a_grid_drops_dead_sources_and_bills_the_others(workspace):
    reply = ask(workspace.namespace, "/grid?src=shop/shoe.jpg&src=shop/none.jpg&src=shop/hat.png&w=200&h=100")
    assert (reply.status, opened(reply).size) == (200, (200, 100))
    assert (reply.headers["x-img-credits"], reply.headers["x-img-sources"]) == ("4", "2/3")
    assert used(workspace) == 8


@pytest.mark.parametrize("query", ["color?color=c04020&w=20&h=10", "color?src=shop/shoe.jpg&w=20&h=10&fit=cover"])
def test_a_placeholder_costs_half_a_credit(workspace, query):
    reply = ask(workspace.namespace, f"/placeholder/{query}")
    assert (reply.status, opened(reply).size, reply.headers["x-img-credits"]) == (200, (20, 10), "0.5")


def test_head_is_answered_from_the_cache_alone(workspace, origin):
    path = "/transform?src=shop/shoe.jpg&w=41"
    cold = ask(workspace.namespace, path, "HEAD")
    assert cold.status == 200 and "etag" not in cold.headers and used(workspace) == 0
    picture = ask(workspace.namespace, path)
    warm = ask(workspace.namespace, path, "HEAD")
    assert warm.headers["etag"] == picture.headers["etag"] and warm.body == b""
    assert int(warm.headers["content-length"]) == len(picture.body)


def test_head_names_the_type_where_it_is_known_and_invents_none(workspace):
    for path, content_type in (
        ("/transform?src=shop/shoe.jpg&w=47&format=webp", "image/webp"),
        ("/info?src=shop/any/never-seen.jpg", "application/json"),
        ("/transform?src=shop/shoe.jpg&w=47", None),
        ("/transform?src=shop/shoe.jpg&w=47&format=nocompress", None),
    ):
        assert ask(workspace.namespace, path, "HEAD").headers.get("content-type") == content_type, path


def test_head_of_a_source_that_is_not_there_is_404_and_the_origin_is_asked_once_a_minute(workspace, origin):
    for path in (
        "/transform?src=shop/nowhere.jpg&w=41",
        "/info?src=shop/nowhere.jpg",
        "/transform?src=shop/shoe.jpg&mark=shop/nowhere.jpg&w=41",
    ):
        reply = ask(workspace.namespace, path, "HEAD")
        assert (reply.status, reply.headers["cache-control"]) == (404, "public, max-age=60"), path
    assert 1 <= origin.heads["/nowhere.jpg"] <= 2, "once in each of two processes"
    assert origin.requests["/nowhere.jpg"] == 0
    assert used(workspace) == 0


@pytest.mark.parametrize("status", [403, 405, 429, 500, 501])
def test_head_claims_nothing_of_a_server_that_does_not_serve_it(workspace, origin, status):
    origin.head_statuses[f"/any/head-{status}.jpg"] = status
    path = f"/transform?src=shop/any/head-{status}.jpg&w=41"
    assert ask(workspace.namespace, path, "HEAD").status == 200
    assert ask(workspace.namespace, path).status == 200


def test_a_known_etag_is_a_304_and_a_miss_ignores_it(workspace):
    path = "/transform?src=shop/shoe.jpg&w=42"
    first = ask(workspace.namespace, path, If_None_Match="*")
    assert first.status == 200
    assert ask(workspace.namespace, path, If_None_Match=first.headers["etag"]).status == 304


def test_a_foreign_origin_is_refused_though_the_picture_is_cached(workspace):
    """C3, K6"""
    row = workspaces.find(workspace.workspace_id)
    workspaces.change(row, allowed_origins=["*.example.com"])
    path = "/transform?src=shop/shoe.jpg&w=43"
    reply = ask(workspace.namespace, path, Origin="https://www.example.com")
    assert (
        reply.headers["access-control-allow-origin"] == "https://www.example.com" and "Origin" in reply.headers["vary"]
    )
    assert ask(workspace.namespace, path, Origin="https://evil.test").status == 403
    assert ask(workspace.namespace, path).status == 200


def test_another_workspace_gets_neither_the_bytes_nor_the_charge(workspace, stranger):
    """K3"""
    path = "/transform?src=shop/shoe.jpg&w=44"
    assert ask(workspace.namespace, path).headers["x-img-cache"] == "MISS"
    assert ask(stranger.namespace, path).headers["x-img-cache"] == "MISS"
    assert used(workspace) == used(stranger) == 2


@pytest.mark.parametrize("host", ["evil.test", "nobody-here.localhost", "localhost.evil.test", "a.b.localhost"])
def test_an_unknown_host_is_refused(host):
    """A14"""
    reply = ask(None, "/transform?src=shop/shoe.jpg", host=host)
    assert (reply.status, json.loads(reply.body)["code"]) == (400, "unknown_host")


def test_other_methods_are_refused_and_options_answers_cors(workspace):
    path = "/transform?src=shop/shoe.jpg&w=45"
    assert ask(workspace.namespace, path, "POST").status == 405
    preflight = ask(workspace.namespace, path, "OPTIONS", Origin="https://any.example")
    assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, "*")


def test_no_header_but_host_and_accept_changes_an_answer(workspace):
    """K2"""
    path = "/transform?src=shop/shoe.jpg&w=46"
    plain_reply = ask(workspace.namespace, path)
    for name in ("X_Forwarded_Host", "X_Original_URL", "X_Rewrite_URL", "Cookie", "X_HTTP_Method_Override"):
        reply = ask(workspace.namespace, path, **{name: "evil.test"})
        assert (reply.status, reply.body, reply.headers["x-img-cache"]) == (200, plain_reply.body, "HIT")


def test_path_sugar_is_the_same_picture(workspace):
    first = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=47")
    second = ask(workspace.namespace, "/transform/shop/shoe.jpg?w=47")
    assert (second.headers["x-img-cache"], second.body) == ("HIT", first.body)


def test_answers_set_no_cookie_and_are_typed_by_what_is_sent(workspace):
    """P16, I6"""
    for path in ("/transform?src=shop/shoe.jpg&w=48", "/limits", "/nowhere", "/transform?src=shop/not.jpg"):
        reply = ask(workspace.namespace, path)
        assert "set-cookie" not in reply.headers and reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_the_openapi_lists_every_parameter_and_no_writing_method(workspace):
    schema = json.loads(ask(workspace.namespace, "/openapi.json").body)
    operations = schema["paths"]["/transform"]
    assert set(operations) <= {"get", "head", "options"}
    parameter_names = {parameter["name"] for parameter in operations["get"]["parameters"]}
    expected = {row.name for row in params.PARAMS if "transform" in row.endpoints and row.available}
    assert expected <= parameter_names
