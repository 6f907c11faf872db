"""Versions and lives of outputs: `v` names other bytes, `ttl` bounds the age; both cost what the work costs (P08)."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import workspaces
from billing.charging import ledger
from billing.models import claims as claim_rows
from imgapis.base import buckets, clock
from telemetry.events import CacheStatus
from tests import environment
from tests.origin import picture
from tests.transforms.signer import policy
from tests.transforms.web_client import ask
from transforms.access import access_settings, presets, signing_keys
from transforms.engine.request import endpoints
from transforms.engine.request.query import Query
from transforms.serving import cache, delivery, image_plans
from transforms.serving.charging import claims, quotes
from transforms.serving.delivery import ImageRequest, ImageResponse
from transforms.tenant import tenants

SRC = "src=shop/shoe.jpg"
ADDRESSES = (
    ("transform", f"{SRC}&w=90"),
    ("info", SRC),
    ("grid", f"{SRC}&src=shop/hat.png&w=60&h=40"),
    ("placeholder/blurhash", f"{SRC}&w=20&h=20"),
    ("placeholder/color", f"{SRC}&w=20&h=20"),
)
pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def at(monkeypatch):
    """A function that sets the clock of this process to so many seconds after the test's begin, memory forgotten."""
    start, real_now = clock.now(), clock.now

    def move(seconds: float) -> None:
        cache.memory.clear()
        monkeypatch.setattr(clock, "now", lambda: start + seconds if seconds else real_now())

    return move


def used(row) -> int:
    """Half-credits charged so far; the ledger holds."""
    proofs = ledger.prove(row.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(proof.used for proof in proofs)


def deliver(row, endpoint: str, query: str) -> ImageResponse:
    """The answer of this process."""
    current = workspaces.find(row.workspace_id)
    return delivery.deliver(
        tenants.of_row(current, current.namespace), ImageRequest(endpoint, Query.parse(query), None, None, None)
    )


def plan_of(row, endpoint: str, query: str):
    """The plan of a request."""
    return image_plans.make(tenants.of_row(row, row.namespace), endpoint, Query.parse(query), None, None)


@pytest.mark.parametrize(("endpoint", "query"), ADDRESSES)
def test_a_new_version_is_made_from_the_bytes_of_now_and_charged(workspace, endpoint, query):
    """B1: and the version before stays what it was, free."""
    whole = deliver(workspace, endpoint, query).halves
    assert deliver(workspace, endpoint, f"{query}&v=2").halves == whole > 0
    assert deliver(workspace, endpoint, f"{query}&v=2").cache == CacheStatus.HIT
    assert deliver(workspace, endpoint, query).cache == CacheStatus.HIT
    assert used(workspace) == 2 * whole


def test_a_new_version_shows_what_the_source_has_become(workspace, origin):
    path = f"/versions/{workspace.namespace}.jpg"
    address = f"/transform?src=shop{path}&format=png&v="
    origin.pictures[path] = picture(size=(60, 40))
    first = ask(workspace.namespace, address + "1")
    origin.pictures[path] = picture(size=(60, 41))
    assert ask(workspace.namespace, address + "1").body == first.body
    second = ask(workspace.namespace, address + "2")
    assert second.headers["x-img-source-size"] == "60x41" and used(workspace) == 4
    origin.pictures.pop(path)


@pytest.mark.parametrize("endpoint", endpoints.PLACEHOLDERS)
def test_without_a_source_a_version_tells_nothing_apart(workspace, endpoint):
    """B1: there are no bytes that could be other ones."""
    literal = "color=fff" if endpoint == endpoints.COLOR else "blurhash=LEHV6nWB2yk8pyo0adR*.7kCMdnj"
    plans = [plan_of(workspace, endpoint, f"{literal}&w=9&h=9{end}") for end in ("", "&v=2")]
    assert plans[0].key == plans[1].key and plans[0].claim == plans[1].claim


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("v=", "v"),
        ("v=a/b", "v"),
        ("v=a+b", "v"),
        (f"v={'x' * 65}", "v"),
        ("v=%C3%A9", "v"),
        ("v=1%0A", "v"),
        ("ttl=59", "ttl"),
        ("ttl=31536001", "ttl"),
        ("ttl=1h", "ttl"),
        ("ttl=", "ttl"),
        ("v=1&v=2", "v"),
    ],
)
@pytest.mark.parametrize("endpoint", ["transform", "info"])
def test_what_is_no_version_or_no_life_is_refused_by_name(workspace, endpoint, query, param):
    reply = ask(workspace.namespace, f"/{endpoint}?{SRC}&{query}")
    assert reply.status == 400 and json.loads(reply.body)["param"] == param and used(workspace) == 0


