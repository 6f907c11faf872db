"""A mark comes from a source like any other: the same guard, the same names in the cache, its own errors."""

import json

import pytest

from tests.transforms.test_delivery import opened, used
from tests.transforms.web_client import ask

pytestmark = pytest.mark.usefixtures("web")


def test_a_mark_is_fetched_with_the_source_and_laid_over_it_for_one_credit(workspace, origin):
    before = origin.requests["/hat.png"]
    url = "/transform?src=shop/shoe.jpg&w=160&format=png&mark=shop/hat.png&mark-w=0.25&mark-padding=4"
    plain = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=160&format=png")
    reply = ask(workspace.namespace, url)
    assert (reply.status, reply.headers["x-img-credits"]) == (200, "1")
    assert opened(reply).getpixel((125, 82)) != opened(plain).getpixel((125, 82))
    assert opened(reply).getpixel((5, 5)) == opened(plain).getpixel((5, 5))
    assert ask(workspace.namespace, url + "&mark-opacity=1.0&mark-position=bottom-right").body == reply.body
    assert origin.requests["/hat.png"] == before + 1 and used(workspace) == 4


def test_another_mark_is_another_picture(workspace):
    """B1, K3: the mark's identity is in the key and in the claim."""
    url = "/transform?src=shop/shoe.jpg&w=150&mark="
    replies = [ask(workspace.namespace, url + mark) for mark in ("shop/hat.png", "shop/shoe.jpg", "shop/any/x.jpg")]
    assert [reply.headers["x-img-cache"] for reply in replies] == ["MISS"] * 3
    assert used(workspace) == 6


def test_source_and_mark_exchanged_is_another_picture(workspace):
    replies = [
        ask(workspace.namespace, f"/transform?src=shop/{source}&mark=shop/{mark}&mark-w=0.5&w=90")
        for source, mark in (("hat.png", "any/y.jpg"), ("any/y.jpg", "hat.png"))
    ]
    assert [reply.headers["x-img-cache"] for reply in replies] == ["MISS"] * 2


@pytest.mark.parametrize(
    ("mark", "status", "code"),
    [
        ("shop/none.jpg", 404, "source_missing"),
        ("shop/not.jpg", 415, "unsupported_format"),
        ("nowhere/x.png", 404, "unknown_source"),
        ("shop/../hat.png", 400, "invalid_source"),
        ("http://169.254.169.254/latest", 422, "source_unresolvable"),
        ("http://10.0.0.1/x.png", 422, "source_unresolvable"),
    ],
)
def test_a_mark_that_cannot_be_had_is_that_error_and_names_the_mark(workspace, mark, status, code):
    """S1, B3"""
    reply = ask(workspace.namespace, f"/transform?src=shop/shoe.jpg&w=11&mark={mark}")
    problem = json.loads(reply.body)
    assert (reply.status, problem["code"], problem["param"]) == (status, code, "mark")
    assert used(workspace) == 0


def test_the_quote_names_the_mark_and_fetches_nothing(workspace, origin):
    before = sum(origin.requests.values())
    reply = ask(workspace.namespace, "/explain/transform?mark=shop/hat.png&src=shop/shoe.jpg&mark-w=0.250")
    quote = json.loads(reply.body)
    assert quote["canonical"] == "/transform?src=shop/shoe.jpg&mark=shop/hat.png&mark-w=0.25"
    assert "mark" in quote["steps"] and sum(origin.requests.values()) == before
