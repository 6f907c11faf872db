"""H36: the fast lane answers what Django would have answered, or leaves the request to it."""

import gc
import io
import uuid
from dataclasses import dataclass, replace

import pytest
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey, Member, workspaces
from imgapis.base import clock
from imgapis.base.outbound import fetch
from imgapis.server import fast_lane
from imgapis.server.fast_lane import FastLane
from telemetry import metrics, recorder
from telemetry.events import RequestEvent
from telemetry.models import events as event_rows
from tests import environment
from tests.transforms.signer import policy, signed
from tests.transforms.web_client import ask
from transforms.access import presets, signing_keys
from transforms.models import blocks as block_rows
from transforms.models import sources as source_rows
from transforms.serving import blocks, cache, image_responses, purges
from transforms.sources import named_sources
from transforms.tenant import tenants

PICTURE = "/transform?src=shop/shoe.jpg&w=20"
SHOP = "https://shop.example"
ADDRESSES = (
    PICTURE,
    "/transform?w=20&src=shop/shoe.jpg",
    "/transform/shop/shoe.jpg?w=20&format=png&download=a%22b.png",
    "/transform/shop/any//b%2Fc.jpg?w=20",
    "/transform?src=shop/shoe.jpg&w=20&ttl=60",
    "/transform?src=shop/shoe.jpg&preset=small",
    "/transform?src=shop/none.jpg&w=20",
    "/transform?src=shop/shoe.jpg&w=20&w=21",
    "/info?src=shop/shoe.jpg&select=metadata",
    "/info/colors?src=shop/shoe.jpg",
    "/grid?src=shop/shoe.jpg&src=shop/none.jpg&w=30&h=20",
    "/placeholder/color?color=c04020&w=8&h=8",
    "/explain/transform?src=shop/shoe.jpg&w=20",
    "/limits",
    "/nowhere",
)
ACCEPTS = (None, "image/avif,image/webp,*/*;q=0.8", "image/webp;q=0", "*/*", "image/webp," + "x/y," * 2_000, "\xff;;,=")
ORIGINS = (None, SHOP, "https://evil.test", "null", "", "https://" + "a" * 300)
CONDITIONS = (None, "the etag", "weak", "*", '"garbage', ",,,W/,\xfe", '"' + "e" * 8_000 + '"')
CALLERS = (None, "curl/8", fetch.HEADERS["User-Agent"])


@dataclass(frozen=True)
class Answer:
    """An answer, without what is its own each time: the request's id, and of its event the id and the latency."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    events: tuple[RequestEvent, ...]

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return dict(self.headers).get(name)


class Lanes:
    """A workspace's pictures through the fast lane and past it, in this process."""

    def __init__(self, row, recorded: list[RequestEvent]):
        self.row, self.recorded, self.slow_answers = row, recorded, 0
        self.host = f"{row.namespace}.localhost"
        self.key: str | None = None
        self.etags: dict[str, str] = {}
        self.django = get_wsgi_application()
        self.lane = FastLane(self._slow)

    def _slow(self, environ, start_response):
        self.slow_answers += 1
        return self.django(environ, start_response)

    def ask(self, application, address: str, method: str = "GET", **headers: str | None) -> Answer:
        """Ask one of the two."""
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "RAW_URI": address,
            "PATH_INFO": path.replace("%2F", "/"),
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "HTTP_HOST": self.host,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        environ |= {name: value for name, value in headers.items() if value is not None}
        self.recorded.clear()
        start: list = []
        response = application(environ, lambda status, headers: start.extend((status, headers)))
        body = b"".join(response)
        status, sent = start
        assert uuid.UUID(dict(sent)["X-Request-Id"]).version == 4
        events = tuple(replace(event, event_id="", latency=0) for event in self.recorded)
        return Answer(status, tuple(pair for pair in sent if pair[0] != "X-Request-Id"), body, events)

    def fast(self, address: str, method: str = "GET", **headers: str | None) -> Answer | None:
        """The fast lane's answer where it gives one itself, after it was compared with Django's; None where it does
        not."""
        if self.key is not None and "?" in address:
            address = signed(self.key, address)
        headers["HTTP_IF_NONE_MATCH"] = self._condition(address, headers.get("HTTP_IF_NONE_MATCH"))
        before = self.slow_answers
        answer = self.ask(self.lane, address, method, **headers)
        if (etag := answer.header("ETag")) is not None:
            self.etags[address] = etag
        if self.slow_answers > before:
            return None
        assert self.ask(self.django, address, method, **headers) == answer
        return answer

    def _condition(self, address: str, condition: str | None) -> str | None:
        etag = self.etags.get(address, '"none"')
        return {"the etag": etag, "weak": f'"other", W/{etag}'}.get(condition or "", condition)