@pytest.mark.parametrize(("endpoint", "query"), ADDRESSES)
def test_an_output_older_than_asked_is_made_again_and_charged_again(workspace, at, endpoint, query):
    """P08, B1: its claim lives as long as the output: within its life it is free, after it new work."""
    first = deliver(workspace, endpoint, f"{query}&ttl=600")
    for seconds, expected in ((599, CacheStatus.HIT), (602, CacheStatus.MISS)):
        at(seconds)
        again = deliver(workspace, endpoint, f"{query}&ttl=600")
        assert (again.cache, again.halves) == (expected, first.halves if expected == CacheStatus.MISS else 0)
    assert used(workspace) == 2 * first.halves > 0


@pytest.mark.parametrize(("endpoint", "query"), ADDRESSES)
def test_the_claim_lives_exactly_as_long_as_the_output(workspace, endpoint, query):
    """P08"""
    entry = deliver(workspace, endpoint, f"{query}&ttl=600").output
    plan = plan_of(workspace, endpoint, query)
    claim = claim_rows.find_live(workspace.workspace_id, plan.claim, clock.now())
    assert claim.expires.timestamp() == entry.expires == int(entry.stored) + 600


def test_a_longer_life_is_not_served_to_who_asks_for_a_shorter_one(workspace, at):
    """No key holds ttl: one output, of which each request takes what is new enough for it."""
    query = f"{SRC}&w=91"
    assert deliver(workspace, "transform", query).halves == 2
    at(100)
    assert deliver(workspace, "transform", f"{query}&ttl=3600").cache == CacheStatus.HIT
    renewed = deliver(workspace, "transform", f"{query}&ttl=60")
    assert (renewed.cache, renewed.halves) == (CacheStatus.MISS, 2)
    assert deliver(workspace, "transform", query).output.stored == renewed.output.stored
    assert used(workspace) == 4


def test_a_lost_output_is_made_again_free_while_its_claim_lives(workspace, at):
    """B1: however short that is."""
    query = f"{SRC}&w=92&ttl=600"
    plan = plan_of(workspace, "transform", query)
    folder = tenants.of_row(workspace, workspace.namespace).folder
    deliver(workspace, "transform", query)
    buckets.delete_prefix(cache.path(folder, plan.key, plan.retention))
    at(300)
    again = deliver(workspace, "transform", query)
    assert (again.cache, again.halves, used(workspace)) == (CacheStatus.MISS, 0, 2)
    at(602)
    assert deliver(workspace, "transform", query).cache == CacheStatus.HIT, "made at 300 seconds"


def test_browsers_are_told_the_life_that_was_asked_for(workspace):
    """P08: never as unchangeable, also of an output that is stored for longer."""
    address = f"/transform?{SRC}&w=93"
    longest = ask(workspace.namespace, address).headers["cache-control"]
    assert longest == "public, max-age=31536000, immutable"
    for _ in range(2):
        assert ask(workspace.namespace, f"{address}&ttl=600").headers["cache-control"] == "public, max-age=600"
    info = ask(workspace.namespace, f"/info?{SRC}&ttl=31536000").headers["cache-control"]
    assert info == "public, max-age=86400"


