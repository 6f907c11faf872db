"""H37: hits that nginx answers from its own cache: the server's answers, each counted, none for longer than said."""

import http.client
import itertools
import json
import os
import signal
import ssl
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from pynamodb.exceptions import PynamoDBException

from accounts.models import workspaces
from imgapis.verify import search
from telemetry import front_spool, recorder, spool
from telemetry.models import events as event_rows
from tests import environment
from tests.faults import front
from tests.faults.killable import Server
from transforms.serving import purges

pytestmark = [
    pytest.mark.prove,
    pytest.mark.timeout(400),
    pytest.mark.skipif(front.NGINX is None, reason="nginx is not installed: the proxy in front is not tried"),
]
REQUESTS = environment.count(10_000, 10_000, 100_000)
CLIENTS = 8
HOLD_SECONDS = 7.0  # five of the tenant's rows, two at nginx
OWN = {"date", "x-request-id", "age", "connection", "server", "strict-transport-security", "keep-alive"}


class Stack:
    """A web server with nginx in front, which writes its hits where the server takes them."""

    def __init__(self, folder: Path):
        folder.mkdir(exist_ok=True)
        self.folder, self.lines = folder, folder / "lines"
        self.lines.mkdir()
        port = environment.free_port()
        self.nginx = front.Front(folder, environment.free_port(), environment.free_port(), port)
        self.server = Server(port, str(folder / "var"), NGINX_SPOOL=str(self.nginx.spool))
        self._stopping = threading.Event()
        self._linking = threading.Thread(target=self._link, daemon=True)
        self._linking.start()

    def stop(self) -> None:
        """Stop both."""
        self._stopping.set()
        self._linking.join()
        self.nginx.stop()
        self.server.kill()

    def _link(self) -> None:
        while not self._stopping.wait(0.1):
            self._link_all()

    def _link_all(self) -> None:
        """Give each file of nginx a second name, under which it stays when the server has taken it."""
        for path in self.nginx.spool.glob("*.jsonl"):
            with suppress(FileExistsError, FileNotFoundError):
                os.link(path, self.lines / f"{path.stat().st_ino}-{path.name}")

    def written(self) -> list[dict]:
        """Every line that nginx has written."""
        self._link_all()
        return [json.loads(line) for path in self.lines.glob("*.jsonl") for line in path.read_bytes().splitlines()]


class Client:
    """A connection by TLS that is kept open, made again where it breaks."""

    def __init__(self, nginx: front.Front, host: str):
        self.nginx, self.host, self.connection = nginx, host, None

    def ask(self, path: str, method: str = "GET", **headers: str):
        """The answer: status, headers in lower case and bytes."""
        if self.connection is None:
            context = ssl._create_unverified_context()
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.nginx.tls, timeout=60, context=context)
        request_headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"Host": self.host}
        try:
            self.connection.request(method, path, headers=request_headers)
            response = self.connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        return response.status, {name.lower(): value for name, value in response.getheaders()}, body


@pytest.fixture(scope="module")
def stack(dynamodb, bucket, origin, tmp_path_factory):
    """Both, for every test here."""
    running = Stack(Path(tmp_path_factory.mktemp("nginx-hits")))
    yield running
    running.stop()


def _stored(row) -> dict[str, object]:
    """The events of a workspace by id, read in pages that a busy engine answers in time."""
    stored, key = {}, None
    while True:
        page = event_rows.page(row.workspace_id, key, 500)
        stored |= {event.event_id: event for event in page}
        key = page.last_evaluated_key
        if key is None:
            return stored


def _drained(stack: Stack, row) -> dict[str, object]:
    """The events of a workspace once nothing waits any more."""
    deadline, before = time.monotonic() + 240, -1
    while time.monotonic() < deadline:
        spool.ship(Path(stack.server.folder) / "spool", recorder._write_existing)
        waiting = [*stack.nginx.spool.glob("*.jsonl"), *(Path(stack.server.folder) / "spool").glob("*.jsonl")]
        try:
            stored = _stored(row)
        except PynamoDBException:
            continue  # ten thousand events of one workspace, on a machine that is busy
        if not waiting and len(stored) == before:
            return stored
        before = len(stored)
        time.sleep(1.0)  # files of nginx are taken once their second is over, segments close every two
    raise AssertionError(f"after four minutes there wait {waiting}")


