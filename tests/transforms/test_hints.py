"""Hints for what is often typed wrong in an address: escaped ampersands, a source encoded twice, a slash, a plus."""

import json
from urllib.parse import quote

import pytest

from tests.origin import picture
from tests.transforms.web_client import ask

pytestmark = pytest.mark.usefixtures("web", "origin")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/transform?src=shop/shoe.jpg&amp;w=40", 400, "The address holds &amp; where & is meant"),
        ("/transform?src=/shop/shoe.jpg&w=40", 404, "A src begins with the name of a source, not with a slash."),
        ("/transform?src=shop%252Fshoe.jpg&w=40", 404, "It looks percent-encoded twice: encode it once."),
        ("/transform?src=https%253A%252F%252Fa.example%252Fb.jpg&w=40", 404, "It looks percent-encoded twice"),
        (
            "/transform?src=shop/red+shoe.jpg&w=40",
            404,
            "A + in an address means a space: if the name holds a plus sign, write %2B.",
        ),
        ("/grid?src=shop/red+shoe.jpg&src=shop/red+hat.jpg&w=40", 422, "could be read"),
    ],
)
def test_a_usual_slip_is_named(workspace, path, status, words):
    reply = ask(workspace.namespace, path)
    assert reply.status == status and words in json.loads(reply.body)["detail"]


@pytest.mark.parametrize("path", ["/transform?src=none/a.jpg&w=40", "/transform?src=shop/none.jpg&w=40"])
def test_what_is_no_slip_gets_no_hint(workspace, path):
    detail = json.loads(ask(workspace.namespace, path).body)["detail"]
    assert not any(word in detail for word in ("slash", "twice", "plus sign", "&amp;"))


def test_a_plus_that_is_escaped_reaches_the_file_of_that_name(workspace, origin):
    origin.pictures["/a+b.jpg"] = picture()
    assert ask(workspace.namespace, "/transform?src=shop/a%2Bb.jpg&w=40").status == 200


@pytest.mark.parametrize("name", ["50%20off", "100%", "a%41", "%25", "a%2Fb", "é%"])
def test_a_name_that_holds_a_percent_sign_reaches_the_file_of_that_name(workspace, origin, name):
    origin.pictures[f"/{name}.jpg"] = picture()
    for path in (f"/transform?src=shop/{quote(name, safe='')}.jpg&w=41", f"/transform/shop/{quote(name)}.jpg?w=42"):
        assert ask(workspace.namespace, path).status == 200, path


def test_a_path_that_is_encoded_twice_is_told_so_where_there_is_no_such_file(workspace, origin):
    origin.pictures["/red shoe.jpg"] = picture()
    assert ask(workspace.namespace, "/transform?src=shop/red%20shoe.jpg&w=40").status == 200
    reply = ask(workspace.namespace, "/transform?src=shop/red%2520shoe.jpg&w=40")
    assert reply.status == 404 and "It looks percent-encoded twice" in json.loads(reply.body)["detail"]


def test_a_preflight_allows_any_header(workspace):
    reply = ask(workspace.namespace, "/transform?src=shop/shoe.jpg", "OPTIONS", Origin="https://any.example")
    assert (reply.status, reply.headers["access-control-allow-headers"]) == (204, "*")
