"""Requests for one source that meet share its fetch and its decoding; each is charged and answered as its own (R4)."""

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from billing.models import Claim
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.base.outbound import errors
from imgapis.base.outbound.fetch import FetchResult
from telemetry.events import CacheStatus
from tests.benches import photograph
from transforms.engine import pipeline
from transforms.engine.job import Job
from transforms.engine.request.query import Query
from transforms.render import process
from transforms.serving import delivery, purges, rendering
from transforms.serving.delivery import ImageRequest
from transforms.serving.scheduling import shared_fetches
from transforms.serving.scheduling.shared_fetches import SharedFetches
from transforms.sources import named_sources
from transforms.sources.originals import Original
from transforms.tenant import tenants

WIDTHS = (320, 480, 640, 768, 1024, 1280, 1920, 2560)
SECONDS = 20.0


@pytest.fixture
def tenant(bucket, origin, workspace, forgetful):
    """The workspace as a server knows it."""
    return tenants.of_namespace(workspace.namespace)


def image_request(path: str, **parameters: object) -> ImageRequest:
    query = "&".join((f"src=shop{path}", *(f"{name}={value}" for name, value in parameters.items())))
    return ImageRequest("transform", Query.parse(query), None, None, None)


@pytest.fixture
def all_at_once(monkeypatch):
    """A function that asks for all of some requests, the first of which reads its source when the others wait for it:
    the answers, or their errors."""
    joined, fetched = threading.Semaphore(0), SharedFetches._fetched
    awaited = shared_fetches._awaited

    def counted(fetch):
        joined.release()
        return awaited(fetch)

    def deliver_all(requests: list) -> list:
        followers = requests[1:]

        def patient(self, *args):
            while followers:
                assert joined.acquire(timeout=SECONDS)
                followers.pop()
            return fetched(self, *args)

        def one(request):
            try:
                return delivery.deliver(*request)
            except ApiError as error:
                return error

        monkeypatch.setattr(SharedFetches, "_fetched", patient)
        with ThreadPoolExecutor(len(requests)) as threads:
            return list(threads.map(one, requests))

    monkeypatch.setattr(shared_fetches, "_awaited", counted)
    return deliver_all


def test_eight_widths_at_once_are_one_fetch_eight_charges_and_the_pictures_they_are_alone(
    tenant, origin, all_at_once, monkeypatch
):
    """R4, B1: and the source is handed to the render process once, where it is decoded once for each scale."""
    body, path, sent = photograph.jpeg(), f"/{tenant.namespace}-large.jpg", []
    render = process.Process.render

    def patient_render(self, job, deadline):
        while not sent and rendering.pool().waiting() < len(WIDTHS) - 1:
            time.sleep(0.001)  # the first one is begun when the others wait
        sent.append(not self.has_sources_of(job))
        return render(self, job, deadline)

    monkeypatch.setattr(process.Process, "render", patient_render)
    origin.pictures[path] = body
    answers = all_at_once([(tenant, image_request(path, w=width, format="jpeg")) for width in WIDTHS])
    assert [(answer.cache, answer.halves) for answer in answers] == [(CacheStatus.MISS, 2)] * len(WIDTHS)
    assert origin.requests[path] == 1
    assert sent == [True] + [False] * (len(WIDTHS) - 1)
    for width, answer in zip(WIDTHS, answers, strict=True):
        alone = pipeline.render(Job("transform", {"w": width}, "jpeg", (body,), rendering.limits()))
        assert answer.output.body == alone.body
    (proof,) = ledger.prove(tenant.workspace_id)
    assert proof.is_valid and proof.used == 2 * len(WIDTHS)
    assert len(shared_fetches.fetches) == 0


def test_other_sources_versions_and_workspaces_are_fetched_each(tenant, stranger, origin):
    other = tenants.of_namespace(stranger.namespace)
    fetches = SharedFetches()
    plans = [
        (tenant, plan_of(tenant, "/any/a.jpg", w=10)),
        (tenant, plan_of(tenant, "/any/b.jpg", w=10)),
        (tenant, plan_of(tenant, "/any/a.jpg", w=10, v="2")),
        (other, plan_of(other, "/any/a.jpg", w=10)),
        (replace(tenant, revision="later"), plan_of(tenant, "/any/a.jpg", w=10)),
    ]
    results = [held(fetches, *pair) for pair in plans]
    bodies = [result for _, result in results]
    assert len({id(result) for result in bodies}) == len(plans) == len(fetches)
    for hold, _ in results:
        hold.__exit__(None, None, None)
    assert len(fetches) == 0