def _lines_of(stack: Stack, row) -> list[dict]:
    return [line for line in stack.written() if line["workspace_id"] == row.workspace_id]


def _without(headers: dict[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


def test_a_hit_from_nginx_is_the_servers_answer_and_an_event(stack, workspace):
    """P04, H37: the same bytes and headers, an id of its own; one line with the fields of an event, and no more."""
    client, address = Client(stack.nginx, f"{workspace.namespace}.localhost"), "/transform?src=shop/shoe.jpg&w=31"
    direct = http.client.HTTPConnection("127.0.0.1", stack.server.port, timeout=60)
    answers = [client.ask(address, Accept="image/webp", Origin=f"https://Shop{n}.example") for n in range(40)]
    direct.request("GET", address, headers={"Host": client.host, "Accept": "image/webp"})
    reference = direct.getresponse()
    body, headers = reference.read(), {name.lower(): value for name, value in reference.getheaders()}
    direct.close()
    ids = [uuid.UUID(headers["x-request-id"]) for _, headers, _ in answers]
    assert len(set(ids)) == len(ids) and {each.version for each in ids} == {4}
    marks = {"x-accel-expires", "x-img-workspace", "x-img-operation"}
    assert marks <= set(headers), "the server tells nginx, and nginx nobody"
    for status, sent, content in answers[2:]:
        assert (status, content) == (200, body)
        assert _without(sent, OWN) == _without(headers, OWN | marks)
        assert (sent["x-img-cache"], sent["x-img-credits"], sent["cache-control"]) == (
            "HIT",
            "0",
            "public, max-age=31536000, immutable",
        )
        assert int(sent["age"]) >= 0
    stored, lines = _drained(stack, workspace), _lines_of(stack, workspace)
    assert len(stored) == len(answers) + 1 and 0 < len(lines) < len(answers)
    origins = {event.origin for event in stored.values()}
    assert {f"https://shop{n}.example" for n in range(40)} <= origins
    event_fields = {"workspace_id", "operation", "origin", "status", "size", "latency", "moment", "id"}
    assert {frozenset(line) for line in lines} == {frozenset(event_fields)}
    facts = {(line["status"], line["size"], line["operation"]) for line in lines}
    assert facts == {("200", str(len(body)), "transform")}


def test_no_lane_answers_otherwise(stack, workspace):
    """Formats, conditions, ranges, HEAD, garbage: as the server answers by itself."""
    client, address = Client(stack.nginx, f"{workspace.namespace}.localhost"), "/transform?src=shop/shoe.jpg&w=32"
    server = http.client.HTTPConnection("127.0.0.1", stack.server.port, timeout=60)
    accepts = ("image/avif,image/webp", "image/webp", "*/*", "image/avif;q=0, image/webp;q=0.1", "x/y," * 1_900)
    others = ({}, {"If_None_Match": "*"}, {"If_None_Match": '"garbage'}, {"Range": "bytes=0-9"})
    others += ({"If_Modified_Since": "yesterday"}, {"If_Unmodified_Since": "Thu, 01 Jan 2015 00:00:00 GMT"})
    others += ({"If_Match": '"x"'}, {"If_Range": '"x"', "Range": "bytes=5-"})
    for accept in accepts:
        for _ in range(3):
            client.ask(address, Accept=accept)
        for method, extra in itertools.product(("GET", "HEAD"), others):
            status, sent, body = client.ask(address, method, Accept=accept, **extra)
            names = {name.replace("_", "-"): value for name, value in extra.items()}
            server.request(method, address, headers={"Host": client.host, "Accept": accept, **names})
            response = server.getresponse()
            assert (status, body) == (response.status, response.read()), (method, accept, extra)
            assert (sent.get("content-type"), sent.get("etag")) == (
                response.getheader("Content-Type"),
                response.getheader("ETag"),
            )
    server.close()


def test_what_is_signed_or_for_some_sites_is_not_kept(stack, workspace):
    workspaces.change(workspaces.find(workspace.workspace_id), allowed_origins=["shop.example"])
    client, address = Client(stack.nginx, f"{workspace.namespace}.localhost"), "/transform?src=shop/shoe.jpg&w=33"
    for _ in range(10):
        assert client.ask(address, Origin="https://shop.example")[0] == 200
        assert client.ask(address, Origin="https://evil.test")[0] == 403
    assert _lines_of(stack, workspace) == []


@pytest.mark.parametrize("change", ["purge", "suspend", "restrict"])
def test_a_change_holds_within_seven_seconds(stack, workspace, change):
    """H15, H37: five of the tenant's rows and two at nginx; an erasure is the end of the rows, as a suspension is."""
    client, address = Client(stack.nginx, f"{workspace.namespace}.localhost"), "/transform?src=shop/shoe.jpg&w=34"
    for _ in range(5):
        client.ask(address, Origin="https://evil.test")
    row = workspaces.find(workspace.workspace_id)
    if change == "purge":
        purges.purge(row, "system", "workspace")
    else:
        values = {"suspend": {"suspended": True}, "restrict": {"allowed_origins": ["shop.example"]}}[change]
        workspaces.change(row, **values)
    changed = last_old = time.monotonic()
    while time.monotonic() < changed + 3 * HOLD_SECONDS:
        asked = time.monotonic()
        status, headers, _ = client.ask(address, Origin="https://evil.test")
        if status != 200 or headers["x-img-cache"] != "HIT":
            break
        last_old = asked
    else:
        raise AssertionError("it never held")
    print(f"{change}: the last old answer was asked for after {last_old - changed:.1f} s")
    assert last_old - changed < HOLD_SECONDS


def test_each_of_many_hits_is_counted_through_a_reload_and_a_kill(stack, workspace):
    """P11, H37: every line is an event; of the answers that clients had whole, as many have none as were under way when
    nginx was killed, at most."""
    host = f"{workspace.namespace}.localhost"
    addresses = [f"/transform?src=shop/shoe.jpg&w={width}&format=jpeg" for width in range(60, 66)]
    for address in addresses:
        Client(stack.nginx, host).ask(address)
    numbers, broken = itertools.count(), itertools.count()

    def ask_many(_) -> int:
        client, answered = Client(stack.nginx, host), 0
        while (number := next(numbers)) < REQUESTS:
            try:
                status, _, _ = client.ask(addresses[number % len(addresses)])
                answered += status == 200
            except (OSError, http.client.HTTPException):
                next(broken)
                front.wait_for_listener(stack.nginx.plain)
            if number == REQUESTS // 3:
                stack.nginx.process.send_signal(signal.SIGHUP)
            if number == 2 * REQUESTS // 3:
                stack.nginx.kill_and_start()
        return answered

    with ThreadPoolExecutor(CLIENTS) as threads:
        answered = sum(threads.map(ask_many, range(CLIENTS))) + len(addresses)
    stored, lines = _drained(stack, workspace), _lines_of(stack, workspace)
    print(f"{answered} answers, {len(stored)} events, {len(lines)} lines of nginx, {next(broken)} broken connections")
    assert len(lines) > REQUESTS / 4, "many were answered by nginx"
    assert {front_spool._event(line).event_id for line in lines} <= set(stored), "each line is an event"
    assert answered - len(stored) <= CLIENTS and len(stored) - answered <= 2 * CLIENTS


def test_nothing_of_a_viewer_is_in_what_nginx_writes(stack, workspace):
    """P01, P06: not the address, nor any header but Origin, whatever is in it."""
    client, mark = Client(stack.nginx, f"{workspace.namespace}.localhost"), "canary8e21"
    address = f"/transform?src=shop/any/{mark}.jpg&w=35"
    for _ in range(20):
        client.ask(address, User_Agent=mark, Cookie=mark, Referer=f"https://{mark}.example/", Origin=f"x {mark}")
        client.ask(address, X_Forwarded_For="192.0.2.77", Origin="https://shop.example")
    lines = [json.dumps(line) for line in _lines_of(stack, workspace)]
    assert lines, "some were answered by nginx"
    found = search.find([("lines", line.encode()) for line in lines], {"viewer": mark.encode(), "client": b"127.0.0.1"})
    assert found == [] and all("192.0.2.77" not in line for line in lines)
    assert search.find(search.files(stack.nginx.spool, Path(stack.server.folder)), {"viewer": mark.encode()}) == []
