"""Storms, restarts and raw sockets: bounded, nothing lost, and the rest of the site answers meanwhile (R5, R8, R9)."""

import io
import os
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from accounts.workspaces import workspaces
from billing.charging import ledger
from tests import environment
from tests.faults.killable import Server
from tests.people import Browser
from tests.transforms.web_client import ask
from transforms.sources import named_sources

pytestmark = pytest.mark.prove

HEAVY, WORKSPACES = 12, 6
RELOADS = 2


def noise(width: int, height: int) -> bytes:
    """A PNG that does not compress."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), random.Random(2).randbytes(width * height * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def create_workspace(number: int):
    """A workspace with a source of its own."""
    row = workspaces.create_unowned(namespace=f"storm-{number}-{os.getpid()}", allowance=2_000)
    prefix = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=prefix)
    return row


def test_a_storm_of_heavy_pictures_is_bounded_and_the_service_answers_meanwhile(web, origin):
    """R5: what does not fit is asked to come again; pages and probes are not kept waiting behind it."""
    origin.pictures["/heavy.png"] = noise(1_600, 1_200)
    rows = [create_workspace(number) for number in range(WORKSPACES)]
    path = "/transform?src=shop/heavy.png&format=png&w="
    paths = [(row.namespace, path + str(700 + index)) for row in rows for index in range(HEAVY)]
    stop, probes = threading.Event(), []

    def probe() -> None:
        browser = Browser()
        while not stop.is_set():
            start = time.monotonic()
            statuses = (browser.get("/healthz").status, browser.get("/login").status)
            probes.append((statuses, time.monotonic() - start))

    watcher = threading.Thread(target=probe)
    watcher.start()
    with ThreadPoolExecutor(len(paths)) as threads:
        replies = list(threads.map(lambda target: ask(*target), paths))
    stop.set()
    watcher.join()
    # 504: a machine with other work to do met a deadline; that too is bounded, and free.
    assert {reply.status for reply in replies} <= {200, 429, 503, 504} and any(reply.status == 200 for reply in replies)
    assert all(reply.headers["retry-after"] for reply in replies if reply.status in (429, 503))
    assert len(probes) >= 3 and {statuses for statuses, _ in probes} == {(200, 200)}
    for row in rows:
        own_replies = [reply for (name, _), reply in zip(paths, replies, strict=True) if name == row.namespace]
        served_count = sum(reply.status == 200 for reply in own_replies)
        assert sum(proof.used for proof in ledger.prove(row.workspace_id)) == 2 * served_count


def test_a_reload_lets_what_takes_longer_than_the_grace_end(dynamodb, bucket, origin, workspace):
    """R9: HUP while a picture waits for its origin for nine seconds; gunicorn's grace is four here."""
    port = environment.free_port()
    server = Server(port, environment.FOLDER + "/patient")
    try:
        with ThreadPoolExecutor(1) as threads:
            asking = threads.submit(ask, workspace.namespace, "/transform?src=shop/stalled/reload.jpg&w=18", port=port)
            while not origin.requests["/stalled/reload.jpg"]:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGHUP)
            assert asking.result(60).status == 200
    finally:
        server.kill()


def test_a_reload_under_load_loses_no_request_and_bills_each_answer_once(dynamodb, bucket, origin, workspace):
    """R9: HUP to the master while people ask; then TERM, which lets what runs end."""
    port = environment.free_port()
    server = Server(port, environment.FOLDER + "/reloaded")
    stop, statuses, errors = threading.Event(), [], []

    def keep_asking(person: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                path = f"/transform?src=shop/any/reload-{person}-{number}.jpg&w=18"
                statuses.append(ask(workspace.namespace, path, port=port).status)
            except OSError as error:
                errors.append(error)

    clients = [threading.Thread(target=keep_asking, args=(person,)) for person in range(3)]
    for client in clients:
        client.start()
    try:
        for _ in range(RELOADS):
            count_before = len(statuses)
            server.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 30
            while len(statuses) < count_before + 25 and time.monotonic() < deadline:
                time.sleep(0.05)
    finally:
        stop.set()
        for client in clients:
            client.join()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
    assert errors == [] and set(statuses) == {200} and len(statuses) >= 25 * RELOADS
    assert sum(proof.used for proof in ledger.prove(workspace.workspace_id)) == 2 * len(statuses)


HOST = f"Host: localhost:{environment.WEB_PORT}\r\n"
SMUGGLED = {
    "both lengths": f"POST /login HTTP/1.1\r\n{HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": f"POST /login HTTP/1.1\r\n{HOST}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "a blank before the colon": f"POST /login HTTP/1.1\r\n{HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "an unknown encoding": f"POST /login HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a length with a sign": f"POST /login HTTP/1.1\r\n{HOST}Content-Length: +4\r\n\r\nabcd",
    "a name with a blank": f"GET /healthz HTTP/1.1\r\n{HOST}X Evil: 1\r\n\r\n",
    "a folded header": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: 1\r\n folded\r\n\r\n",
}


@pytest.mark.parametrize("raw", SMUGGLED.values(), ids=SMUGGLED)
def test_what_two_servers_could_read_differently_is_refused_and_the_connection_ends(web, raw):
    """R8"""
    with socket.create_connection(("127.0.0.1", environment.WEB_PORT), timeout=15) as connection:
        connection.sendall(raw.encode() + f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n".encode())
        response = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert response.split(b" ", 2)[1].startswith((b"400", b"501")) and response.count(b"HTTP/1.1 ") == 1