class Clock:
    """The application's clock, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now, self.monotonic = clock.now(), clock.monotonic()

    def move(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += seconds
        self.monotonic += seconds


@pytest.fixture
def time(monkeypatch):
    """A clock that the test moves."""
    stopped = Clock()
    monkeypatch.setattr(clock, "now", lambda: stopped.now)
    monkeypatch.setattr(clock, "monotonic", lambda: stopped.monotonic)
    return stopped


@pytest.fixture
def lanes(workspace, bucket, origin, forgetful, monkeypatch):
    """Both ways to the pictures of a workspace; what is recorded is noted and recorded."""
    recorded: list[RequestEvent] = []
    record = image_responses.record

    def note(event, **keywords):
        recorded.append(event)
        record(event, **keywords)

    monkeypatch.setattr(image_responses, "record", note)
    presets.save(workspace.workspace_id, "system", "small", "w=24")
    return Lanes(workspaces.find(workspace.workspace_id), recorded)


def _row(lanes):
    return workspaces.find(lanes.row.workspace_id)


def _purge(lanes, time):
    purges.purge(_row(lanes), "system", "prefix", "shop/shoe")


def _block(lanes, time):
    blocks.block(_row(lanes), "system", "prefix", "shop/shoe", "a report")


def _unblock(lanes, time):
    for rule in block_rows.of_workspace(lanes.row.workspace_id):
        blocks.lift(_row(lanes), "system", rule, "a mistake")


def _restrict_origins(lanes, time):
    workspaces.change(_row(lanes), allowed_origins=["shop.example"])


def _open_origins(lanes, time):
    workspaces.change(_row(lanes), allowed_origins=["*"])


def _suspend(lanes, time):
    workspaces.change(_row(lanes), suspended=True)


def _resume(lanes, time):
    workspaces.change(_row(lanes), suspended=False, presets_only=False)


def _presets_only(lanes, time):
    workspaces.change(_row(lanes), presets_only=True)


def _other_preset(lanes, time):
    presets.save(lanes.row.workspace_id, "system", "small", "w=28")


def _require_signatures(lanes, time):
    lanes.key = signing_keys.turn_on(_row(lanes), "system") or signing_keys.rotate(_row(lanes), "system")


def _end_signatures(lanes, time):
    signing_keys.turn_off(_row(lanes), "system")
    lanes.key = None


def _edit_source(lanes, time):
    source = source_rows.find(lanes.row.workspace_id, "shop")
    named_sources.change(source, ttl=0 if source.ttl else 90)


def _forget(lanes, time):
    cache.memory.clear()


def _wait(lanes, time):
    time.move(61)


def _expire(lanes, time):
    time.move(86_400)


def _nothing(lanes, time):
    pass


CHANGES = (
    _nothing,
    _purge,
    _block,
    _unblock,
    _restrict_origins,
    _open_origins,
    _suspend,
    _resume,
    _presets_only,
    _other_preset,
    _require_signatures,
    _end_signatures,
    _edit_source,
    _forget,
    _wait,
    _expire,
)
WITHOUT_EFFECT = (_nothing, _unblock, _open_origins, _resume, _end_signatures)  # where nothing else came before
TELLING_CHANGES = [change for change in CHANGES if change not in WITHOUT_EFFECT]
REQUESTS = st.fixed_dictionaries(
    {
        "address": st.sampled_from(ADDRESSES),
        "method": st.sampled_from(("GET", "GET", "GET", "HEAD", "OPTIONS", "POST")),
        "HTTP_ACCEPT": st.sampled_from(ACCEPTS),
        "HTTP_ORIGIN": st.sampled_from(ORIGINS),
        "HTTP_IF_NONE_MATCH": st.sampled_from(CONDITIONS),
        "HTTP_RANGE": st.sampled_from((None, "bytes=0-9", "bytes=garbage")),
        "HTTP_USER_AGENT": st.sampled_from((*CALLERS, None)),
    }
)


@given(
    rounds=st.lists(
        st.tuples(st.sampled_from(CHANGES), st.booleans(), st.lists(REQUESTS, min_size=1, max_size=3)),
        min_size=1,
        max_size=5,
    )
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=environment.count(12, 150, 1_000),
)
def test_every_answer_of_the_fast_lane_is_djangos(lanes, time, rounds):
    """Each request is asked again, so that it may be remembered, and once more after each change, seen or not."""
    asked_so_far: list[dict] = []
    for change, is_seen, requests in rounds:
        change(lanes, time)
        if is_seen:
            tenants.clear_cache()
        for request in (*asked_so_far, *requests, *requests):
            lanes.fast(**request)
        asked_so_far = [*asked_so_far, *requests][-6:]


def _warm(lanes, address: str, **request) -> Answer:
    """The third answer to a request, which has to be the fast lane's own: a miss and a hit came before."""
    for _ in range(2):
        lanes.fast(address, **request)
    answer = lanes.fast(address, **request)
    assert answer is not None, address
    return answer


