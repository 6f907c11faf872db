"""One budget for all work that is free: quotes, cold HEADs, fallbacks, the doctor, failed renderings (H13)."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from imgapis.base import clock
from imgapis.base.errors import ApiError
from tests.engine.svgs import svg
from tests.origin import picture
from transforms.access import access_settings
from transforms.doctor import examination
from transforms.engine.request.query import Query
from transforms.models import sources
from transforms.serving import delivery, explain, fallback
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


@pytest.fixture
def moment(monkeypatch):
    """A monotonic clock that a test sets: `moment[0]` is now."""
    now = [float(int(clock.monotonic()))]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    return now


def request(method: str = "GET", query: str = PICTURE) -> ImageRequest:
    return ImageRequest("transform", Query.parse(query), None, None, None, method)


def examine(tenant):
    return examination.examine(tenant, sources.find(tenant.workspace_id, "shop"), "shoe.jpg")


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


def test_free_work_that_was_refused_is_not_owed(tenant):
    """H24, H13: what is refused was not done, and refuses no picture that is paid for."""
    for _ in range(4):
        with suppress(FreeWorkUsedUp):
            free_work.spend(tenant.workspace_id, 10)
    assert delivery.deliver(tenant, request()).halves == 2


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


def broken(origin, number: int, side: int = 2_000) -> str:
    """The query of a new picture that ends as an error after most of it was decoded."""
    whole = picture(size=(side, side))
    origin.pictures[f"/cut{number}.jpg"] = whole[: len(whole) * 9 // 10]
    return f"src=shop/cut{number}.jpg&w=20"


def refusal(tenant, query: str) -> ApiError:
    """What a picture is refused with."""
    with pytest.raises(ApiError) as caught:
        delivery.deliver(tenant, request(query=query))
    return caught.value


def test_renderings_that_fail_are_free_until_the_budget_is_used_up_and_then_refused_before_they_begin(
    tenant, origin, moment
):
    """A workspace had any number of them made for nothing."""
    codes = [refusal(tenant, broken(origin, number)).code for number in range(5)]
    assert codes == ["broken_image"] * 3 + ["free_work_used_up"] * 2, "five points each"
    assert [origin.requests[f"/cut{number}.jpg"] for number in range(5)] == [1, 1, 1, 0, 0]
    refused = refusal(tenant, PICTURE)
    assert (refused.status, refused.code) == (429, "free_work_used_up") and refused.retry_after == 30
    with pytest.raises(FreeWorkUsedUp):
        delivery.deliver(tenant, request("HEAD"))


def test_new_pictures_are_made_again_when_retry_after_has_passed(tenant, origin, moment):
    for number in range(10, 13):
        refusal(tenant, broken(origin, number))
    moment[0] += refusal(tenant, PICTURE).retry_after
    assert delivery.deliver(tenant, request()).output


def test_what_is_cached_and_the_other_workspaces_are_served_whatever_failed(tenant, origin, stranger, moment):
    assert delivery.deliver(tenant, request()).output
    for number in range(20, 24):
        refusal(tenant, broken(origin, number))
    assert delivery.deliver(tenant, request()).cache == "HIT"
    assert delivery.deliver(tenants.of_row(stranger, stranger.namespace), request()).output


def test_a_failure_that_is_remembered_costs_nothing_when_it_is_asked_for_again(tenant, origin, moment):
    query = broken(origin, 30)
    assert [refusal(tenant, query).code for _ in range(20)] == ["broken_image"] * 20
    assert origin.requests["/cut30.jpg"] == 1
    assert delivery.deliver(tenant, request()).output


def test_a_page_of_broken_files_and_many_that_are_no_pictures_leave_the_others_alone(tenant, origin, settings, moment):
    """Nobody meets the limit by a few files."""
    settings.FREE_WORK_PER_MINUTE = 1_200
    free_work.clear()
    for number in range(40, 44):
        assert refusal(tenant, broken(origin, number)).code == "broken_image"
    for number in range(20):
        origin.pictures[f"/page{number}.html"] = b"<html>no picture</html>"
        assert refusal(tenant, f"src=shop/page{number}.html&w=20").code == "unsupported_format"
    free_work.spend(tenant.workspace_id, 1_200 - 4 * 5 - 20)
    assert delivery.deliver(tenant, request()).output


@pytest.mark.parametrize(
    ("code", "pixels", "points"),
    [
        ("broken_image", 12_500_000, 13),
        ("broken_image", 0, 1),
        ("output_too_large", 200_000_000, 40),
        ("render_timeout", 200_000, 40),
        ("render_crashed", 200_000, 40),
        ("unsupported_format", 64_000_000, 1),
        ("too_many_pixels", 100_000_000, 1),
        ("render_busy", 12_500_000, 0),
        ("too_many_waiting", 12_500_000, 0),
    ],
)
def test_a_rendering_that_failed_counts_by_what_was_done_of_it(code, pixels, points):
    assert free_work.points_of_failure(code, pixels) == points


def test_what_a_picture_s_header_rules_out_costs_the_least(tenant, origin, moment):
    """H13: whoever may ask for any picture of an open workspace used up its free work by five addresses."""
    origin.pictures["/tall.jpg"] = picture(size=(500, 5_000))
    for query in ("w=1700&enlarge=1&format=webp", "w=8000&enlarge=1", "crop=1000,0,9,9"):
        before = free_work._budgets._change(tenant.workspace_id, lambda left: left)
        assert refusal(tenant, f"src=shop/tall.jpg&{query}").code in ("output_too_large", "invalid_parameter")
        assert free_work._budgets._change(tenant.workspace_id, lambda left: left) == before - 1


def test_a_drawing_that_fails_counts_by_its_length_whatever_it_fails_of(tenant, origin, moment):
    """B3, H13: a size that is refused is known once the whole drawing has been read, up to the limit of seconds."""
    for number in range(5):
        origin.pictures[f"/wide{number}.svg"] = svg("<g/>" * 30_000, 'width="1e9" height="9"')
    codes = [refusal(tenant, f"src=shop/wide{number}.svg&w=20").code for number in range(5)]
    assert codes == ["source_side_too_long"] * 3 + ["free_work_used_up"] * 2, "five points each"


def test_of_renderings_that_fail_at_once_each_is_owed(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "monotonic", lambda: 5.0)
    budgets = free_work.Budgets(tmp_path / "budget")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: budgets.note("shared", 5), range(8)))
    with pytest.raises(FreeWorkUsedUp) as caught:
        budgets.require_none_owed("shared")
    assert caught.value.retry_after == 180, "thirty points, at ten a minute"
    budgets.require_none_owed("another")


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
