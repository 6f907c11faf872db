"""A stored picture beside what the newest version of the engine draws: for nothing, and nothing is kept."""

import base64
import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from accounts.models import workspaces
from billing.charging import summary
from imgapis.base import buckets, clock
from imgapis.base.errors import ApiError
from imgapis.tables import row_classes
from telemetry import recorder
from tests import stored
from tests.origin import picture
from tests.transforms.old_pictures import OLD, encoded, plant
from transforms.access import access_settings, engine_version
from transforms.comparison import versions
from transforms.comparison.measured import Comparison, Difference, Drawing
from transforms.engine import version
from transforms.engine.job import Job
from transforms.engine.operations import comparison
from transforms.engine.request.query import Query
from transforms.serving import blocks, delivery, purges
from transforms.serving.charging import claims
from transforms.serving.delivery import ImageRequest
from transforms.serving.scheduling import failures, free_work
from transforms.serving.scheduling.free_work import FreeWorkUsedUp
from transforms.serving.targets import InvalidTarget
from transforms.tenant import tenants

ADDRESS = "/transform?src=shop/any/compared.jpg&w=40&format=png"
CHROMIUM = "text/html,image/avif,image/webp,image/apng,*/*;q=0.8"


@pytest.fixture
def old(workspace, bucket, origin, forgetful):
    """A workspace of before."""
    free_work.clear()
    workspaces.change(workspace, engine=OLD)
    yield workspace
    free_work.clear()
    failures.memory.clear()


def tenant_of(workspace):
    workspace.refresh(consistent_read=True)
    return tenants.of_row(workspace, workspace.namespace)


def compared(workspace, address: str = ADDRESS, accept: str | None = None) -> Comparison:
    tenant = tenant_of(workspace)
    return versions.compare(tenant, versions.find(tenant, address, accept))


def drawn(workspace, address: str = ADDRESS) -> bytes:
    """What the newest version draws."""
    query = Query.parse(address.partition("?")[2])
    return delivery.deliver(tenant_of(workspace), ImageRequest("transform", query, None, None, None)).output.body


def everything_of(workspace) -> tuple:
    """What is stored of a workspace: its outputs, its rows in every table, and the credits it has used."""
    tables = [row.Meta.table_name for row in row_classes.registered()]
    outputs = sorted(buckets.list_keys(prefix=f"365d/{tenant_of(workspace).folder}/"))
    return outputs, [stored.items(table, workspace.workspace_id) for table in tables], summary.of(workspace).used


def shown(address: str) -> Image.Image:
    """The picture of a data address."""
    return Image.open(BytesIO(base64.b64decode(address.partition(",")[2])))


def of_one_colour(colour, size=(40, 25)) -> bytes:
    return encoded(Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour))


def test_old_and_new_stand_side_by_side_with_bytes_pixels_and_the_difference(old):
    body = of_one_colour((200, 10, 10))
    plant(old, ADDRESS, body)
    result = compared(old)
    assert (result.stored.engine, result.newest.engine) == (OLD, version.NEWEST)
    assert (result.stored.size, result.stored.sides) == (f"{len(body):,} bytes", "40 × 25 pixels")
    assert shown(result.stored.address).getpixel((1, 1)) == (200, 10, 10)
    assert shown(result.newest.address).size == (40, 25) and result.newest.format == "PNG"
    difference = result.difference
    assert 0 < difference.median <= difference.p99 <= difference.greatest and difference.visible == 1
    assert not result.is_same and result.verdict.startswith("A visible difference: 100.00 % of the pixels differ")
    assert shown(difference.address).size == (40, 25)


def test_it_is_charged_nothing_stores_nothing_and_is_no_request(old, origin):
    plan = plant(old, ADDRESS, of_one_colour((200, 10, 10)))
    tenant = tenant_of(old)
    before = everything_of(old)
    compared(old)
    recorder.current().flush()
    assert everything_of(old) == before
    assert delivery.cached(tenant, plan).engine == OLD, "the old one is served until the workspace moves"
    assert not claims.was_charged(tenant, plan, clock.now())


def test_what_both_versions_draw_alike_is_said_to_be_the_same(old):
    body = drawn(old)
    plant(old, ADDRESS, body)
    result = compared(old)
    assert result.is_same and result.verdict == "The same picture: both files are the same, byte for byte."
    levels = np.asarray(Image.open(BytesIO(body)).convert("RGB")).copy()
    plant(old, ADDRESS, encoded(Image.fromarray(levels), compress_level=1))
    assert compared(old).verdict == "No visible difference: every pixel that was compared is the same."
    levels[..., 2] ^= 1
    plant(old, ADDRESS, encoded(Image.fromarray(levels)))
    result = compared(old)
    assert result.is_same and result.verdict == "No visible difference." and 0 < result.difference.greatest < 1


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)], ids=["on white", "on black"])
def test_what_became_clear_differs_whatever_colour_it_had(old, origin, colour):
    origin.pictures["/clear.png"] = of_one_colour((*colour, 0))
    address = "/transform?src=shop/clear.png&w=40&format=png"
    plant(old, address, of_one_colour(colour))
    assert compared(old, address).difference.median > 90


