"""Charges while DynamoDB fails, through the front door: never two for one, never one for free, always in time."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from imgapis.devstack import stack
from tests import environment
from tests.conftest import ROOT, wait_for
from tests.faults.dynamo_proxy import DynamoProxy
from tests.transforms.web_client import ask

pytestmark = pytest.mark.prove

PROXY_PORT, FAULTY_PORT = environment.free_port(), environment.free_port()
LONGEST_SECONDS = 20.0


@pytest.fixture(scope="module")
def proxy(dynamodb, bucket, origin):
    """gunicorn of its own behind a proxy before DynamoDB Local."""
    dynamo_proxy = DynamoProxy(environment.DYNAMODB_PORT, PROXY_PORT)
    dynamo_proxy.start()
    variables = dict(os.environ, DYNAMODB_ENDPOINT=f"http://127.0.0.1:{PROXY_PORT}", PORT=str(FAULTY_PORT))
    variables["VAR_DIR"] = environment.FOLDER + "/faulty"
    log = open(Path(environment.FOLDER) / "faulty.log", "wb")  # noqa: SIM115 - open as long as the server
    command = stack.gunicorn_command(FAULTY_PORT, workers=2, threads=64)
    server = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log)
    wait_for(f"http://127.0.0.1:{FAULTY_PORT}/healthz")
    yield dynamo_proxy
    server.send_signal(signal.SIGINT)  # gunicorn's quick end: no answer is awaited any more
    server.wait(15)
    dynamo_proxy.stop()


@pytest.fixture
def failing(proxy):
    """The proxy, whole again afterwards."""
    yield proxy
    proxy.fail("", 0.0)


def timed_ask(namespace: str, path: str):
    """(response, seconds it took)."""
    start = time.monotonic()
    return ask(namespace, path, port=FAULTY_PORT), time.monotonic() - start


def ask_until_served(namespace: str, path: str):
    """The response after as many retries as a 503 asks for: the breaker lets a call through within a second or two."""
    deadline = time.monotonic() + 10
    while (reply := ask(namespace, path, port=FAULTY_PORT)).status == 503 and time.monotonic() < deadline:
        time.sleep(min(0.5, float(reply.headers["retry-after"])))
    return reply


def served_and_charged(workspace, replies) -> tuple[int, int]:
    """Pictures served, and credits charged; the ledger holds."""
    proofs = ledger.prove(workspace.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(reply.status == 200 for reply in replies), sum(proof.used for proof in proofs) // 2


def with_credits(workspace, credits: int):
    """The workspace with another allowance."""
    workspaces.change(workspaces.find(workspace.workspace_id), allowance=credits * 2)
    return workspace


def test_a_hundred_at_once_for_one_credit_while_nine_charges_of_ten_conflict(failing, workspace):
    """B2, B6: never two 200s for one credit, the rest 402 or 503, in bounded time."""
    failing.fail("conflict", 0.9)
    row = with_credits(workspace, 1)
    paths = [f"/transform?src=shop/any/{number}.jpg&w=16" for number in range(100)]
    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(lambda path: timed_ask(row.namespace, path), paths))
    replies = [reply for reply, _ in outcomes]
    served_count, charged_count = served_and_charged(row, replies)
    assert served_count == charged_count <= 1 and {reply.status for reply in replies} <= {200, 402, 503}
    assert max(seconds for _, seconds in outcomes) < LONGEST_SECONDS and failing.seen["conflict"] >= 9
    failing.fail("", 0.0)
    with ThreadPoolExecutor(20) as threads:
        repeated = [reply for reply, _ in threads.map(lambda path: timed_ask(row.namespace, path), paths)]
    assert served_and_charged(row, repeated)[1] == 1


def test_a_lost_reply_of_the_charge_is_one_charge(failing, workspace):
    """B5: DynamoDB wrote, and the answer never came."""
    failing.fail("lost", 0.5)
    paths = [f"/transform?src=shop/any/lost-{number}.jpg&w=16" for number in range(20)]
    replies = [timed_ask(workspace.namespace, path)[0] for path in paths]
    assert {reply.status for reply in replies} == {200} and failing.seen["lost"] >= 5
    assert served_and_charged(workspace, replies) == (20, 20)
    assert sum(float(reply.headers["x-img-credits"]) for reply in replies) == 20


def test_a_charge_nobody_heard_of_is_refused_once_and_free_ever_after(failing, workspace):
    """B5, B6: every reply is lost, so nothing is served; what was written pays for the next request."""
    failing.fail("lost", 1.0)
    path = "/transform?src=shop/any/unheard.jpg&w=16"
    lost_reply, seconds = timed_ask(workspace.namespace, path)
    assert (lost_reply.status, lost_reply.headers["x-img-credits"]) == (503, "0") and seconds < 10
    assert served_and_charged(workspace, [lost_reply]) == (0, 1) and failing.seen["lost"] > 1
    failing.fail("", 0.0)
    reply = ask_until_served(workspace.namespace, path)
    assert (reply.headers["x-img-cache"], reply.headers["x-img-credits"]) == ("MISS", "0")
    assert served_and_charged(workspace, [reply]) == (1, 1)


@pytest.mark.parametrize("fault", ["conflict", "throttle", "broken"])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_failing_store_never_serves_uncharged_and_never_charges_twice(failing, workspace, fault, share):
    """B6"""
    failing.fail(fault, share)
    paths = [f"/transform?src=shop/any/{fault}-{number}.jpg&w=16" for number in range(20)]
    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(lambda path: timed_ask(workspace.namespace, path), paths))
    replies = [reply for reply, _ in outcomes]
    served_count, charged_count = served_and_charged(workspace, replies)
    assert served_count == charged_count and {reply.status for reply in replies} <= {200, 503}
    assert max(seconds for _, seconds in outcomes) < LONGEST_SECONDS


@pytest.mark.parametrize("fault", ["conflict", "throttle", "overrun", "broken"])
def test_a_store_that_always_fails_serves_nothing_new_and_says_when_to_ask_again(failing, workspace, fault):
    """B6: never fail open."""
    failing.fail(fault, 1.0)
    reply, seconds = timed_ask(workspace.namespace, f"/transform?src=shop/any/never-{fault}.jpg&w=16")
    assert (reply.status, served_and_charged(workspace, [reply])) == (503, (0, 0))
    assert reply.headers["retry-after"] and reply.headers["cache-control"] == "no-store" and seconds < 10
