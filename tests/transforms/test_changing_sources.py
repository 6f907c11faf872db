"""Grids that lack sources and origins that change their bytes: charged for what was made, and kept until it is whole
(H3, H17)."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from billing.models import Claim
from imgapis.base import buckets, clock, tokens
from imgapis.base.buckets import StoredObject
from imgapis.base.outbound.fetch import FetchResult
from telemetry.events import CacheStatus
from tests.origin import picture
from tests.transforms.web_client import ask
from transforms.engine.request.query import Query
from transforms.serving import cache, delivery, image_plans
from transforms.serving.charging import claims
from transforms.serving.delivery import ImageRequest
from transforms.serving.scheduling import shared_fetches
from transforms.tenant import tenants

FORMATS = ("avif", "webp", "png", "jpeg")
ALL_FORMATS = (*FORMATS, "gif", "nocompress")
pytestmark = pytest.mark.usefixtures("web")


def used(row) -> int:
    """Half-credits charged so far; the ledger holds."""
    proofs = ledger.prove(row.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(proof.used for proof in proofs)


@pytest.fixture
def sources(workspace, origin):
    """Five sources of the workspace's own, all alive."""
    paths = [f"/five/{workspace.namespace}-{number}.jpg" for number in range(5)]
    for number, path in enumerate(paths):
        origin.pictures[path] = picture(size=(60 + number, 40))
    yield paths
    for path in paths:
        origin.pictures.pop(path, None)
        origin.statuses.pop(path, None)


def grid(paths: list[str], output_format: str = "png") -> str:
    """The address of the grid of these sources."""
    return "/grid?" + "&".join(f"src=shop{path}" for path in paths) + f"&w=60&h=40&format={output_format}"


def costs(workspace, address: str) -> tuple[str, str]:
    """Credits and sources of an answer."""
    reply = ask(workspace.namespace, address)
    assert reply.status == 200, reply.body
    return reply.headers["x-img-credits"], reply.headers.get("x-img-sources", "")


def test_sources_that_come_alive_later_are_charged_when_they_are_shown(workspace, origin, sources):
    """H3: not five sources for the price of one, nor one of them twice."""
    for path in sources[1:]:
        origin.statuses[path] = 404
    assert costs(workspace, grid(sources)) == ("2", "1/5")
    origin.statuses.clear()
    assert costs(workspace, grid(sources, "webp")) == ("8", "5/5")
    assert costs(workspace, grid(sources, "avif")) == ("0", "5/5")
    assert used(workspace) == 20


def test_a_source_that_is_gone_later_makes_nothing_dearer(workspace, origin, sources):
    """H3: what is still there was charged with the whole."""
    assert costs(workspace, grid(sources)) == ("10", "5/5")
    origin.statuses[sources[3]] = 404
    assert costs(workspace, grid(sources, "webp")) == ("0", "4/5")
    assert used(workspace) == 20


@pytest.mark.parametrize(
    ("status", "seconds"), [(500, 60), (503, 60), (403, 60), (429, 60), (404, 86_400), (410, 86_400)]
)
def test_a_grid_that_lacks_a_source_is_kept_until_it_may_be_whole(workspace, origin, sources, status, seconds):
    """H17, P08: in the answer and in the bucket; never as unchangeable."""
    origin.statuses[sources[1]] = status
    reply = ask(workspace.namespace, grid(sources[:2]))
    assert (reply.status, reply.headers["x-img-sources"]) == (200, "1/2")
    assert reply.headers["cache-control"] == f"public, max-age={seconds}"
    entry = stored(workspace, grid(sources[:2]))
    assert entry.seconds == seconds and entry.composed == "1/2"
    hit = ask(workspace.namespace, grid(sources[:2]))
    assert (hit.headers["x-img-cache"], hit.headers["cache-control"]) == ("HIT", f"public, max-age={seconds}")