def plan_of(tenant, path: str, **parameters: object):
    query = image_request(path, **parameters).query
    return delivery.image_plans.make(tenant, "transform", query, None, None)


def held(fetches: SharedFetches, tenant, plan):
    """The block that holds the original of a plan, and what it reads."""
    hold = fetches.of(tenant, plan)
    shared = hold.__enter__()
    return hold, shared.plan.originals[0].fetch()


def test_it_is_held_for_as_long_as_one_of_its_requests_lasts(tenant, origin):
    """P07"""
    fetches, plan = SharedFetches(), plan_of(tenant, "/any/held.jpg", w=10)
    first, body = held(fetches, tenant, plan)
    second, same = held(fetches, tenant, plan)
    first.__exit__(None, None, None)
    third, still = held(fetches, tenant, plan)
    assert body.body is same.body is still.body and origin.requests["/any/held.jpg"] == 1
    for hold in (second, third):
        hold.__exit__(None, None, None)
    assert len(fetches) == 0
    fourth, anew = held(fetches, tenant, plan)
    assert anew.body is not body.body and origin.requests["/any/held.jpg"] == 2
    fourth.__exit__(None, None, None)


@pytest.mark.parametrize("void", ["purged_before", "fresh_after"])
def test_what_was_fetched_before_a_purge_or_too_long_ago_is_not_shared(tenant, origin, void, monkeypatch):
    """H16, H24: nor is what was begun at that very moment."""
    monkeypatch.setattr(clock, "now", lambda: 1_000.0)
    fetches, path = SharedFetches(), f"/any/{void}.jpg"
    plan = plan_of(tenant, path, w=10)
    holds = [held(fetches, tenant, replace(plan, **{void: moment})) for moment in (0.0, 999.9, 1_000.0, 999.9)]
    assert origin.requests[path] == 2
    assert [result.body is holds[-1][1].body for _, result in holds] == [False, False, True, True]
    for hold, _ in holds:
        hold.__exit__(None, None, None)
    assert len(fetches) == 0


def test_nothing_is_held_for_ever_where_request_follows_request(tenant, origin, settings):
    """P07"""
    settings.FETCH_TOTAL_SECONDS = 5.0
    fetches, plan = SharedFetches(), plan_of(tenant, "/any/busy.jpg", w=10)
    first, old = held(fetches, tenant, plan)
    next(iter(fetches._fetches.values())).since = time.monotonic() - 5.1
    second, new = held(fetches, tenant, plan)
    assert old.body is not new.body and origin.requests["/any/busy.jpg"] == 2
    first.__exit__(None, None, None)
    third, same = held(fetches, tenant, plan)
    assert same.body is new.body
    for hold in (second, third):
        hold.__exit__(None, None, None)
    assert len(fetches) == 0


def test_a_source_that_fails_is_asked_once_and_each_has_an_error_of_its_own(tenant, origin, all_at_once):
    """B3: the parameter at fault is the request's own, and nothing is charged."""
    path = "/nowhere-at-all.jpg"
    missing_mark = ImageRequest("transform", Query.parse(f"src=shop/shoe.jpg&w=9&mark=shop{path}"), None, None, None)
    asked = origin.requests[path]
    answers = all_at_once([(tenant, image_request(path, w=8)), (tenant, image_request(path, w=9))])
    assert [answer.code for answer in answers] == ["source_missing"] * 2 and answers[0] is not answers[1]
    assert origin.requests[path] == asked + 1
    with pytest.raises(ApiError) as caught:
        delivery.deliver(tenant, missing_mark)
    assert (caught.value.param, answers[0].param) == ("mark", "src")
    assert not ledger.prove(tenant.workspace_id) or ledger.prove(tenant.workspace_id)[0].used == 0
    assert len(shared_fetches.fetches) == 0


def test_an_error_says_the_same_to_each_and_is_completed_by_each():
    error = errors.busy()
    other = shared_fetches._copy(error)
    other.param, other.message = "mark", "changed"
    assert type(other) is type(error) and (error.param, error.retry_after, other.retry_after) == ("src", 5, 5)
    assert str(other) == str(error) != other.message


