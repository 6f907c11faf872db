"""How long outputs live by their sources: the ttl of a source, and the origin's Cache-Control where it counts (P08)."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import audit
from accounts.models import workspaces
from billing.models import Claim
from billing.models import claims as claim_rows
from imgapis.base import buckets, clock
from imgapis.base.errors import EditConflict
from telemetry.events import CacheStatus
from tests import environment
from tests.transforms import bucket_sources
from tests.transforms.test_freshness import ADDRESSES, SRC, at, deliver, plan_of, used
from tests.transforms.web_client import ask
from transforms.access import access_settings, presets
from transforms.models import Source, sources
from transforms.serving import cache
from transforms.sources import named_sources
from transforms.tenant import tenants

__all__ = ["at"]
YEAR = cache.YEAR_SECONDS
BUCKET = "lifetimes"
_numbers = itertools.count(1)
pytestmark = pytest.mark.usefixtures("web", "forgetful")


def shop(row) -> Source:
    """The source of the workspace, as it is stored."""
    return sources.find(row.workspace_id, "shop")


def set_lifetime(row, **values) -> None:
    """Set ttl or origin_cache_control of the source."""
    named_sources.change(shop(row), **values)


def stored(row, endpoint: str, query: str) -> cache.CachedOutput:
    """What the bucket says of an output."""
    plan = plan_of(row, endpoint, query)
    return cache.facts(tenants.of_row(row, row.namespace).folder, plan.key, plan.retention)


def lose(row, endpoint: str, query: str) -> None:
    """Take an output out of the bucket and out of memory."""
    plan = plan_of(row, endpoint, query)
    buckets.delete_prefix(cache.path(tenants.of_row(row, row.namespace).folder, plan.key, plan.retention))
    cache.memory.clear()


@pytest.fixture
def path(origin, workspace):
    """The path of a picture of this test alone; what its headers say is `origin.headers[path]`."""
    name = f"/any/{workspace.namespace}-{next(_numbers)}.jpg"
    yield name
    origin.headers.pop(name, None)


def says(origin, path: str, cache_control: str) -> None:
    """Let the server of a picture say this Cache-Control."""
    origin.headers[path] = {"Cache-Control": cache_control}


def test_the_request_goes_before_the_preset_the_preset_before_the_source_the_source_before_a_year(workspace):
    """P08"""
    presets.save(workspace.workspace_id, "system", "hourly", "ttl=3600")
    presets.save(workspace.workspace_id, "system", "plain", "w=31")
    named_sources.create(
        workspace.workspace_id, name="news", kind="http", prefix=f"http://127.0.0.1:{environment.ORIGIN_PORT}/", ttl=600
    )
    for query, seconds in (
        ("src=news/shoe.jpg&w=31", 600),
        ("src=news/shoe.jpg&preset=plain", 600),
        ("src=news/shoe.jpg&w=32&preset=hourly", 3_600),
        ("src=news/shoe.jpg&w=33&preset=hourly&ttl=7200", 7_200),
        (f"src=news/shoe.jpg&w=34&ttl={YEAR}", YEAR),
        ("src=shop/shoe.jpg&w=35", YEAR),
    ):
        reply = ask(workspace.namespace, f"/transform?{query}")
        end = ", immutable" if seconds == YEAR else ""
        assert (reply.status, reply.headers["cache-control"]) == (200, f"public, max-age={seconds}{end}")


@pytest.mark.parametrize(("endpoint", "query"), ADDRESSES)
def test_a_source_s_ttl_bounds_the_age_and_the_claim_of_every_operation(workspace, at, endpoint, query):
    """P08, B1"""
    set_lifetime(workspace, ttl=600)
    first = deliver(workspace, endpoint, query)
    claim = claim_rows.find_live(workspace.workspace_id, first.plan.claim, clock.now())
    assert claim.expires.timestamp() == first.output.expires == int(first.output.stored) + 600
    for seconds, expected in ((599, CacheStatus.HIT), (602, CacheStatus.MISS)):
        at(seconds)
        again = deliver(workspace, endpoint, query)
        assert (again.cache, again.halves) == (expected, first.halves if expected == CacheStatus.MISS else 0)
    assert used(workspace) == 2 * first.halves > 0


def test_what_is_new_enough_stays_when_a_ttl_is_set_and_what_is_older_is_made_again(workspace, at):
    """P08: the source's revision, and so every key, stays."""
    keys = [plan_of(workspace, "transform", f"{SRC}&w=41").key]
    revision = shop(workspace).revision
    deliver(workspace, "transform", f"{SRC}&w=41")
    at(500)
    deliver(workspace, "transform", f"{SRC}&w=42")
    at(700)
    set_lifetime(workspace, ttl=600)
    assert deliver(workspace, "transform", f"{SRC}&w=42").cache == CacheStatus.HIT
    renewed = deliver(workspace, "transform", f"{SRC}&w=41")
    assert (renewed.cache, renewed.halves, renewed.output.seconds) == (CacheStatus.MISS, 2, 600)
    keys.append(plan_of(workspace, "transform", f"{SRC}&w=41").key)
    assert keys[0] == keys[1] and shop(workspace).revision == revision and used(workspace) == 6