def test_what_is_no_picture_may_be_one_in_a_minute(workspace, origin, sources):
    """H17: bytes that cannot be read are a passing fault as well; beside one that is missing too."""
    origin.pictures[sources[1]], origin.statuses[sources[2]] = b"<html>sorry</html>", 404
    reply = ask(workspace.namespace, grid(sources[:3]))
    assert (reply.headers["x-img-sources"], reply.headers["cache-control"]) == ("1/3", "public, max-age=60")


def test_a_grid_is_whole_once_its_minute_is_over(workspace, origin, sources, forgetful):
    """H17: and what was paid is not paid again."""
    origin.statuses[sources[1]] = 500
    assert costs(workspace, grid(sources[:2])) == ("2", "1/2")
    origin.statuses.clear()
    tenant = tenants.of_namespace(workspace.namespace)
    image_request = ImageRequest("grid", Query.parse(grid(sources[:2]).partition("?")[2]), None, None, None)
    assert delivery.deliver(tenant, image_request).cache == CacheStatus.HIT
    age(tenant, plan_of(tenant, grid(sources[:2])).key, 61)
    cache.memory.clear()
    result = delivery.deliver(tenant, image_request)
    assert (result.cache, result.output.composed, result.halves) == (CacheStatus.MISS, "2/2", 4)
    assert result.output.seconds == cache.YEAR_SECONDS and used(workspace) == 8


def test_a_partial_grid_from_before_lives_no_longer_than_a_minute(workspace, bucket):
    """H17: what was stored for a year by an older version."""
    now = clock.now()
    metadata = {"stored": f"{now - 120:.3f}", "expires": str(int(now) + cache.YEAR_SECONDS), "composed": "1/2"}
    for composed, is_served in (("1/2", False), ("2/2", True)):
        metadata |= {"composed": composed, "digest": cache.digest_of(b"old")}
        buckets.put(cache.path("f" * 32, composed[0] * 64, cache.YEAR_SECONDS), StoredObject(b"old", "x/y", metadata))
        found = cache.read("f" * 32, composed[0] * 64, cache.YEAR_SECONDS)
        assert (found is not None) == is_served


def test_another_format_of_a_changing_source_is_new_work(workspace, origin, sources):
    """H3: six formats, six different pictures, six credits; asked again, none."""
    address = f"/transform?src=shop{sources[0]}&w=50"
    for number, output_format in enumerate(ALL_FORMATS):
        origin.pictures[sources[0]] = picture(size=(60, 40 + number))
        assert costs(workspace, f"{address}&format={output_format}")[0] == "1"
    assert [costs(workspace, f"{address}&format={each}")[0] for each in ALL_FORMATS] == ["0"] * 6
    assert used(workspace) == 12


@pytest.mark.parametrize("is_shared", [False, True])
def test_formats_of_a_changing_source_asked_at_once_are_charged_by_what_each_has_read(
    workspace, origin, sources, monkeypatch, is_shared
):
    """H3: no request is free because another was charged while it worked; those that share a fetch show one picture."""
    counter = iter(range(100))
    if not is_shared:
        monkeypatch.setattr(shared_fetches, "_may_be_joined", lambda fetch, void_before: False)

    class Changing(dict):
        def get(self, path, default=None):
            return picture(size=(60, 40 + next(counter))) if path == sources[0] else super().get(path, default)

    def deliver(output_format: str):
        query = Query.parse(f"src=shop{sources[0]}&w=50&format={output_format}")
        return delivery.deliver(tenant, ImageRequest("transform", query, None, None, None))

    tenant = tenants.of_namespace(workspace.namespace)
    before, origin.pictures = origin.pictures, Changing(origin.pictures)
    try:
        with ThreadPoolExecutor(len(ALL_FORMATS)) as threads:
            list(threads.map(deliver, ALL_FORMATS))
    finally:
        origin.pictures = before
    fetches = next(counter)
    assert used(workspace) == 2 * fetches and (is_shared or fetches == len(ALL_FORMATS))