def test_after_a_bug_in_anothers_fetch_a_request_reads_the_source_itself(tenant, origin, monkeypatch):
    fetches, plan = SharedFetches(), plan_of(tenant, "/any/bug.jpg", w=10)
    entered, go_on = threading.Event(), threading.Event()

    def broken(note):
        entered.set()
        go_on.wait(SECONDS)
        raise RuntimeError

    faulty = replace(plan, originals=(replace(plan.originals[0], read=broken),))
    awaited = shared_fetches._awaited
    monkeypatch.setattr(shared_fetches, "_awaited", lambda fetch: (go_on.set(), awaited(fetch))[1])
    with ThreadPoolExecutor(1) as threads:
        failing = threads.submit(held, fetches, tenant, faulty)
        assert entered.wait(SECONDS)
        hold, result = held(fetches, tenant, plan)
        assert isinstance(result, FetchResult) and isinstance(failing.exception(SECONDS), RuntimeError)
    hold.__exit__(None, None, None)


def test_an_output_is_as_old_as_the_source_it_was_made_from(tenant, origin, monkeypatch):
    """H16: a purge after the source was read is after the output too, though its request came later and only joined."""
    path, joined, awaited = f"/stalled/{tenant.namespace}.jpg", threading.Event(), shared_fetches._awaited
    monkeypatch.setattr(shared_fetches, "_awaited", lambda fetch: (joined.set(), awaited(fetch))[1])
    origin.go_on.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(delivery.deliver, tenant, image_request(path, w=16))
        while not origin.requests[path]:
            time.sleep(0.001)  # its source is being read
        purged = clock.now()
        monkeypatch.setattr(clock, "now", lambda: purged + 5)
        second = threads.submit(delivery.deliver, tenant, image_request(path, w=17))
        assert joined.wait(SECONDS)
        origin.go_on.set()
        outputs = [each.result(30).output for each in (first, second)]
    origin.go_on.clear()
    assert max(output.stored for output in outputs) < purged and origin.requests[path] == 1
    # P08: and so is the claim, so that nobody makes it again for nothing.
    ends = {row.expires.timestamp() for row in Claim.query(tenant.workspace_id, consistent_read=True)}
    assert ends == {output.expires for output in outputs}


def test_a_purge_between_two_widths_makes_the_second_read_the_source_again(tenant, workspace, origin):
    """H16, K5"""
    path = f"/slow/{workspace.namespace}.jpg"
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(delivery.deliver, tenant, image_request(path, w=64))
        while not origin.requests[path]:
            time.sleep(0.01)  # it has begun to fetch: a purge now is later than that
        rule = purges.purge(workspace, "system", "prefix", "shop/slow/")
        row = workspaces.find(workspace.workspace_id)
        second = threads.submit(delivery.deliver, tenants.of_row(row, row.namespace), image_request(path, w=65))
        stored = [each.result(30).output.stored for each in (first, second)]
    assert stored[0] <= float(rule.moment) < stored[1] and origin.requests[path] == 2


def test_two_workspaces_with_the_same_address_are_two_fetches(tenant, stranger, origin):
    other = tenants.of_namespace(stranger.namespace)
    path = "/slow/both.jpg"
    before = origin.requests[path]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda each: delivery.deliver(each, image_request(path, w=64)), (tenant, other)))
    assert [answer.cache for answer in answers] == [CacheStatus.MISS] * 2 and origin.requests[path] == before + 2


def test_a_changed_source_is_another_one(tenant, workspace, origin):
    """What an owner has just changed is not answered by what was fetched under the old address."""
    fetches, path = SharedFetches(), "/any/changed.jpg"
    first, _ = held(fetches, tenant, plan_of(tenant, path, w=10))
    named_sources.create(
        workspace.workspace_id, name="more", kind="http", prefix=f"http://127.0.0.1:{origin.port}/any/"
    )
    row = workspaces.find(workspace.workspace_id)
    later = tenants.of_row(row, row.namespace)
    assert later.revision != tenant.revision
    second, _ = held(fetches, later, plan_of(later, path, w=10))
    assert origin.requests[path] == 2
    for hold in (first, second):
        hold.__exit__(None, None, None)


def test_requests_that_share_a_result_share_its_digest_whatever_they_make_of_its_freshness(monkeypatch):
    """H4: the digest of the bytes is reckoned once."""
    result = FetchResult(b"picture", "image/jpeg", 200, None, fresh_seconds=60)
    sha256, reckoned = hashlib.sha256, []

    def reckon(data: bytes):
        reckoned.append(data)
        return sha256(data)

    monkeypatch.setattr(hashlib, "sha256", reckon)
    originals = [Original(("a",), lambda note: result, lambda method: None) for _ in range(3)]
    copies = [original.fetch() for original in originals]
    assert [copy.fresh_seconds for copy in copies] == [None] * 3 and result.fresh_seconds == 60
    assert {copy.digest for copy in copies} == {sha256(b"picture").hexdigest()} and reckoned == [b"picture"]
