"""quality=auto and max-bytes through the front door."""

import pytest

from tests.engine import pictures
from tests.transforms.web_client import ask

pytestmark = pytest.mark.usefixtures("web")


def test_auto_is_an_operation_of_its_own_and_the_same_picture_each_time(workspace):
    path = "/transform?src=shop/shoe.jpg&w=160&format=webp"
    default, auto, alias = (
        ask(workspace.namespace, path + parameter) for parameter in ("", "&quality=auto", "&q=auto")
    )
    assert [reply.headers["x-img-credits"] for reply in (default, auto, alias)] == ["1", "1", "0"]
    assert alias.headers["x-img-cache"] == "HIT" and alias.body == auto.body
    assert pictures.seen(auto.body).size == pictures.seen(default.body).size


def test_a_file_that_cannot_be_made_to_fit_says_so_in_a_header(workspace, origin):
    origin.pictures["/noise.png"] = pictures.saved(pictures.noisy(400, 300), "PNG")
    for name, fits in (("webp", True), ("png", False)):
        path = f"/transform?src=shop/noise.png&format={name}&max-bytes=40000"
        replies = [ask(workspace.namespace, path) for _ in range(2)]
        assert (len(replies[0].body) <= 40_000) is fits
        assert [("max-bytes" in reply.headers.get("x-img-warning", "")) for reply in replies] == [not fits] * 2
