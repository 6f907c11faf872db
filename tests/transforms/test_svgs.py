"""SVG through the front door: drawn, passed on under a policy of its own, charged once, a mark and a fallback."""

import gzip
import io
import json

import pytest
from PIL import Image

from tests.engine import svgs
from tests.engine.hostile_svgs import COSTLY
from tests.transforms.test_same_pictures import quote, used
from tests.transforms.web_client import ask
from transforms.access import fallbacks
from transforms.serving.charging import quotes

pytestmark = pytest.mark.usefixtures("web")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture
def logo(workspace, origin):
    """The src of a drawing of 96 x 96 pixels that nobody else has."""
    path = f"/logo/{workspace.namespace}.svg"
    origin.pictures[path] = svgs.ORDINARY["icon"]
    yield f"shop{path}"
    origin.pictures.pop(path, None)


def code_of(reply) -> tuple[int, str, str | None]:
    problem = json.loads(reply.body)
    return reply.status, problem["code"], problem.get("param")


def test_a_drawing_is_drawn_at_the_size_that_is_asked_for_in_the_format_of_the_browser(workspace, logo):
    """I10, I12"""
    reply = ask(workspace.namespace, f"/transform?src={logo}&w=500", Accept=CHROME)
    assert (reply.status, reply.headers["content-type"], reply.headers["vary"]) == (200, "image/avif", "Accept")
    assert reply.headers["x-img-source-size"] == "96x96" and "x-img-warning" not in reply.headers
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert Image.open(io.BytesIO(reply.body)).size == (500, 500)


def test_a_drawing_is_passed_on_under_a_policy_of_its_own(workspace, logo):
    """I10"""
    address = f"/transform?src={logo}&format=svg"
    reply = ask(workspace.namespace, address)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")
    assert reply.body.startswith(b"<svg xmlns=") and reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == POLICY and reply.headers["x-img-credits"] == "1"
    again = ask(workspace.namespace, address, If_None_Match=reply.headers["etag"])
    assert (again.status, again.headers["content-security-policy"]) == (304, POLICY)
    hit = ask(workspace.namespace, f"{address}&download=logo.svg")
    assert (hit.headers["x-img-cache"], hit.headers["x-img-credits"]) == ("HIT", "0")
    assert hit.body == reply.body and "attachment" in hit.headers["content-disposition"]


def test_a_head_of_a_drawing_names_its_type_before_it_is_made(workspace, logo):
    reply = ask(workspace.namespace, f"/transform?src={logo}&format=svg", "HEAD")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")


def test_the_drawing_and_its_pixels_are_one_picture_in_two_formats(workspace, logo):
    """B1, H4"""
    costs = [
        ask(workspace.namespace, f"/transform?src={logo}{query}").headers["x-img-credits"]
        for query in (
            "&format=svg",
            "",
            "&format=png",
            "&w=96",
            "&dpr=2",
            "&w=192",
            "&h=192&format=webp",
            "&w=192&enlarge=1",
        )
    ]
    assert costs == ["1", "0", "0", "0", "1", "0", "0", "0"] and used(workspace) == 4


def test_a_quote_knows_that_a_drawing_fills_its_box(workspace, logo):
    """H4: 640 and 1000 wide are two pictures, of a photograph of 96 pixels they would be one."""
    ask(workspace.namespace, f"/info?src={logo}")
    first, second, third = (f"/transform?src={logo}&{query}" for query in ("w=640", "w=1000", "h=640"))
    assert ask(workspace.namespace, first).headers["x-img-credits"] == "1"
    explained = quote(workspace, second)
    assert (explained["credits"], explained["credits_are"], explained["warnings"]) == ("1", quotes.IF_UNCHANGED, [])
    assert quote(workspace, third)["credits"] == "0"
    assert ask(workspace.namespace, third).headers["x-img-credits"] == "0"


def test_what_cannot_be_passed_on_is_refused_by_name(workspace, logo):
    namespace = workspace.namespace
    assert code_of(ask(namespace, f"/transform?src={logo}&format=svg&w=80")) == (400, "conflicting_parameters", "w")
    assert code_of(ask(namespace, "/transform?src=shop/shoe.jpg&format=svg")) == (400, "invalid_parameter", "format")
    assert code_of(ask(namespace, f"/grid?src={logo}&format=svg"))[:2] == (400, "invalid_parameter")
    assert used(workspace) == 0


def test_info_placeholders_grids_and_marks_take_drawings(workspace, logo):
    namespace = workspace.namespace
    metadata = json.loads(ask(namespace, f"/info?src={logo}").body)["metadata"]
    assert (metadata["contentType"], metadata["width"], metadata["height"]) == ("image/svg+xml", 96, 96)
    for address in (
        f"/placeholder/blurhash?src={logo}",
        f"/grid?src={logo}&src=shop/shoe.jpg&w=90",
        f"/transform?src=shop/shoe.jpg&w=90&mark={logo}&mark-w=0.5",
    ):
        assert ask(namespace, address).status == 200, address


def test_a_costly_drawing_is_refused_free_and_by_a_true_name(workspace, origin):
    """I2, I3, B3"""
    for number, name in enumerate(("deep", "many by uses", "billion laughs", "bomb", "cut off", "of no namespace")):
        data, codes = COSTLY[name]
        path = f"/bad/{workspace.namespace}-{number}.svg"
        origin.pictures[path] = data
        status, code, _ = code_of(ask(workspace.namespace, f"/transform?src=shop{path}&w=40"))
        del origin.pictures[path]
        assert status in (415, 422) and code in codes, name
    assert used(workspace) == 0


def test_a_compressed_drawing_is_unpacked_by_its_encoding(workspace, origin):
    path = f"/packed/{workspace.namespace}.svg"
    origin.pictures[path] = gzip.compress(svgs.ORDINARY["icon"])
    origin.extra_headers["Content-Encoding"] = "gzip"
    try:
        reply = ask(workspace.namespace, f"/transform?src=shop{path}&w=40&format=png")
    finally:
        origin.extra_headers.pop("Content-Encoding")
        del origin.pictures[path]
    assert reply.status == 200 and Image.open(io.BytesIO(reply.body)).size == (40, 40)


def test_a_drawing_stands_in_for_a_picture_that_is_missing(workspace, logo):
    fallbacks.save(workspace.workspace_id, "system", "empty", logo, "error")
    reply = ask(workspace.namespace, "/transform?src=shop/none.jpg&w=300&fallback=empty&format=png")
    assert reply.status == 404 and Image.open(io.BytesIO(reply.body)).size == (300, 300)
    drawing = ask(workspace.namespace, "/transform?src=shop/none.jpg&fallback=empty&format=svg")
    assert (drawing.status, drawing.headers["content-type"]) == (404, "image/svg+xml")
    assert drawing.headers["content-security-policy"] == POLICY


def test_a_quote_says_that_a_photograph_is_not_passed_on_as_svg(workspace):
    """H4: it was charged as a picture, and as SVG it is refused."""
    ask(workspace.namespace, "/info?src=shop/shoe.jpg")
    ask(workspace.namespace, "/transform?src=shop/shoe.jpg&format=png")
    explained = quote(workspace, "/transform?src=shop/shoe.jpg&format=svg")
    assert explained["warnings"] == ["format=svg passes an SVG on, and the source is none."], explained
