"""One budget for all work that is free: quotes, cold HEADs, fallbacks, the doctor, failed renderings (H13)."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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

ROOT = Path(__file__).resolve().parents[2]
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


OTHER_PROCESS = """
import sys
from pathlib import Path
import django
django.setup()
from django.conf import settings
from transforms.serving.scheduling import free_work
settings.FREE_WORK_PER_MINUTE = 10
budgets = free_work.Budgets(Path(sys.argv[1]))
budgets.spend("shared", 6)
with budgets._locked():
    print("spent", flush=True)
    sys.stdin.read()
"""


def test_the_processes_of_a_host_share_one_budget_and_one_that_is_killed_holds_it_up_for_nobody(tmp_path, monkeypatch):
    path = tmp_path / "run" / "budget"
    command = [sys.executable, "-c", OTHER_PROCESS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        try:
            assert other.stdout.readline() == b"spent\n"
        finally:
            other.kill()
    monkeypatch.setattr(clock, "monotonic", time.monotonic)
    with pytest.raises(FreeWorkUsedUp):
        free_work.Budgets(path).spend("shared", 10)
    free_work.Budgets(path).spend("another", 10)


def test_who_spends_at_once_spends_no_more_than_there_is(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "monotonic", lambda: 5.0)

    def spend(_) -> bool:
        try:
            free_work.Budgets(tmp_path / "budget").spend("shared", 1)
        except FreeWorkUsedUp:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(spend, range(40))) == 10


def test_many_workspaces_have_each_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "monotonic", lambda: 5.0)
    budgets = free_work.Budgets(tmp_path / "budget")
    for number in range(500):
        budgets.spend(f"ws{number}", number % 11)
    for number in range(500):
        budgets.spend(f"ws{number}", 10 - number % 11)
        with pytest.raises(FreeWorkUsedUp):
            budgets.spend(f"ws{number}", 1)
    assert (tmp_path / "budget").stat().st_size <= 200_000


@pytest.mark.parametrize("since", [9_999_999.0, float("nan")])
def test_after_a_restart_of_the_host_everybody_has_all_points(tmp_path, monkeypatch, since):
    budgets, moment = free_work.Budgets(tmp_path / "budget"), [since]
    monkeypatch.setattr(clock, "monotonic", lambda: moment[0])
    budgets.note("shared", 10)
    moment[0] = 5.0
    budgets.spend("shared", 10)


def test_without_room_for_the_file_work_is_not_refused(tmp_path):
    (tmp_path / "file").touch()
    free_work.Budgets(tmp_path / "file" / "budget").spend("shared", 10_000)