@pytest.mark.parametrize("change", TELLING_CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_after_a_change_the_fast_lane_answers_nothing_from_before(lanes, time, change):
    """Also once the tenant is known again, which the request for /limits sees to."""
    warm_answers = [_warm(lanes, address, HTTP_ORIGIN=SHOP) for address in ADDRESSES[:2]]
    change(lanes, time)
    tenants.clear_cache()
    lanes.fast("/limits")
    for address in ADDRESSES[:2]:
        assert lanes.fast(address, HTTP_ORIGIN=SHOP) is None
    assert [answer.status for answer in warm_answers] == ["200 OK"] * 2


@pytest.mark.parametrize("address", [*ADDRESSES[:6], *ADDRESSES[8:12]])
def test_a_hit_is_answered_in_front_of_django(lanes, time, address):
    answer = _warm(lanes, address, HTTP_ACCEPT="image/webp", HTTP_ORIGIN=SHOP)
    time.move(3)
    tenants.clear_cache()
    lanes.fast(address, HTTP_ACCEPT="image/webp")  # the tenant is read by the slow path alone
    later = lanes.fast(address, HTTP_ACCEPT="text/html,image/webp;q=0.1,*/*", HTTP_ORIGIN="https://other.example")
    assert later is not None and later.body == answer.body, "read again, the tenant is what it was"
    assert int(later.header("Age") or 0) == int(answer.header("Age") or 0) + 3
    assert (later.header("X-Img-Cache"), later.header("X-Img-Credits")) == ("HIT", "0")
    (event,) = later.events
    assert (event.cache, event.cost, event.size, event.origin) == ("hit", 0, len(later.body), "https://other.example")


def test_a_condition_a_head_and_a_range_are_answered_as_by_django(lanes, time):
    etag = _warm(lanes, PICTURE).header("ETag")
    for condition in ("the etag", "weak", "*"):
        answer = _warm(lanes, PICTURE, HTTP_IF_NONE_MATCH=condition)
        assert (answer.status, answer.body, answer.header("ETag")) == ("304 Not Modified", b"", etag)
        assert answer.header("Content-Length") is None and answer.events[0].size == 0
    assert _warm(lanes, PICTURE, HTTP_IF_NONE_MATCH='"garbage').status == "200 OK"
    assert _warm(lanes, PICTURE, method="HEAD").events[0].size == 0
    whole = _warm(lanes, PICTURE, HTTP_RANGE="bytes=0-9")
    assert whole.status == "200 OK" and len(whole.body) == int(whole.header("Content-Length") or 0)


def test_a_signature_holds_until_its_end_and_its_keys_end(lanes, time):
    key = signing_keys.turn_on(lanes.row, "system")
    until = int(clock.now()) + 30
    for address in (
        signed(key, f"{PICTURE}&exp={until}"),
        f"{PICTURE}&{policy(key, src='shop/', until=until, w=100)}",
    ):
        assert _warm(lanes, address).header("Cache-Control") == f"public, max-age={int(until - clock.now())}"
    time.move(20)
    tenants.clear_cache()
    lanes.fast("/limits")
    assert int(_warm(lanes, address).header("Cache-Control").rpartition("=")[2]) <= 10
    time.move(10)
    for _ in range(2):
        assert lanes.fast(address) is None, "it has expired"
    assert lanes.ask(lanes.lane, address).status == "403 Forbidden"
    unsigned = PICTURE + "&sig=" + "x" * 40
    assert lanes.fast(unsigned) is None and lanes.ask(lanes.lane, unsigned).status == "403 Forbidden"


def test_a_signature_ends_with_the_api_key_that_made_its_key(lanes, time):
    """H8, H36: nothing of the workspace's own row says so."""
    workspace_id, person_id, prefix = lanes.row.workspace_id, uuid.uuid4().hex, uuid.uuid4().hex
    Member(workspace_id, person_id, role="admin", joined=clock.now()).save()
    owned = {"workspace_id": workspace_id, "person_id": person_id, "name": "k", "digest": "none", "scopes": []}
    ApiKey(prefix, created=clock.now(), expires=0, **owned).save()
    address = signed(signing_keys.turn_on(_row(lanes), f"key:{prefix}"), PICTURE)
    tenants.clear_cache()
    assert _warm(lanes, address).status == "200 OK"
    ApiKey(prefix).delete()
    tenants.clear_cache()
    lanes.fast("/limits")
    assert lanes.fast(address) is None
    assert lanes.ask(lanes.lane, address).status == "403 Forbidden"


def test_no_site_is_given_what_another_may_see(lanes, time):
    _restrict_origins(lanes, time)
    allowed = _warm(lanes, PICTURE, HTTP_ORIGIN=SHOP)
    assert allowed.header("Access-Control-Allow-Origin") == SHOP and "Origin" in (allowed.header("Vary") or "")
    assert _warm(lanes, PICTURE).header("Access-Control-Allow-Origin") is None
    for foreign in ("https://evil.test", "null", SHOP + ":1x"):
        assert lanes.fast(PICTURE, HTTP_ORIGIN=foreign) is None
        assert lanes.ask(lanes.lane, PICTURE, HTTP_ORIGIN=foreign).status == "403 Forbidden"


def test_a_host_that_is_nobodys_is_djangos_to_answer(lanes, time):
    _warm(lanes, PICTURE)
    for host in ("127.0.0.1", "[::1]", "10.0.0.1:80", "", "x" * 300 + ".localhost", "a b", "localhost"):
        assert lanes.fast(PICTURE, HTTP_HOST=host) is None, host


def test_a_path_that_differs_from_the_address_sent_is_another_request(lanes, time):
    """A proxy or a header may rewrite the path (SCRIPT_NAME): nothing of one is answered to the other."""
    _warm(lanes, PICTURE)
    assert lanes.fast(PICTURE, PATH_INFO="/info") is None
    assert lanes.fast(PICTURE, QUERY_STRING="src=shop/hat.png&w=20") is None
    assert lanes.fast(PICTURE, SCRIPT_NAME="/explain") is None


def test_what_is_remembered_is_bounded_and_holds_no_picture(lanes, time, monkeypatch):
    """P07: the bytes are the memory cache's; what nobody asks for is gone after a minute."""
    _warm(lanes, PICTURE)
    for number in range(300):
        lanes.fast(PICTURE, HTTP_IF_NONE_MATCH=f'"{number}{"x" * 60_000}"')
    assert 1 < len(lanes.lane._answers) < 300 and lanes.lane._answers.currsize <= fast_lane.MOST_BYTES
    answer = lanes.lane._answers[next(iter(lanes.lane._answers))]
    cache.memory.clear()
    gc.collect()
    assert answer.hit.output() is None
    time.move(61)
    assert len(lanes.lane._answers) == 0


def test_every_hit_is_counted(lanes, time):
    before = metrics.total("imgapis_requests_total", operation="transform", cache="hit", status="200")
    _warm(lanes, PICTURE)
    for _ in range(20):
        assert lanes.fast(PICTURE, HTTP_ORIGIN=SHOP) is not None
    recorder.current().flush()
    rows = list(event_rows.between(lanes.row.workspace_id, clock.now() - 1, clock.now() + 1))
    hits = [row for row in rows if row.cache == "hit" and row.origin == SHOP]
    assert len(hits) == 40, "twenty by each lane"
    assert metrics.total("imgapis_requests_total", operation="transform", cache="hit", status="200") == before + 43


def test_both_lanes_say_the_same_over_http(web, workspace):
    """Through gunicorn: the same headers and bytes, whoever of its processes answers, and no body with HEAD."""
    address = "/transform?src=shop/shoe.jpg&w=23"
    ask(workspace.namespace, address)
    own = {"x-request-id", "date", "age"}
    for method, condition in (("GET", {}), ("HEAD", {}), ("GET", {"If_None_Match": "*"})):
        replies = [ask(workspace.namespace, address, method, **condition, Accept="image/webp") for _ in range(12)][2:]
        for reply in replies[1:]:
            assert (reply.status, reply.body) == (replies[0].status, replies[0].body)
        ids = {reply.headers["x-request-id"] for reply in replies}
        kinds = {tuple(pair for pair in reply.headers.items() if pair[0] not in own) for reply in replies}
        assert len(ids) == len(replies) and len(kinds) == 1
