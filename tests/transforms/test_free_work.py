"""One budget for all work that is free: quotes, cold HEADs, fallbacks, the doctor, failed renderings (H13)."""

import pytest

from imgapis.base import clock
from imgapis.base.errors import ApiError
from transforms import store
from transforms.access import access_settings
from transforms.doctor import examination
from transforms.serving import delivery, explain, fallback, image_plans
from transforms.serving.delivery import ImageRequest
from transforms.serving.scheduling import failures, free_work
from transforms.serving.scheduling.free_work import FreeWorkUsedUp
from transforms.tenant import tenants

PICTURE = "src=shop/any/free.jpg&w=20"


@pytest.fixture(autouse=True)
def small_budget(settings, forgetful):
    """Ten points a minute, none of them used."""
    settings.FREE_WORK_PER_MINUTE = 10
    free_work.clear()
    yield
    free_work.clear()
    failures.memory.clear()


@pytest.fixture
def tenant(workspace, bucket, origin):
    return tenants.of_row(workspace, workspace.namespace)


def request(method: str = "GET", query: str = PICTURE) -> ImageRequest:
    return ImageRequest("transform", query, None, None, None, method)


def examine(tenant):
    return examination.examine(tenant, store.source(tenant.workspace_id, "shop"), "shoe.jpg")


@pytest.mark.parametrize(
    "act",
    [
        lambda tenant: explain.explain(tenant, request()),
        lambda tenant: delivery.deliver(tenant, request("HEAD")),
        examine,
    ],
    ids=["a quote", "a cold HEAD", "the doctor"],
)
def test_free_work_ends_with_the_budget_and_says_when_there_is_more(tenant, act):
    free_work.spend(tenant.workspace_id, 10)
    with pytest.raises(FreeWorkUsedUp) as caught:
        act(tenant)
    assert (caught.value.status, caught.value.code) == (429, "free_work_used_up")
    assert caught.value.retry_after in (6, 12, 240)


def test_the_kinds_share_one_budget(tenant):
    for _ in range(4):
        explain.explain(tenant, request())
    for _ in range(2):
        delivery.deliver(tenant, request("HEAD"))
    with pytest.raises(FreeWorkUsedUp):
        delivery.deliver(tenant, request("HEAD"))


def test_pictures_hits_and_the_other_workspaces_are_not_affected(tenant, stranger):
    free_work.spend(tenant.workspace_id, 10)
    assert delivery.deliver(tenant, request()).halves == 2
    assert delivery.deliver(tenant, request("HEAD")).output
    assert explain.explain(tenants.of_row(stranger, stranger.namespace), request())


def test_it_is_there_again_after_a_while(tenant, monkeypatch):
    free_work.spend(tenant.workspace_id, 10)
    monotonic = clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: monotonic() + 13)
    explain.explain(tenant, request())
    with pytest.raises(FreeWorkUsedUp):
        explain.explain(tenant, request())


def test_without_points_a_refused_miss_is_the_refusal_itself(tenant, workspace):
    access_settings.change(workspace, "system", refused="placeholder")
    poor = tenants.of_row(workspace, workspace.namespace)
    refusal = ApiError("There are no credits left.", code="out_of_credits", status=402)
    assert fallback.fallback_response(poor, request(), refusal).status_code == 200
    free_work.spend(tenant.workspace_id, 9)
    assert fallback.fallback_response(poor, request(), refusal) is None


def test_a_rendering_that_failed_is_taken_from_it(tenant):
    plan = image_plans.make(tenant, "transform", PICTURE, None, None)
    failures.memory.note(tenant, plan, ApiError("It took too long.", code="render_timeout", status=504))
    with pytest.raises(FreeWorkUsedUp):
        explain.explain(tenant, request())


def test_it_is_bounded(monkeypatch):
    monkeypatch.setattr(free_work, "MOST_WORKSPACES", 3)
    budgets = free_work.Budgets()
    for number in range(5):
        budgets.spend(f"w{number}", 10)
    assert len(vars(budgets)["_points"]) == 3