def test_a_picture_that_is_lost_is_made_again_for_nothing_whatever_its_source_became(workspace, origin, sources):
    """H3, B1: the loss is ours."""
    address = f"/transform?src=shop{sources[0]}&w=50"
    assert costs(workspace, f"{address}&format=png")[0] == "1"
    lose(workspace, f"{address}&format=png")
    origin.pictures[sources[0]] = picture(size=(61, 40))
    assert costs(workspace, f"{address}&format=webp")[0] == "0"
    assert used(workspace) == 2


def test_one_changed_source_of_a_grid_is_charged_alone(workspace, origin, sources):
    """H3"""
    assert costs(workspace, grid(sources)) == ("10", "5/5")
    origin.pictures[sources[2]] = picture(size=(99, 40))
    assert costs(workspace, grid(sources, "webp")) == ("2", "5/5")
    assert costs(workspace, grid(sources, "avif")) == ("0", "5/5")


def test_a_source_that_a_later_output_dropped_is_charged_when_it_is_shown_with_other_bytes(workspace, origin, sources):
    """H3: also where the output without it took the place of every one that showed it."""
    tenant, address = tenants.of_row(workspace, workspace.namespace), grid(sources[:2])
    assert halves_here(tenant, address) == 8
    make_older(tenant, address, 61)
    origin.statuses[sources[0]] = 500
    assert halves_here(tenant, f"{address}&ttl=60") == 4
    origin.statuses.clear()
    origin.pictures[sources[0]] = picture(size=(77, 40))
    make_older(tenant, address, 61)
    assert (halves_here(tenant, address), used(workspace)) == (4 + 4, 20)  # the second was paid for a minute alone


def test_a_source_that_a_later_output_dropped_is_free_when_it_is_shown_as_it_was(workspace, origin, sources):
    """H3, B1: it was paid for."""
    tenant, address = tenants.of_row(workspace, workspace.namespace), grid(sources[:2])
    assert halves_here(tenant, address) == 8
    make_older(tenant, address, 61)
    origin.statuses[sources[0]] = 500
    assert halves_here(tenant, f"{address}&ttl=60") == 4
    origin.statuses.clear()
    make_older(tenant, address, 61)
    assert halves_here(tenant, address) == 4  # the second, which was paid for a minute alone


def test_with_nothing_left_other_bytes_are_refused_before_they_are_rendered(workspace, origin, sources):
    """H3: the claim of the address makes only the same bytes free."""
    row = workspaces.find(workspace.workspace_id)
    workspaces.change(row, allowance=2)
    address = f"/transform?src=shop{sources[0]}&w=50"
    assert costs(workspace, f"{address}&format=png")[0] == "1"
    assert costs(workspace, f"{address}&format=webp")[0] == "0"
    origin.pictures[sources[0]] = picture(size=(61, 40))
    assert ask(workspace.namespace, f"{address}&format=avif").status == 402
    assert used(workspace) == 2


def test_a_grid_whose_new_sources_are_not_covered_is_refused_whole(workspace, origin, sources):
    """H3, B2"""
    row = workspaces.find(workspace.workspace_id)
    workspaces.change(row, allowance=8)
    origin.statuses[sources[1]] = 500
    assert costs(workspace, grid(sources[:3])) == ("4", "2/3")
    origin.statuses.clear()
    assert ask(workspace.namespace, grid(sources[:3], "webp")).status == 402
    assert used(workspace) == 8


