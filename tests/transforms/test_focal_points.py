"""The focal point an object of a bucket names places the cut of fit=cover where the URL does not."""

import itertools

import pytest

from imgapis.base import buckets
from tests.engine import pictures
from tests.transforms import bucket_sources
from tests.transforms.test_delivery import opened
from tests.transforms.web_client import ask

BUCKET = "focal"
BODY = pictures.saved(pictures.cornered(400, 100), "PNG")
SQUARE = "w=40&h=40&fit=cover&format=png"
_numbers = itertools.count(1)
pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def upload(workspace):
    """Puts an object with a focal point into a bucket of the workspace, and names it as a src."""
    bucket_sources.create(workspace, BUCKET)

    def put_object(focal: str | None) -> str:
        key = f"{next(_numbers)}.png"
        metadata = {} if focal is None else {"focal": focal}
        buckets.cache_client().put_object(Bucket=BUCKET, Key=key, Body=BODY, Metadata=metadata)
        return f"pictures/{key}"

    return put_object


def colour(workspace, query: str):
    reply = ask(workspace.namespace, f"/transform?{query}")
    assert reply.status == 200, reply.body
    return opened(reply).convert("RGB").getpixel((20, 5))


@pytest.mark.parametrize(
    ("focal", "query", "expected"),
    [
        ("0.9,0.5", SQUARE, pictures.GREEN),
        ("0.1,0.5", SQUARE, pictures.RED),
        ("0.9,0.5", SQUARE + "&position=left", pictures.RED),
        ("0.9,0.5", SQUARE + "&position=0,0.5", pictures.RED),
        ("0.9,0.5", SQUARE + "&position=center", pictures.GREEN),
        ("0.9,0.5", SQUARE + "&flip=h", pictures.GREEN),
    ],
)
def test_the_objects_focal_point_is_kept_unless_the_url_says_where(workspace, upload, focal, query, expected):
    assert pictures.near(colour(workspace, f"src={upload(focal)}&{query}"), expected, 3)


@pytest.mark.parametrize("focal", [None, "", "0.9", "0.9,2", "left", "nan,0.5", "0.9,0.5,0.1", "-0.1,0.5", "x" * 1500])
def test_without_a_focal_point_or_with_a_malformed_one_the_middle_is_kept(workspace, upload, focal):
    source = upload(focal)
    reply = ask(workspace.namespace, f"/transform?src={source}&{SQUARE}")
    middle_reply = ask(workspace.namespace, f"/transform?src={source}&{SQUARE}&position=0.5,0.5")
    assert reply.status == 200 and reply.body == middle_reply.body


def test_a_web_servers_header_of_that_name_is_not_believed(workspace, origin):
    """A web server may pass on what others wrote."""
    origin.pictures["/cornered.png"] = BODY
    origin.extra_headers = {"x-amz-meta-focal": "0.9,0.5"}
    try:
        source = "src=shop/cornered.png"
        plain = ask(workspace.namespace, f"/transform?{source}&{SQUARE}")
        assert plain.body == ask(workspace.namespace, f"/transform?{source}&{SQUARE}&position=0.5,0.5").body
    finally:
        origin.extra_headers = {}


def test_the_focal_point_is_in_no_key(workspace, upload):
    """Changing it is changing the object: what is cached stays until it is purged, and no second charge is made."""
    source = upload("0.9,0.5")
    first = ask(workspace.namespace, f"/transform?src={source}&{SQUARE}")
    key = source.partition("/")[2]
    buckets.cache_client().put_object(Bucket=BUCKET, Key=key, Body=BODY, Metadata={"focal": "0.1,0.5"})
    second = ask(workspace.namespace, f"/transform?src={source}&{SQUARE}")
    assert (second.headers["x-img-cache"], second.body) == ("HIT", first.body)