def test_a_longer_ttl_revives_nothing_that_ended(workspace, at):
    """P08: neither an output nor the charge of one, whichever way the ttl is changed."""
    deliver(workspace, "transform", f"{SRC}&w=43")
    at(500)
    deliver(workspace, "transform", f"{SRC}&w=44")
    set_lifetime(workspace, ttl=60)
    at(550)
    set_lifetime(workspace, ttl=0)
    assert deliver(workspace, "transform", f"{SRC}&w=44").cache == CacheStatus.HIT
    ended = deliver(workspace, "transform", f"{SRC}&w=43")
    assert (ended.cache, ended.halves, ended.output.seconds) == (CacheStatus.MISS, 2, YEAR)
    at(10_000)
    assert deliver(workspace, "transform", f"{SRC}&w=43").cache == CacheStatus.HIT
    assert deliver(workspace, "transform", f"{SRC}&w=44").cache == CacheStatus.HIT


def test_two_changes_of_a_ttl_at_once_are_not_merged(workspace):
    """D: what one of them ended would come back."""
    one, other = shop(workspace), shop(workspace)
    named_sources.change(one, ttl=60)
    with pytest.raises(EditConflict):
        named_sources.change(other, ttl=0)
    assert int(shop(workspace).ttl) == 60
    named_sources.delete(shop(workspace))
    with pytest.raises(named_sources.SourceGone):
        named_sources.change(one, ttl=0)


def test_a_grid_and_a_mark_live_as_long_as_the_shortest_of_their_sources(workspace):
    """P08"""
    prefix = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    for name, ttl in (("day", 86_400), ("hour", 3_600)):
        named_sources.create(workspace.workspace_id, name=name, kind="http", prefix=prefix, ttl=ttl)
    grid = "src=shop/shoe.jpg&src=hour/hat.png&src=day/shoe.jpg&w=60&h=40"
    assert deliver(workspace, "grid", grid).output.seconds == 3_600
    assert deliver(workspace, "transform", "src=day/shoe.jpg&w=60&mark=hour/hat.png").output.seconds == 3_600
    assert deliver(workspace, "transform", "src=day/shoe.jpg&w=61").output.seconds == 86_400


CASES = [
    ("max-age=600", 600),
    ("public, max-age=86400", 86_400),
    ("max-age=600, s-maxage=120", 120),
    ("max-age=99999999999", YEAR),
    ("public", YEAR),
    ("max-age=10", 60),
    ("max-age=0", 60),
    ("no-store", 60),
    ("no-cache", 60),
    ("private, max-age=600", 60),
    ("max-age=an hour", 60),
]


@pytest.mark.parametrize(("cache_control", "seconds"), CASES)
def test_the_origin_bounds_the_life_and_every_answer_says_it(workspace, origin, path, cache_control, seconds):
    """P08: GET, HEAD, 304, from memory and from the bucket; and the claim is as long."""
    set_lifetime(workspace, origin_cache_control=True)
    says(origin, path, cache_control)
    address = f"/transform?src=shop{path}&w=30"
    expected = f"public, max-age={seconds}" + (", immutable" if seconds == YEAR else "")
    first = ask(workspace.namespace, address)
    hits = [ask(workspace.namespace, address), ask(workspace.namespace, address, "HEAD")]
    unchanged = ask(workspace.namespace, address, If_None_Match=first.headers["etag"])
    in_bucket = deliver(workspace, "transform", address.partition("?")[2])
    assert (first.status, first.headers["x-img-cache"], unchanged.status) == (200, "MISS", 304)
    assert in_bucket.cache == CacheStatus.HIT and in_bucket.output.seconds == seconds
    for reply in (first, *hits, unchanged):
        assert reply.headers["cache-control"] == expected and int(reply.headers["age"]) <= 60
    claim = claim_rows.find_live(workspace.workspace_id, in_bucket.plan.claim, clock.now())
    assert claim.expires.timestamp() == in_bucket.output.expires
    assert used(workspace) == 2