@pytest.mark.parametrize("endpoint", ["transform", "grid"])
def test_a_claim_from_before_the_sources_were_told_apart_stays_free_for_its_year(workspace, sources, endpoint):
    """H3: customers' live claims outlast the change."""
    tenant = tenants.of_row(workspace, workspace.namespace)
    address = f"/transform?src=shop{sources[0]}&w=50" if endpoint == "transform" else grid(sources[:3])
    plan = plan_of(tenant, address)
    digest = tokens.keyed_digest(tenant.claim_key, plan.identity)
    now = clock.now()
    Claim(workspace.workspace_id, digest, charged=now - 86_400, expires=clock.utc(now + 300 * 86_400)).save()
    quote = json.loads(ask(workspace.namespace, f"/explain{address}").body)
    assert quote["credits"] == "0" and quote["why_free"] == "charged before: making it again is free"
    assert costs(workspace, address)[0] == "0" and used(workspace) == 0


def test_a_stored_output_tells_its_source_by_keyed_digests_alone(workspace, stranger, sources):
    """H3, P05, P07, V7: which nobody can make without the workspace's key, and two workspaces cannot compare."""
    prints = []
    for row in (workspace, stranger):
        ask(row.namespace, grid(sources[:2]))
        prints.append(stored(row, grid(sources[:2])).prints.split(","))
    assert all(len(text) == 32 for each in prints for text in each)
    assert len({*prints[0], *prints[1]}) == 4
    for claim in Claim.query(workspace.workspace_id):
        assert set(claim.attribute_values) == {"workspace_id", "digest", "charged", "expires"}
        assert not any(text in claim.digest for text in prints[0])


def test_the_focal_point_of_an_object_is_part_of_what_a_picture_is_made_from(workspace):
    """H3: changing it is changing the object."""
    tenant = tenants.of_row(workspace, workspace.namespace)
    objects = [FetchResult(b"same", "image/jpeg", 200, None, focal) for focal in (None, "0.1,0.2", "0.3,0.2")]
    assert len(set(claims.prints_of(tenant, objects))) == 3


def test_what_a_grid_may_still_cost_is_quoted(workspace, origin, sources):
    """H3: a maximum, without what was charged before."""
    origin.statuses[sources[1]] = 500
    assert costs(workspace, grid(sources)) == ("8", "4/5")
    quote = json.loads(ask(workspace.namespace, f"/explain{grid(sources, 'webp')}").body)
    assert (quote["credits"], quote["credits_are"]) == ("2", "a maximum: only composed sources are billed")


def plan_of(tenant, address: str):
    """The plan of an address."""
    path, _, query = address.partition("?")
    return image_plans.make(tenant, path.strip("/"), Query.parse(query), None, None)


def stored(row, address: str):
    """What the bucket says of an output."""
    tenant = tenants.of_row(workspaces.find(row.workspace_id), row.namespace)
    plan = plan_of(tenant, address)
    return cache.facts(tenant.folder, plan.key, plan.retention)


def halves_here(tenant, address: str) -> int:
    """Half-credits of an answer of this process, whose memory is empty."""
    cache.memory.clear()
    image_request = ImageRequest("grid", Query.parse(address.partition("?")[2]), None, None, None)
    return delivery.deliver(tenant, image_request).halves


def make_older(tenant, address: str, seconds: int) -> None:
    """Make an output, and every claim of its workspace, so many seconds older."""
    age(tenant, plan_of(tenant, address).key, seconds)
    for claim in Claim.query(tenant.workspace_id):
        expires = clock.utc(claim.expires.timestamp() - seconds)
        claim.update(actions=[Claim.charged.set(claim.charged - seconds), Claim.expires.set(expires)])


def lose(row, address: str) -> None:
    """Take an output out of the bucket."""
    tenant = tenants.of_row(row, row.namespace)
    plan = plan_of(tenant, address)
    buckets.delete_prefix(cache.path(tenant.folder, plan.key, plan.retention))


def age(tenant, key: str, seconds: float) -> None:
    """Make an output in the bucket so many seconds older."""
    path = cache.path(tenant.folder, key, cache.YEAR_SECONDS)
    found = buckets.get(path)
    times = {name: str(float(found.metadata[name]) - seconds) for name in ("stored", "expires")}
    buckets.put(path, StoredObject(found.body, found.content_type, found.metadata | times))
