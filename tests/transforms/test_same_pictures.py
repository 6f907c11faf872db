"""Requests that come to the same picture, once the size of its source is known, are charged once (H4)."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from tests.origin import picture
from tests.transforms.web_client import ask
from transforms.engine.request import params
from transforms.engine.request.query import Query
from transforms.serving import delivery, purges
from transforms.serving.charging import quotes
from transforms.serving.delivery import ImageRequest
from transforms.tenant import tenants

WIDTHS = (640, 1_000, 2_000, 8_000)
pytestmark = pytest.mark.usefixtures("web")


def used(row) -> int:
    """Half-credits charged so far; the ledger holds."""
    proofs = ledger.prove(row.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(proof.used for proof in proofs)


@pytest.fixture
def small(workspace, origin):
    """The src of a picture of 640 x 400 pixels that nobody else has."""
    path = f"/small/{workspace.namespace}.jpg"
    origin.pictures[path] = picture(size=(640, 400))
    yield f"shop{path}"
    origin.pictures.pop(path, None)


def quote(row, address: str) -> dict:
    """What /explain says."""
    return json.loads(ask(row.namespace, f"/explain{address}").body)


def test_a_source_too_small_for_its_boxes_is_charged_once(workspace, small):
    """H4: 640, 1000, 2000 and 8000 wide, and dpr=2, are the same bytes."""
    addresses = [f"/transform?src={small}&w={width}" for width in WIDTHS]
    addresses += [f"/transform?src={small}&w=640&dpr=2", f"/transform?src={small}&crop=0,0,640,400"]
    replies = [ask(workspace.namespace, address) for address in addresses]
    assert len({reply.body for reply in replies}) == 1
    assert [reply.headers["x-img-credits"] for reply in replies] == ["1", *["0"] * 5]
    assert {reply.headers["x-img-cache"] for reply in replies} == {"MISS"} and used(workspace) == 2


def test_who_asks_for_more_than_there_is_is_told_also_from_the_cache(workspace, small):
    """H4"""
    address = f"/transform?src={small}&w=2000"
    for _ in range(3):
        warning = ask(workspace.namespace, address).headers["x-img-warning"]
        assert "640 x 400" in warning and "enlarge=1" in warning
    assert "x-img-warning" not in ask(workspace.namespace, f"/transform?src={small}&w=640").headers


@pytest.mark.parametrize("is_plain_first", [True, False])
def test_a_parameter_that_changes_nothing_of_its_source_costs_nothing(workspace, small, is_plain_first):
    """H4: where the content decides, too."""
    plain = f"/transform?src={small}&w=640"
    idle = [
        f"{plain}&{one}"
        for one in (
            "profile=keep",
            "background=f00",
            "truncated=allow",
            "profile=keep&dpr=2",
            "metadata=copyright",
            "metadata=keep",
            "animated=0",
            "animated=1",
            "rotate=180&flip=hv",
        )
    ]
    addresses = [plain, *idle] if is_plain_first else [*idle, plain]
    for number, address in enumerate(addresses):
        assert ask(workspace.namespace, address).headers["x-img-credits"] == ("0" if number else "1")
    assert used(workspace) == 2
    assert ask(workspace.namespace, f"{plain}&padding=9&background=f00").headers["x-img-credits"] == "1"


def test_a_quote_says_where_the_content_decides(workspace, small):
    """H4"""
    ask(workspace.namespace, f"/info?src={small}")
    address = f"/transform?src={small}&w=640"
    assert quote(workspace, address)["credits_are"] == quotes.IF_UNCHANGED
    assert quote(workspace, f"{address}&profile=keep")["credits_are"] == quotes.IF_UNCHANGED  # nothing is charged yet
    ask(workspace.namespace, address)
    for others in ("profile=keep", "blur=2&profile=keep"):
        told = quote(workspace, f"{address}&{others}")
        assert (told["credits_are"], told["credits"]) == (quotes.UNKNOWN_CONTENT, "1")
    assert quote(workspace, f"{address}&profile=keep&padding=2")["credits_are"] == quotes.IF_UNCHANGED
    many = "blur=2&hue=9&tint=0f0&sharpen=2&contrast=2&padding=2"
    assert quote(workspace, f"{address}&{many}")["credits_are"] == quotes.UNKNOWN_CONTENT


def test_all_at_once_they_are_charged_once(workspace, small):
    """H4, B1"""
    addresses = [f"/transform?src={small}&w={width}&format={form}" for width in WIDTHS for form in ("png", "webp")]
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda address: ask_again(workspace, address), addresses))
    assert {reply.status for reply in replies} == {200} and used(workspace) == 2
    assert sum(float(reply.headers["x-img-credits"]) for reply in replies) == 1


def ask_again(row, address: str):
    """The answer, asked again as clients do where the charge is held by others."""
    for _ in range(5):
        reply = ask(row.namespace, address)
        if reply.status != 503:
            break
    return reply


@pytest.mark.parametrize("query", ["w=639", "w=1000&enlarge=1", "w=1000&quality=40", "w=1000&h=500&fit=cover"])
def test_another_picture_is_charged_as_another(workspace, small, query):
    """H4"""
    assert ask(workspace.namespace, f"/transform?src={small}&w=640").headers["x-img-credits"] == "1"
    assert ask(workspace.namespace, f"/transform?src={small}&{query}").headers["x-img-credits"] == "1"


def test_other_bytes_under_another_address_are_another_picture(workspace, origin, small):
    """H4, H3"""
    assert ask(workspace.namespace, f"/transform?src={small}&w=1000").headers["x-img-credits"] == "1"
    origin.pictures[small.removeprefix("shop")] = picture(size=(640, 401))
    assert ask(workspace.namespace, f"/transform?src={small}&w=2000").headers["x-img-credits"] == "1"


@pytest.mark.parametrize("kind", ["color", "blurhash"])
def test_a_placeholder_is_one_by_its_size(workspace, small, kind):
    """H4"""
    queries = ("w=64", "w=64&h=40", "h=40", "w=32&dpr=2", "w=64&h=40&fit=cover")
    costs = [
        ask(workspace.namespace, f"/placeholder/{kind}?src={small}&{query}").headers["x-img-credits"]
        for query in queries
    ]
    assert costs == ["0.5", "0", "0", "0", "0"] and used(workspace) == 1


def test_a_grid_is_one_by_its_layout(workspace, small):
    """H4"""
    start = "/grid?" + f"src={small}&" * 4 + "w=80&h=60"
    costs = [
        ask(workspace.namespace, start + query).headers["x-img-credits"] for query in ("", "&type=classic", "&cols=2")
    ]
    assert costs == ["8", "0", "0"] and ask(workspace.namespace, start + "&type=row").headers["x-img-credits"] == "8"


def test_a_quote_is_a_maximum_until_the_size_is_known_and_then_exact(workspace, small):
    """H4: /info tells the size, at half a credit; the quote fetches nothing."""
    first, second = (f"/transform?src={small}&w={width}" for width in (1_000, 2_000))
    assert quote(workspace, first)["credits_are"] == quotes.UNKNOWN_SIZE
    ask(workspace.namespace, f"/info?src={small}")
    told = quote(workspace, first)
    assert (told["credits"], told["credits_are"]) == ("1", quotes.IF_UNCHANGED)
    assert told["warnings"] == [ask(workspace.namespace, first).headers["x-img-warning"]]
    told = quote(workspace, second)
    assert (told["credits"], told["credits_are"]) == ("0", quotes.IF_UNCHANGED) and "same picture" in told["why_free"]
    assert ask(workspace.namespace, second).headers["x-img-credits"] == "0"
    assert quote(workspace, second)["credits_are"] == quotes.EXACT
    assert quote(workspace, f"/transform?src={small}&trim=5&w=900")["credits_are"] == quotes.UNKNOWN_SIZE


def test_a_stored_output_in_another_format_tells_the_size_too(workspace, small):
    """H4: w=2000 was free, so that no claim stands for its address; its PNG says what its WebP comes to."""
    for width in (1_000, 2_000):
        ask(workspace.namespace, f"/transform?src={small}&w={width}&format=png")
    told = quote(workspace, f"/transform?src={small}&w=2000&format=webp")
    assert (told["credits"], told["credits_are"]) == ("0", quotes.IF_UNCHANGED)


def test_a_crop_outside_of_a_known_source_is_warned_of(workspace, small):
    """H4: the quote stands, and says what the picture would."""
    ask(workspace.namespace, f"/info?src={small}")
    told = quote(workspace, f"/transform?src={small}&crop=700,0,10,10")
    assert "outside the picture of 640 x 400" in told["warnings"][0] and told["credits_are"] == quotes.UNKNOWN_SIZE


def test_what_needs_no_source_is_quoted_exactly(workspace):
    """H4"""
    address = "/placeholder/color?color=fff&w=9&h=9"
    assert [quote(workspace, address)[name] for name in ("credits", "credits_are")] == ["0.5", quotes.EXACT]
    ask(workspace.namespace, address)
    assert quote(workspace, f"{address}&format=webp")["credits"] == "0"


def test_a_purge_makes_the_picture_new_work_once(workspace, small):
    """H4, K5"""
    first, second = (f"/transform?src={small}&w={width}&format=png" for width in (1_000, 2_000))
    ask(workspace.namespace, first)
    purges.purge(workspace, "system", "workspace")
    tenant = tenants.of_row(workspaces.find(workspace.workspace_id), workspace.namespace)
    assert tenant.rules.purges.everything
    address = first.replace("png", "webp")
    charged = [charge_of(tenant, address), charge_of(tenant, second), charge_of(tenant, second.replace("png", "gif"))]
    assert charged == [2, 0, 0] and used(workspace) == 4


def test_a_purge_of_an_address_that_was_free_tells_that_it_will_be_billed(workspace, small):
    """H4: it was charged under another."""
    for width in (640, 1_000):
        ask(workspace.namespace, f"/transform?src={small}&w={width}&format=png")
    assert purges.preview(workspace, "url", f"/transform?src={small}&w=1000") == 1
    assert purges.preview(workspace, "url", f"/transform?src={small}&w=100") == 0


def charge_of(tenant, address: str) -> int:
    """Half-credits of an answer of this process, which knows of every purge at once."""
    return delivery.deliver(
        tenant, ImageRequest("transform", Query.parse(address.partition("?")[2]), None, None, None)
    ).halves


def test_every_parameter_of_a_transform_is_known_to_what_it_comes_to():
    """H4: a new one has to be thought of: it stands for itself, or beside the sizes."""
    folded = {"w", "h", "size", "dpr", "fit", "enlarge", "position", "crop", "radius", "mark-w", "mark-padding"}
    beside = {
        "trim",
        "rotate",
        "flip",
        "background",
        "padding",
        "blur",
        "sharpen",
        "brightness",
        "contrast",
        "saturation",
        "gamma",
        "hue",
        "grayscale",
        "tint",
        "mark",
        "mark-position",
        "mark-opacity",
        "background-remove",
        "quality",
        "lossless",
        "max-bytes",
        "metadata",
        "profile",
        "truncated",
        "animated",
        "debug",
        "v",
    }
    aside = {"src", "format", "download", "ttl", "preset", "fallback", "sig", "exp", "policy"}
    assert {row.name for row in params.rows("transform")} == folded | beside | aside