def test_the_origin_says_nothing_unless_the_owner_turns_it_on(workspace, origin, path):
    """P08: neither for a source nor for full URLs."""
    says(origin, path, "no-store")
    external = f"http%3A%2F%2F127.0.0.1%3A{origin.port}{path}"
    for src in (f"shop{path}", external):
        assert deliver(workspace, "transform", f"src={src}&w=30").output.seconds == YEAR
    access_settings.change(workspace, "system", origin_cache_control=True)
    assert deliver(workspace, "transform", f"src={external}&w=31").output.seconds == 60
    assert deliver(workspace, "transform", f"src=shop{path}&w=31").output.seconds == YEAR
    assert audit.page(workspace.workspace_id).rows[0].after == {"origin_cache_control": True}


@pytest.mark.parametrize(("cache_control", "ttl", "seconds"), [("max-age=600", 300, 300), ("max-age=300", 600, 300)])
def test_the_shorter_of_ttl_and_origin_counts(workspace, origin, path, cache_control, ttl, seconds):
    """P08: whether the ttl is the source's or the request's."""
    set_lifetime(workspace, origin_cache_control=True)
    says(origin, path, cache_control)
    assert deliver(workspace, "transform", f"src=shop{path}&w=30&ttl={ttl}").output.seconds == seconds
    set_lifetime(workspace, ttl=ttl)
    assert deliver(workspace, "transform", f"src=shop{path}&w=31").output.seconds == seconds


def test_info_lives_a_day_at_most(workspace, origin, path):
    """P08"""
    set_lifetime(workspace, origin_cache_control=True)
    for cache_control, seconds in (("max-age=172800", 86_400), ("max-age=600", 600)):
        says(origin, path, cache_control)
        lose(workspace, "info", f"src=shop{path}")
        assert deliver(workspace, "info", f"src=shop{path}").output.seconds == seconds


def test_a_grid_lives_as_long_as_the_shortest_of_its_origins_allows(workspace, origin, path):
    """P08"""
    set_lifetime(workspace, origin_cache_control=True)
    says(origin, path, "max-age=120")
    result = deliver(workspace, "grid", f"src=shop/shoe.jpg&src=shop{path}&w=60&h=40")
    digests = [result.plan.claim, *result.plan.slots]
    rows = [Claim.find(workspace.workspace_id, digest) for digest in digests]
    assert result.output.seconds == 120 and {row.expires.timestamp() for row in rows} == {result.output.expires}


def test_a_grid_without_a_source_is_made_again_in_a_minute_but_paid_for_as_long_as_its_origins_allow(
    workspace, origin, path
):
    """H17, P08"""
    set_lifetime(workspace, origin_cache_control=True)
    says(origin, path, "max-age=600")
    result = deliver(workspace, "grid", f"src=shop{path}&src=shop/none.jpg&src=shop/not.jpg&w=60&h=40")
    claim = Claim.find(workspace.workspace_id, result.plan.claim)
    assert result.output.seconds == 60 and claim.expires.timestamp() == int(result.output.stored) + 600


def test_an_object_of_a_bucket_says_it_by_its_metadata(workspace):
    """P08"""
    bucket_sources.create(workspace, BUCKET, origin_cache_control=True)
    body = deliver(workspace, "transform", f"{SRC}&format=png").output.body
    for key, metadata, seconds in (
        ("bounded.png", {"CacheControl": "max-age=600"}, 600),
        ("private.png", {"CacheControl": "private"}, 60),
        ("plain.png", {}, YEAR),
    ):
        buckets.cache_client().put_object(Bucket=BUCKET, Key=key, Body=body, **metadata)
        assert deliver(workspace, "transform", f"src=pictures/{key}&w=30").output.seconds == seconds


def test_requests_at_once_share_one_fetch_one_charge_and_one_life(workspace, origin):
    """P08, B1: whoever waited says what the leader says."""
    slow = f"/slow/{workspace.namespace}.jpg"
    set_lifetime(workspace, origin_cache_control=True)
    says(origin, slow, "max-age=120")
    with ThreadPoolExecutor(4) as threads:
        replies = list(
            threads.map(lambda _: ask(workspace.namespace, f"/transform?src=shop{slow}&w=30&format=png"), range(4))
        )
    assert {reply.headers["cache-control"] for reply in replies} == {"public, max-age=120"}
    assert origin.requests[slow] == 1 and used(workspace) == 2
    origin.headers.pop(slow)


