"""What a refused miss returns: 402, the original, or a placeholder; never stored, never billed, counted as sent."""

import io
import json

import pytest
from PIL import Image

from accounts.models import workspaces
from billing.charging import ledger
from tests import environment
from tests.transforms.web_client import ask
from transforms.access import access_settings
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("web")
PICTURE = "/transform?src=shop/a%20shoe.jpg&w=80&h=40"
ORIGIN = f"http://127.0.0.1:{environment.ORIGIN_PORT}"


@pytest.fixture
def poor(workspace):
    """The workspace without a credit, and with a bucket beside its web server."""
    workspaces.change(workspace, allowance=0)
    keys = {"access_key": "AKIAEXAMPLE", "secret_key": "secret"}
    named_sources.create(
        workspace.workspace_id, name="pail", kind="s3", bucket="pictures", region="eu-central-1", **keys
    )
    return workspace


def choose(workspace, mode: str, **values) -> None:
    access_settings.change(workspace, "system", refused=mode, **values)


def test_without_a_choice_it_is_an_error(poor):
    reply = ask(poor.namespace, PICTURE)
    assert (reply.status, json.loads(reply.body)["code"]) == (402, "out_of_credits")
    assert reply.headers["cache-control"] == "no-store"


def test_the_original_is_a_redirect_that_nobody_keeps(poor):
    choose(poor, "original")
    reply = ask(poor.namespace, PICTURE)
    assert (reply.status, reply.headers["location"]) == (302, f"{ORIGIN}/a%20shoe.jpg")
    assert (reply.headers["cache-control"], reply.headers["x-img-credits"]) == ("no-store", "0")
    assert sum(proof.used for proof in ledger.prove(poor.workspace_id)) == 0


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/transform?src=pail/shoe.jpg&w=80", 402),
        pytest.param(f"/transform?src={ORIGIN}/shoe.jpg&w=80", 402, id="an address nobody listed"),
        ("/grid?src=shop/shoe.jpg&src=shop/hat.png", 402),
        ("/placeholder/color?color=fff&w=9&h=9", 402),
        ("/info?src=shop/shoe.jpg", 402),
        ("/transform?src=shop/shoe.jpg&w=0", 400),
    ],
)
def test_a_bucket_or_an_address_nobody_listed_is_never_redirected_to(poor, address, status):
    choose(poor, "original")
    assert ask(poor.namespace, address).status == status


def test_an_address_on_a_listed_host_is_redirected_to(poor):
    choose(poor, "original", allowed_sources=["127.0.0.1"])
    reply = ask(poor.namespace, f"/transform?src={ORIGIN}/shoe.jpg&w=80")
    assert (reply.status, reply.headers["location"]) == (302, f"{ORIGIN}/shoe.jpg")


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("/transform?src=shop/shoe.jpg&w=80&h=40", (80, 40)),
        ("/transform?src=pail/shoe.jpg&w=80", (80, 60)),
        ("/transform?src=shop/shoe.jpg", (4, 3)),
        ("/transform?src=shop/shoe.jpg&w=8000&h=2", (2048, 1)),
        ("/grid?src=shop/shoe.jpg&src=shop/hat.png&w=90&h=30", (90, 30)),
    ],
)
def test_a_placeholder_has_the_shape_that_was_asked_for(poor, query, size):
    choose(poor, "placeholder")
    reply = ask(poor.namespace, query)
    picture = Image.open(io.BytesIO(reply.body))
    picture.load()
    assert (reply.status, picture.size, picture.convert("RGB").getpixel((0, 0))) == (200, size, (216, 216, 216))
    assert (reply.headers["cache-control"], reply.headers["x-img-credits"]) == ("no-store", "0")
    assert "etag" not in reply.headers and "out of credits" in reply.headers["x-img-warning"]
    assert sum(proof.used for proof in ledger.prove(poor.workspace_id)) == 0


def test_facts_are_never_made_up(poor):
    choose(poor, "placeholder")
    assert ask(poor.namespace, "/info?src=shop/shoe.jpg").status == 402


def test_what_is_cached_goes_on(workspace):
    choose(workspace, "placeholder")
    first = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=81")
    workspaces.change(workspace, allowance=2)
    second = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=81")
    assert (second.headers["x-img-cache"], second.body) == ("HIT", first.body)


def test_a_reached_cap_is_called_a_cap(workspace):
    choose(workspace, "placeholder")
    workspaces.change(workspace, caps={"day": {"unit": "credits", "amount": 0}})
    reply = ask(workspace.namespace, "/transform?src=shop/any/capped.jpg&w=33")
    assert (reply.status, reply.headers["x-img-warning"]) == (200, "cap reached: this is not the picture asked for")