def test_pictures_of_other_sizes_are_shown_and_not_measured(old):
    plant(old, ADDRESS, of_one_colour((1, 2, 3), (40, 30)))
    result = compared(old)
    assert result.difference is None and not result.is_same
    assert result.verdict == ("The sizes differ: 40 × 30 pixels before, 40 × 25 now. So no pixels were compared.")


def test_the_first_frames_of_animations_are_compared_and_frames_counted(old, origin):
    frames = [Image.new("RGB", (40, 25), colour) for colour in ("#f00", "#0f0", "#00f")]
    origin.pictures["/moving.gif"] = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    address = "/transform?src=shop/moving.gif&format=webp&lossless=1"
    plant(old, address, encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:2], lossless=True))
    result = compared(old, address)
    assert (result.stored.sides, result.newest.sides) == ("40 × 25 pixels, 2 frames", "40 × 25 pixels, 3 frames")
    assert result.verdict == (
        "No visible difference: every pixel of the first frame that was compared is the same."
        " The number of frames differs: 2 before, 3 now. The first frames were compared."
    )
    assert not result.is_same


def test_a_stored_picture_that_is_damaged_is_shown_and_not_measured(old):
    whole = of_one_colour((1, 2, 3))
    plant(old, ADDRESS, whole[: len(whole) // 2])
    result = compared(old)
    assert result.difference is None and result.stored.sides == "unknown"
    assert result.verdict.startswith("No pixels were compared, since the stored picture cannot be read back.")


def test_of_an_address_without_a_format_the_one_is_found_that_is_stored(old):
    address = "/transform?src=shop/any/compared.jpg&w=40"
    webp = encoded(Image.new("RGB", (40, 25)), "WEBP")
    plant(old, address, webp, accept="image/webp")
    for accept in (CHROMIUM, "image/webp", None):
        assert versions.find(tenant_of(old), address, accept).output.body == webp
    avif = encoded(Image.new("RGB", (40, 25)), "AVIF")
    plant(old, address, avif, accept="image/avif", engine=version.NEWEST)
    assert versions.find(tenant_of(old), address, CHROMIUM).output.body == webp, "the newest has nothing to compare"


def test_a_source_that_has_changed_since_is_named(old, origin):
    origin.pictures["/changing.jpg"] = picture()
    address = "/transform?src=shop/changing.jpg&w=40&format=png"
    result = delivery.deliver(
        tenant_of(old), ImageRequest("transform", Query.parse(address.partition("?")[2]), None, None, None)
    )
    plant(old, address, result.output.body, prints=result.output.prints)
    assert compared(old, address).remarks == []
    origin.pictures["/changing.jpg"] = picture(colour="#123456")
    assert compared(old, address).remarks[0].startswith("The source has changed since the stored picture was made")
    plant(old, address, result.output.body)
    assert compared(old, address).remarks[0].startswith("It is not known whether the source has changed")


def test_without_a_stored_picture_there_is_nothing_to_compare(old, origin):
    fetched = origin.requests["/any/compared.jpg"]
    assert versions.find(tenant_of(old), ADDRESS, None) is None
    plant(old, ADDRESS, of_one_colour((1, 2, 3)), engine=version.NEWEST)
    assert versions.find(tenant_of(old), ADDRESS, None).is_newest
    assert origin.requests["/any/compared.jpg"] == fetched


def test_what_was_purged_is_not_shown_again(old):
    """K5."""
    plant(old, ADDRESS, of_one_colour((1, 2, 3)))
    purges.purge(old, "owner", "workspace", "")
    assert versions.find(tenant_of(old), ADDRESS, None) is None


def test_after_the_move_what_an_older_version_drew_can_be_looked_at_still(old):
    plant(old, ADDRESS, of_one_colour((1, 2, 3)))
    assert versions.find(tenant_of(old), ADDRESS, None).is_served
    engine_version.switch(old, "owner", version.NEWEST)
    picture_of_before = versions.find(tenant_of(old), ADDRESS, None)
    assert not picture_of_before.is_served and picture_of_before.output.engine == OLD
    assert drawn(old) != picture_of_before.output.body


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("nonsense", "Paste an address such as"),
        ("https://example.com/transform?src=shop/any/compared.jpg", "not one of this workspace's hosts"),
        ("/info?src=shop/any/compared.jpg", "no picture to compare"),
        ("/transform?src=shop/any/compared.jpg&w=wide", "w"),
        ("/transform?src=nowhere/compared.jpg", "nowhere"),
    ],
)
def test_an_address_that_is_none_of_theirs_is_refused_in_words(old, address, sentence):
    with pytest.raises(InvalidTarget) as caught:
        versions.find(tenant_of(old), address, None)
    assert sentence in caught.value.message and caught.value.param == "target"