def test_a_claim_of_a_longer_life_ends_with_the_output_that_it_made_free(workspace, origin, path, at):
    """H35, P08, B1: or a year's charge would pay for a new picture every minute."""
    set_lifetime(workspace, origin_cache_control=True)
    query = f"src=shop{path}&w=30&format="
    assert deliver(workspace, "transform", query + "png").output.seconds == YEAR
    at(1_000)
    says(origin, path, "max-age=60")
    other = deliver(workspace, "transform", query + "webp")
    assert (other.halves, other.output.seconds) == (0, 60), "another format of a charged picture is free"
    at(1_030)
    assert deliver(workspace, "transform", query + "webp").cache == CacheStatus.HIT
    at(1_062)
    again = deliver(workspace, "transform", query + "webp")
    assert (again.cache, again.halves) == (CacheStatus.MISS, 2)
    assert deliver(workspace, "transform", query + "png").cache == CacheStatus.HIT, "it has its year"
    assert used(workspace) == 4


def test_the_same_picture_under_another_address_ends_the_claim_of_the_picture_too(workspace, origin, path, at):
    """H35, H4"""
    set_lifetime(workspace, origin_cache_control=True)
    deliver(workspace, "transform", f"src=shop{path}&w=320")
    says(origin, path, "max-age=60")
    at(1_000)
    assert deliver(workspace, "transform", f"src=shop{path}&w=900").halves == 0
    at(1_062)
    assert deliver(workspace, "transform", f"src=shop{path}&w=900").halves == 2


