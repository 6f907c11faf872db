"""A source that took too long or made the decoder fail is not tried again for minutes, unless it is purged (H13)."""

from dataclasses import replace

import pytest

from imgapis.base import clock
from imgapis.base.errors import ApiError
from tests.origin import picture
from transforms.engine.request.query import Query
from transforms.render import process
from transforms.render.pool import Pool
from transforms.serving import cache, delivery, image_plans, missing, purges, rendering
from transforms.serving.delivery import ImageRequest
from transforms.serving.scheduling import failures
from transforms.serving.scheduling.failures import Failures
from transforms.tenant import tenants

pytestmark = pytest.mark.usefixtures("forgetful")


@pytest.fixture(autouse=True)
def nothing_remembered():
    failures.memory.clear()
    yield
    failures.memory.clear()


@pytest.fixture
def hurried(monkeypatch):
    """A render pool in which every picture takes too long; the usual one again when it is taken away."""
    pool = Pool(processes=1, seconds=0.001, memory_bytes=1_000_000_000, queue=8, argv=process.CHILD)
    pools = [pool]
    monkeypatch.setattr(rendering, "_pools", pools)
    yield pools
    pool.close()
    for made in pools:
        made.close()


@pytest.fixture
def ahead(monkeypatch):
    """A function that lets the monotonic clock of the application stand so many seconds ahead."""
    monotonic = clock.monotonic

    def move(seconds: float) -> None:
        monkeypatch.setattr(clock, "monotonic", lambda: monotonic() + seconds)

    return move


def tenant_of(workspace):
    return tenants.of_row(workspace, workspace.namespace)


def deliver(workspace, query: str):
    return delivery.deliver(tenant_of(workspace), ImageRequest("transform", Query.parse(query), None, None, None))


def refusal(workspace, query: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        deliver(workspace, query)
    return caught.value


def test_a_picture_that_took_too_long_is_answered_at_once_with_its_reason(
    bucket, origin, workspace, stranger, hurried, ahead
):
    first = refusal(workspace, "src=shop/any/heavy.jpg&w=30")
    assert (first.status, first.code, first.retry_after) == (504, "render_timeout", None)
    fetched = origin.requests["/any/heavy.jpg"]
    for query in ("src=shop/any/heavy.jpg&w=30", "src=shop/any/heavy.jpg&w=31&format=avif"):
        again = refusal(workspace, query)
        assert (again.status, again.code) == (504, "render_timeout") and 0 < again.retry_after <= 180
        assert again.message.startswith(first.message)
    assert origin.requests["/any/heavy.jpg"] == fetched
    hurried.clear()
    assert deliver(workspace, "src=shop/any/light.jpg&w=30").output  # another source of the same workspace
    assert deliver(stranger, "src=shop/any/heavy.jpg&w=30").output  # the same file of another workspace
    ahead(181)
    assert deliver(workspace, "src=shop/any/heavy.jpg&w=30").output


def test_a_purge_makes_it_forgotten(bucket, origin, workspace, hurried):
    origin.pictures["/mended.jpg"] = picture()
    assert refusal(workspace, "src=shop/mended.jpg&w=30").code == "render_timeout"
    hurried.clear()
    assert refusal(workspace, "src=shop/mended.jpg&w=30").code == "render_timeout"
    purges.purge(workspace, "system", "prefix", "shop/mended.jpg")
    workspace.refresh()
    assert deliver(workspace, "src=shop/mended.jpg&w=30").output


def test_who_asks_for_the_most_keeps_nobody_from_a_thumbnail(bucket, origin, workspace, hurried):
    query = "src=shop/any/wanted.jpg&w={}&enlarge=1"
    assert refusal(workspace, query.format(2_000)).code == "render_timeout"
    hurried.clear()
    assert deliver(workspace, query.format(600)).output
    fetched = origin.requests["/any/wanted.jpg"]
    assert refusal(workspace, query.format(1_999)).code == "render_timeout"
    assert origin.requests["/any/wanted.jpg"] == fetched, "what is as much work as what failed was tried"


def test_what_is_cached_of_it_is_served(bucket, origin, workspace, hurried):
    usable, hurried[:] = hurried[:], []
    assert deliver(workspace, "src=shop/any/kept.jpg&w=30").output
    hurried[:] = usable
    assert refusal(workspace, "src=shop/any/kept.jpg&w=31").code == "render_timeout"
    cache.memory.clear()
    assert deliver(workspace, "src=shop/any/kept.jpg&w=30").output


def test_an_origin_that_was_too_slow_is_asked_again_after_half_a_minute(bucket, origin, workspace, settings, ahead):
    settings.FETCH_TOTAL_SECONDS = 0.2
    assert refusal(workspace, "src=shop/slow/once.jpg&w=30").code == "source_timeout"
    settings.FETCH_TOTAL_SECONDS = 10.0
    assert 0 < refusal(workspace, "src=shop/slow/once.jpg&w=30").retry_after <= 30
    assert origin.requests["/slow/once.jpg"] == 1
    ahead(31)
    assert deliver(workspace, "src=shop/slow/once.jpg&w=30").output


def test_the_memory_is_bounded_and_holds_no_address(bucket, workspace):
    memory, tenant = Failures(most=3), tenant_of(workspace)
    plans = [
        image_plans.make(tenant, "transform", Query.parse(f"src=shop/{number}.jpg"), None, None) for number in range(5)
    ]
    crash = ApiError("The picture could not be processed.", code="render_crashed", status=422)
    for plan in plans:
        memory.note(tenant, plan, crash)
        memory.note(tenant, plan, ApiError("It was not there.", code="source_missing", status=404))
    assert len(memory) == 3 and "shop" not in str(vars(memory)) and ".jpg" not in str(vars(memory))
    memory.check(tenant, plans[0])
    with pytest.raises(ApiError) as caught:
        memory.check(tenant, plans[4])
    assert (caught.value.status, caught.value.code) == (422, "render_crashed")
    memory.check(tenant, replace(plans[4], purged_before=1.0))
    memory.check(tenant, plans[4])


def test_what_one_workspace_met_keeps_no_other_from_its_own_try(dynamodb, origin, workspace, stranger):
    """A9: a full URL is the same in both; neither a failure nor what HEAD was told is shared."""
    address = f"http://127.0.0.1:{origin.port}/nowhere-for-both.jpg"
    crash = ApiError("The picture could not be processed.", code="render_crashed", status=422)
    rooms = [tenant_of(workspace), tenant_of(stranger)]
    plans = [image_plans.make(room, "transform", Query.parse(f"src={address}&w=30"), None, None) for room in rooms]
    failures.memory.note(rooms[0], plans[0], crash)
    with pytest.raises(ApiError):
        failures.memory.check(rooms[0], plans[0])
    failures.memory.check(rooms[1], plans[1])
    for room, plan in zip(rooms, plans, strict=True):
        for _ in range(2):
            with pytest.raises(ApiError) as caught:
                missing.require_sources(room.workspace_id, plan)
            assert caught.value.code == "source_missing"
    assert origin.heads["/nowhere-for-both.jpg"] == 2, "each workspace asks once"