@settings(
    max_examples=environment.count(10, 40, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(requests=st.lists(st.tuples(st.integers(0, 900), st.sampled_from(("", "60", "300", "600"))), max_size=8))
def test_no_charge_within_a_life_and_one_after_it(workspace, requests):
    """B1, P08: against a model that holds when the picture was last made, and for how long."""
    start, made, ends, charges = clock.now(), None, 0, 0
    query = f"{SRC}&w=97&v=x{int(start * 1000)}"
    with pytest.MonkeyPatch.context() as patch:
        for elapsed, ttl in sorted(requests):
            patch.setattr(clock, "now", lambda elapsed=elapsed: start + elapsed)
            cache.memory.clear()
            life = int(ttl or cache.YEAR_SECONDS)
            is_due = made is None or int(start + elapsed) >= ends or elapsed - made >= life
            result = deliver(workspace, "transform", query + (f"&ttl={ttl}" if ttl else ""))
            assert result.halves == (2 if is_due else 0)
            if is_due:
                made, ends, charges = elapsed, int(start + elapsed) + life, charges + 1
    assert charges <= len(requests)


def test_presets_only_and_policies_refuse_what_they_do_not_name(workspace):
    """C1: each value would be new work at the owner's expense."""
    key = signing_keys.turn_on(workspace, "system")
    later = int(clock.now()) + 3_600
    rule = {"src": "shop/", "until": later, "w": 400, "ops": ["transform", "info"], "params": "v=7&ttl=600"}
    address = f"/transform?{SRC}&w=94"
    named, unnamed = policy(key, **rule), policy(key, **(rule | {"params": ""}))
    for end in ("&v=7", "&ttl=600", "&v=7&ttl=600"):
        assert ask(workspace.namespace, f"{address}{end}&{named}").status == 200
        assert code(workspace, f"{address}{end}&{unnamed}") == "policy_exceeded"
        assert code(workspace, f"/info?{SRC}{end}&{unnamed}") == "policy_exceeded"
    assert code(workspace, f"{address}&v=8&{named}") == "policy_exceeded"
    assert code(workspace, f"{address}&ttl=60&{named}") == "policy_exceeded"


def test_under_presets_only_the_preset_says_how_fresh(workspace):
    """C1"""
    presets.save(workspace.workspace_id, "system", "card", "w=95&v=3&ttl=600")
    access_settings.change(workspace, "system", presets_only=True)
    reply = ask(workspace.namespace, f"/transform?{SRC}&preset=card")
    assert (reply.status, reply.headers["cache-control"]) == (200, "public, max-age=600")
    for address in (f"/transform?{SRC}&preset=card&v=4", f"/transform?{SRC}&preset=card&ttl=60"):
        assert code(workspace, address) == "presets_only"
    for address in (f"/info?{SRC}&v=4", f"/info/colors?{SRC}&ttl=60"):
        assert code(workspace, address) == "presets_only"
    assert ask(workspace.namespace, f"/info?{SRC}").status == 200


def code(row, address: str) -> str:
    """The code of a refusal."""
    return json.loads(ask(row.namespace, address).body)["code"]


def test_explain_quotes_what_a_fresh_one_costs(workspace, at):
    """B2"""
    address = f"/transform?{SRC}&w=96"
    deliver(workspace, "transform", f"{SRC}&w=96")
    answers = [json.loads(ask(workspace.namespace, f"/explain{address}{end}").body) for end in ("", "&v=2")]
    assert [quote["credits"] for quote in answers] == ["0", "1"]
    at(100)
    current = tenants.of_row(workspace, workspace.namespace)
    plan = plan_of(workspace, "transform", f"{SRC}&w=96&ttl=60")
    assert quotes.quote(current, plan, claims.known_source(current, plan)).halves == 2


def test_a_grid_without_a_source_lives_no_longer_than_asked(workspace, origin):
    """H17: a day where a source is gone, and less where less is asked for."""
    gone = f"/gone/{workspace.namespace}.jpg"
    origin.statuses[gone] = 404
    address = f"/grid?{SRC}&src=shop{gone}&w=60&h=40&ttl=600"
    for expected in ("MISS", "HIT"):
        reply = ask(workspace.namespace, address)
        assert (reply.status, reply.headers["x-img-cache"]) == (200, expected)
        assert reply.headers["cache-control"] == "public, max-age=600"
    assert deliver(workspace, "grid", address.partition("?")[2]).output.seconds == 600
    origin.statuses.pop(gone)
