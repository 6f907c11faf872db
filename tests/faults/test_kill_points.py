"""kill -9 at named points of a request's life, each pinned from outside: what is charged is what the rule says (B4).

Killed before its charge a picture has cost nothing and the next request pays; killed after it, the next is free.
"""

import io
import os
import random
import re
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest
from PIL import Image

from billing.charging import ledger
from tests import environment
from tests.faults.holding import HoldingProxy
from tests.faults.killable import Server, dashboard
from tests.transforms.web_client import ask
from transforms.sources import named_sources

pytestmark = pytest.mark.prove

ROUNDS = environment.count(12, 12, 200)
PORT, DYNAMO, BUCKET, SHOP = (environment.free_port() for _ in range(4))
FOLDER = environment.FOLDER + "/pinned"
# point → whether the picture had been charged by then
POINTS = {
    "before the fetch": False,
    "after the fetch, before the picture is made": False,
    "before the charge": False,
    "after the charge": True,
    "before the output is stored": True,
    "in the middle of the body": True,
}


class Engines:
    """The three engines a request meets, each behind a proxy that can hold a call."""

    def __init__(self):
        self.dynamo = HoldingProxy(environment.DYNAMODB_PORT, DYNAMO)
        self.bucket = HoldingProxy(environment.BUCKET_PORT, BUCKET)
        self.shop = HoldingProxy(environment.ORIGIN_PORT, SHOP)

    def __iter__(self):
        return iter((self.dynamo, self.bucket, self.shop))


@pytest.fixture(scope="module")
def engines(dynamodb, bucket, origin):
    """Proxies before the engines."""
    proxied_engines = Engines()
    for proxy in proxied_engines:
        proxy.start()
    yield proxied_engines
    for proxy in proxied_engines:
        proxy.stop()


def noise(width: int, height: int) -> bytes:
    """A PNG that does not compress."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def server(engines, origin):
    """A server that meets every engine through its proxy; `/large.png` is more than a socket takes at once."""
    origin.pictures["/large.png"] = noise(2_000, 1_500)
    web_server = Server(
        PORT,
        FOLDER,
        DYNAMODB_ENDPOINT=f"http://127.0.0.1:{DYNAMO}",
        CACHE_ENDPOINT=f"http://127.0.0.1:{BUCKET}",
        FETCH_ALLOW_PRIVATE=f"127.0.0.1:{SHOP}",
    )
    yield web_server
    web_server.kill()


@pytest.fixture
def shop(workspace, settings):
    """The workspace with its source behind the proxy."""
    settings.FETCH_ALLOW_PRIVATE |= {f"127.0.0.1:{SHOP}"}
    named_sources.create(workspace.workspace_id, name="held", kind="http", prefix=f"http://127.0.0.1:{SHOP}/")
    return workspace


def charging(method: str, body: bytes) -> bool:
    """Whether a call to DynamoDB is a charge: the transaction that writes a claim."""
    return b"TransactItems" in body and b"-claims" in body


def storing(method: str, body: bytes) -> bool:
    """Whether a call to the bucket stores something."""
    return method == "PUT"


def anything(method: str, body: bytes) -> bool:
    """Any call."""
    return True


def status_of(namespace: str, path: str) -> int | None:
    """The status of the response; None where the connection broke."""
    try:
        return ask(namespace, path, port=PORT).status
    except (OSError, HTTPException):
        return None


def kill_at(point: str, engines: Engines, server: Server, shop, path: str) -> None:
    """Ask for a picture and kill everything when it has come to the point."""
    if point == "in the middle of the body":
        return kill_in_the_body(server, shop, path)
    proxy, picks, when = {
        "before the fetch": (engines.shop, anything, "before"),
        "after the fetch, before the picture is made": (engines.shop, anything, "after"),
        "before the charge": (engines.dynamo, charging, "before"),
        "after the charge": (engines.dynamo, charging, "after"),
        "before the output is stored": (engines.bucket, storing, "before"),
    }[point]
    stopped_pids = stop_renderers(server) if "picture is made" in point else []
    proxy.hold(picks, when)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(status_of, shop.namespace, path)
        assert proxy.reached.wait(20), f"nothing came to: {point}"
        if stopped_pids:
            proxy.release()  # the bytes go on to a renderer that stands still
        server.kill()
        proxy.drop()
        assert future.result() is None
    return None


def stop_renderers(server: Server) -> list[int]:
    """SIGSTOP to the render processes, so that no picture is made."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            group, command_line = os.getpgid(int(path.parent.name)), path.read_bytes()
        except (OSError, ProcessLookupError):
            continue
        if group == server.process.pid and b"transforms.render" in command_line:
            os.kill(int(path.parent.name), signal.SIGSTOP)
            pids.append(int(path.parent.name))
    assert pids, "no render process was found"
    return pids


def kill_in_the_body(server: Server, shop, path: str) -> None:
    """Read a little of a large answer, then kill the sender."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.settimeout(30)
        reader.connect(("127.0.0.1", PORT))
        reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {shop.namespace}.localhost:{PORT}\r\n\r\n".encode())
        head = reader.recv(4_000)
        server.kill()
        rest = sum(len(piece) for piece in iter(lambda: reader.recv(65_536), b""))
    content_length = int(re.search(rb"(?i)content-length: ([0-9]+)", head)[1])
    assert head.startswith(b"HTTP/1.1 200") and len(head) + rest < content_length


@pytest.mark.timeout(3_600)
def test_what_a_kill_costs_is_what_its_point_says(engines, server, shop):
    generator = random.Random(20)
    order = [*POINTS, *generator.choices(list(POINTS), k=ROUNDS - len(POINTS))]
    generator.shuffle(order)
    counts, charges = Counter(), 0
    for number, point in enumerate(order):
        name = "large.png" if "body" in point else f"any/pinned-{number}.jpg"
        path = (
            f"/transform?src=held/{name}&w={2_000 + number if 'body' in point else 100 + number}&format=png&enlarge=1"
        )
        if "picture is made" in point:  # a new server has no render process before its first picture
            charges += ask(shop.namespace, f"/transform?src=held/any/warm-{number}.jpg&w=24", port=PORT).status == 200
        kill_at(point, engines, server, shop, path)
        server.start()
        reply = ask(shop.namespace, path, port=PORT)
        assert (reply.status, reply.headers["x-img-credits"]) == (200, "0" if POINTS[point] else "1"), point
        counts[point] += 1
        charges += 1
        (proof,) = ledger.prove(shop.workspace_id)
        assert proof.is_valid and proof.used == 2 * charges, point
    assert set(counts) == set(POINTS)
    assert dashboard(shop.workspace_id, FOLDER).cost == 2 * charges
    print(dict(counts), f"{time.process_time():.0f} s of CPU here")