def test_a_crash_between_charge_and_store_costs_nothing_more_and_buys_no_longer_life(
    workspace, origin, path, at, monkeypatch
):
    """B5, P08: the charge holds for its own life; what is made free within it ends it where the origin says less."""
    set_lifetime(workspace, origin_cache_control=True)
    says(origin, path, "max-age=600")
    query = f"src=shop{path}&w=30"
    with monkeypatch.context() as patch:
        patch.setattr(cache, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deliver(workspace, "transform", query)
    assert used(workspace) == 2 and stored(workspace, "transform", query) is None
    at(100)
    says(origin, path, "max-age=60")
    assert deliver(workspace, "transform", query).halves == 0
    at(162)
    assert deliver(workspace, "transform", query).halves == 2
    assert used(workspace) == 4


REQUEST = st.tuples(st.just("request"), st.sampled_from(("png", "webp")), st.sampled_from(("", "60", "300", str(YEAR))))
ORIGIN = st.tuples(st.just("origin"), st.sampled_from((None, 0, 60, 300)), st.none())
TTL = st.tuples(st.just("ttl"), st.sampled_from((0, 60, 300)), st.none())
LOSS = st.tuples(st.just("lose"), st.sampled_from(("png", "webp")), st.none())
STEP = st.tuples(st.integers(0, 900), st.one_of(REQUEST, REQUEST, ORIGIN, TTL, LOSS))


@hypothesis_settings(
    max_examples=environment.count(10, 40, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, max_size=10))
def test_lives_and_charges_are_those_of_a_model(workspace, origin, steps):
    """P08, B1: two formats, any ttl of request and source, any Cache-Control and any loss, in any order."""
    start = float(int(clock.now()))
    path = f"/any/{workspace.namespace}-{next(_numbers)}.jpg"
    query = f"src=shop{path}&w=30"
    set_lifetime(workspace, ttl=0, origin_cache_control=True)
    model = Model(start, shop(workspace).fresh_since)
    with pytest.MonkeyPatch.context() as patch:
        for elapsed, (act, value, ttl) in sorted(steps, key=lambda step: step[0]):
            patch.setattr(clock, "now", lambda elapsed=elapsed: start + elapsed)
            cache.memory.clear()
            if act == "origin":
                model.origin = value
                origin.headers[path] = {} if value is None else {"Cache-Control": f"max-age={value}"}
            elif act == "ttl":
                model.set_ttl(value, clock.now())
                set_lifetime(workspace, ttl=value)
            elif act == "lose":
                model.outputs.pop(value, None)
                lose(workspace, "transform", f"{query}&format={value}")
            else:
                end = f"&ttl={ttl}" if ttl else ""
                result = deliver(workspace, "transform", f"{query}&format={value}{end}")
                expected = model.request(value, int(ttl or 0), clock.now())
                assert (result.cache == CacheStatus.HIT, result.halves, result.output.expires) == expected
                claim = Claim.find(workspace.workspace_id, result.plan.claim)
                assert claim.expires.timestamp() == model.claim[1]
    origin.headers.pop(path, None)


class Model:
    """When the outputs of one picture were made and end, and the same of its claim."""

    def __init__(self, start: float, fresh_since: float):
        """`fresh_since`: what the examples before have left at the source."""
        self.outputs: dict[str, tuple[float, int]] = {}
        self.claim = (0.0, 0)
        self.origin: int | None = None
        self.ttl, self.fresh_since = 0, max(fresh_since, start - 10 * YEAR)

    def set_ttl(self, ttl: int, now: float) -> None:
        """The source has another ttl: what has ended by the shorter one stays ended."""
        if ttl != self.ttl:
            self.fresh_since = max(self.fresh_since, now - min(self.ttl or YEAR, ttl or YEAR))
        self.ttl = ttl

    def request(self, output_format: str, ttl: int, now: float) -> tuple[bool, int, int]:
        """Whether it is a hit, the half-credits, and when the output ends."""
        longest = ttl or self.ttl or YEAR
        fresh_after = now - ttl if ttl else max(self.fresh_since, now - longest)
        made, ends = self.outputs.get(output_format, (0.0, 0))
        if now < ends and made > fresh_after:
            return True, 0, ends
        life = longest if self.origin is None else min(longest, max(60, self.origin))
        charged, claimed = self.claim
        is_free = claimed > now and charged > fresh_after
        ends = int(now) + life
        if not is_free:
            self.claim = (now, ends)
        elif life < longest and charged < now:
            self.claim = (charged, min(claimed, ends))
        self.outputs[output_format] = (now, ends)
        return False, 0 if is_free else 2, ends


def test_explain_says_how_long_and_why(workspace, origin, path):
    """B2"""
    set_lifetime(workspace, ttl=600)
    prefix = f"http://127.0.0.1:{origin.port}/"
    named_sources.create(
        workspace.workspace_id, name="web", kind="http", prefix=prefix, ttl=86_400, origin_cache_control=True
    )
    shoe = "/transform?src=shop/shoe.jpg&w=30"
    default, source = "the default", "the ttl of the source shop"
    assert lifetime(workspace, shoe) == (600, "exact", source)
    assert lifetime(workspace, f"{shoe}&ttl=60") == (60, "exact", "the ttl of the request or its preset")
    assert lifetime(workspace, "/placeholder/color?color=fff&w=9&h=9") == (YEAR, "exact", default)
    assert lifetime(workspace, "/info?src=shop/shoe.jpg") == (600, "exact", source)
    assert lifetime(workspace, "/info?src=shop/shoe.jpg&ttl=172800") == (86_400, "exact", default)
    grid = "/grid?src=shop/shoe.jpg&src=shop/hat.png&w=60&h=40"
    assert lifetime(workspace, grid)[1].startswith("a maximum: without some of its sources")
    says(origin, path, "max-age=120")
    bounded = f"/transform?src=web{path}&w=30"
    seconds, how_sure, by = lifetime(workspace, bounded)
    assert (seconds, by) == (86_400, "the ttl of the source web") and "Cache-Control" in how_sure
    assert ask(workspace.namespace, bounded).headers["cache-control"] == "public, max-age=120"
    assert lifetime(workspace, bounded) == (120, "exact", "how long it was to live when it was made")


def lifetime(row, address: str) -> tuple[int, str, str]:
    """What /explain says of how long a picture lives."""
    body = json.loads(ask(row.namespace, f"/explain{address}").body)
    return body["lifetime"], body["lifetime_is"], body["lifetime_by"]


def test_rows_from_before_have_no_ttl_and_follow_no_origin(workspace, origin, path):
    """H23: attributes that are absent are off, and can be set."""
    says(origin, path, "no-store")
    client = Source._get_connection().connection.client
    names = ("ttl", "fresh_since", "origin_cache_control")
    client.update_item(
        TableName=Source.Meta.table_name,
        Key={"workspace_id": {"S": workspace.workspace_id}, "name": {"S": "shop"}},
        UpdateExpression=f"REMOVE {', '.join(f'#{name}' for name in names)}",
        ExpressionAttributeNames={f"#{name}": name for name in names},
    )
    client.update_item(
        TableName=workspaces.Workspace.Meta.table_name,
        Key={"workspace_id": {"S": workspace.workspace_id}},
        UpdateExpression="REMOVE origin_cache_control",
    )
    assert named_sources.public_fields(shop(workspace))["ttl"] == 0
    assert deliver(workspace, "transform", f"src=shop{path}&w=30").output.seconds == YEAR
    external = f"http%3A%2F%2F127.0.0.1%3A{origin.port}{path}"
    assert deliver(workspace, "transform", f"src={external}&w=30").output.seconds == YEAR
    set_lifetime(workspace, ttl=600, origin_cache_control=True)
    assert int(shop(workspace).ttl) == 600 and shop(workspace).origin_cache_control
