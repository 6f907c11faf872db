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

from billing import ledger
from tests import environment
from tests.faults.holding import HoldingProxy
from tests.faults.killable import Server, dashboard
from tests.transforms.web_client import ask
from transforms import source_rows

pytestmark = pytest.mark.prove

ROUNDS = environment.count(20, 20, 200)
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
    made = Engines()
    for proxy in made:
        proxy.start()
    yield made
    for proxy in made:
        proxy.stop()


def noise(width: int, height: int) -> bytes:
    """A PNG that does not compress."""
    target = io.BytesIO()
    Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3)).save(target, "PNG")
    return target.getvalue()


@pytest.fixture(scope="module")
def server(engines, origin):
    """A server that meets every engine through its proxy; `/large.png` is more than a socket takes at once."""
    origin.pictures["/large.png"] = noise(2_000, 1_500)
    running = Server(
        PORT, FOLDER, DYNAMODB_ENDPOINT=f"http://127.0.0.1:{DYNAMO}", CACHE_ENDPOINT=f"http://127.0.0.1:{BUCKET}",
        FETCH_ALLOW_PRIVATE=f"127.0.0.1:{SHOP}",
    )  # fmt: skip
    yield running
    running.kill()


@pytest.fixture
def shop(workspace, settings):
    """The workspace with its source behind the proxy."""
    settings.FETCH_ALLOW_PRIVATE |= {f"127.0.0.1:{SHOP}"}
    source_rows.create(workspace.workspace_id, name="held", kind="http", prefix=f"http://127.0.0.1:{SHOP}/")
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


def sent(namespace: str, path: str) -> int | None:
    """Ask, and be killed meanwhile."""
    try:
        return ask(namespace, path, port=PORT).status
    except (OSError, HTTPException):
        return None


def killed_at(point: str, engines: Engines, server: Server, shop, path: str) -> None:
    """Ask for a picture and kill everything when it has come to the point."""
    if point == "in the middle of the body":
        return killed_in_the_body(server, shop, path)
    proxy, picks, when = {
        "before the fetch": (engines.shop, anything, "before"),
        "after the fetch, before the picture is made": (engines.shop, anything, "after"),
        "before the charge": (engines.dynamo, charging, "before"),
        "after the charge": (engines.dynamo, charging, "after"),
        "before the output is stored": (engines.bucket, storing, "before"),
    }[point]
    stopped = stop_renderers(server) if "picture is made" in point else []
    proxy.hold(picks, when)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(sent, shop.namespace, path)
        assert proxy.reached.wait(20), f"nothing came to: {point}"
        if stopped:
            proxy.release()  # the bytes go on to a renderer that stands still
        server.kill()
        proxy.drop()
        assert waiting.result() is None
    return None


def stop_renderers(server: Server) -> list[int]:
    """SIGSTOP to the render processes, so that no picture is made."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            group, words = os.getpgid(int(path.parent.name)), path.read_bytes()
        except (OSError, ProcessLookupError):
            continue
        if group == server.process.pid and b"transforms.render" in words:
            os.kill(int(path.parent.name), signal.SIGSTOP)
            found.append(int(path.parent.name))
    assert found, "no render process was found"
    return found


def killed_in_the_body(server: Server, shop, path: str) -> None:
    """Read a little of a large answer, then kill the sender."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.settimeout(30)
        reader.connect(("127.0.0.1", PORT))
        reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {shop.namespace}.localhost:{PORT}\r\n\r\n".encode())
        head = reader.recv(4_000)
        server.kill()
        rest = sum(len(piece) for piece in iter(lambda: reader.recv(65_536), b""))
    promised = int(re.search(rb"(?i)content-length: ([0-9]+)", head)[1])
    assert head.startswith(b"HTTP/1.1 200") and len(head) + rest < promised


@pytest.mark.timeout(3_600)
def test_what_a_kill_costs_is_what_its_point_says(engines, server, shop):
    chance = random.Random(20)
    order = [*POINTS, *chance.choices(list(POINTS), k=ROUNDS - len(POINTS))]
    chance.shuffle(order)
    paid, charged = Counter(), 0
    for number, point in enumerate(order):
        large = "large.png" if "body" in point else f"any/pinned-{number}.jpg"
        path = (
            f"/transform?src=held/{large}&w={2_000 + number if 'body' in point else 100 + number}&format=png&enlarge=1"
        )
        if "picture is made" in point:  # a new server has no render process before its first picture
            charged += ask(shop.namespace, f"/transform?src=held/any/warm-{number}.jpg&w=24", port=PORT).status == 200
        killed_at(point, engines, server, shop, path)
        server.start()
        again = ask(shop.namespace, path, port=PORT)
        assert (again.status, again.headers["x-img-credits"]) == (200, "0" if POINTS[point] else "1"), point
        paid[point] += 1
        charged += 1
        (proof,) = ledger.prove(shop.workspace_id)
        assert proof.holds and proof.used == 2 * charged, point
    assert set(paid) == set(POINTS)
    assert dashboard(shop.workspace_id, FOLDER).cost == 2 * charged
    print(dict(paid), f"{time.process_time():.0f} s of CPU here")