def test_what_is_not_served_is_not_compared_either(old):
    plant(old, ADDRESS, of_one_colour((1, 2, 3)))
    access_settings.change(old, "owner", presets_only=True)
    with pytest.raises(InvalidTarget, match="presets only"):
        versions.find(tenant_of(old), ADDRESS, None)


def test_a_blocked_picture_is_not_shown(old):
    """H25."""
    plant(old, ADDRESS, of_one_colour((1, 2, 3)))
    tenant = tenant_of(old)
    picture_of_before = versions.find(tenant, ADDRESS, None)
    blocks.block(old, "staff", "picture", ADDRESS, "A right holder has written")
    tenants.clear_cache()
    with pytest.raises(ApiError, match="blocked"):
        versions.find(tenant_of(old), ADDRESS, None)
    with pytest.raises(ApiError, match="blocked"):
        versions.compare(tenant, picture_of_before)


def test_comparisons_are_counted_in_the_budget_of_free_work(old, settings):
    """H13."""
    plant(old, ADDRESS, of_one_colour((1, 2, 3)))
    settings.FREE_WORK_PER_MINUTE = free_work.EXPLAIN + free_work.COMPARISON + free_work.EXPLAIN
    free_work.clear()
    compared(old)
    with pytest.raises(FreeWorkUsedUp) as caught:
        compared(old)
    assert "comparisons" in caught.value.message and caught.value.retry_after


def test_a_source_that_cannot_be_drawn_is_refused_as_the_picture_would_be(old, origin):
    origin.pictures["/was-whole.jpg"] = b"<html>no picture</html>"
    address = "/transform?src=shop/was-whole.jpg&w=40&format=png"
    plant(old, address, of_one_colour((1, 2, 3)))
    with pytest.raises(ApiError) as caught:
        compared(old, address)
    assert caught.value.code == "unsupported_format"


def test_a_source_that_has_just_failed_is_not_fetched_again(old, origin):
    """H13."""
    whole = picture(size=(400, 400))
    origin.pictures["/cut-since.jpg"] = whole[: len(whole) // 2]
    address = "/transform?src=shop/cut-since.jpg&w=40&format=png"
    plant(old, address, of_one_colour((1, 2, 3)))
    for _ in range(2):
        with pytest.raises(ApiError) as caught:
            compared(old, address)
        assert caught.value.code == "broken_image"
    assert origin.requests["/cut-since.jpg"] == 1


def test_a_large_file_is_shown_as_a_preview_and_measured_by_samples(monkeypatch):
    for name, bound in (("SHOWN_BYTES", 5_000), ("MEASURED_PIXELS", 2_000), ("LONGEST_SIDE", 20)):
        monkeypatch.setattr(comparison, name, bound)
    noise = np.random.default_rng(2).integers(0, 256, (90, 60, 3)).astype(np.uint8)
    changed = noise.copy()
    changed[44, 30] = 255 - changed[44, 30]
    large, small = encoded(Image.fromarray(noise)), encoded(Image.fromarray(changed), "JPEG", quality=5)
    assert len(small) < 5_000 < len(large)
    document = json.loads(comparison.render(Job("comparison", {}, "json", (large, small))).body)
    first, second = document["drawings"]
    assert shown(f"data:,{first['preview']}").size == (13, 20) and not second["preview"]
    assert document["difference"]["step"] == 2
    document = json.loads(
        comparison.render(Job("comparison", {}, "json", (large, encoded(Image.fromarray(changed))))).body
    )
    levels = np.asarray(shown(f"data:,{document['difference']['picture']}"))
    assert levels.shape == (15, 10) and (levels > 0).sum() == 1, "no pixel is averaged away"


def difference(**changes) -> Difference:
    none = {"median": 0.0, "p99": 0.0, "greatest": 0.0, "visible": 0.0, "step": 1, "address": ""}
    return Difference(**none | changes)


def comparison_with(**changes) -> Comparison:
    before, now = (Drawing(engine, body, "image/png", "", 40, 25, 1) for engine, body in ((1, b"before"), (2, b"now")))
    return Comparison(before, now, difference(**changes), same_source=True)


@pytest.mark.parametrize(
    ("changes", "is_visible"),
    [
        ({}, False),
        ({"p99": 1.0, "greatest": 2.0}, False),
        ({"p99": 1.01, "greatest": 1.5}, True),
        ({"greatest": 40.0, "visible": 0.0001}, False),
        ({"greatest": 40.0, "visible": 0.0002}, True),
    ],
)
def test_a_difference_is_visible_beyond_the_published_bounds(changes, is_visible):
    result = comparison_with(**changes)
    assert (result.is_same, result.verdict.startswith("A visible difference")) == (not is_visible, is_visible)


def test_what_was_measured_by_samples_says_so():
    (remark,) = comparison_with(step=2).remarks
    assert remark == "The picture is large: one pixel in 4 was measured, evenly over the picture."


def test_a_share_that_is_not_nothing_never_looks_like_nothing():
    assert [difference(visible=share).share for share in (0, 0.00001, 0.0001, 0.5)] == [
        "0.00 %",
        "less than 0.01 %",
        "0.01 %",
        "50.00 %",
    ]
