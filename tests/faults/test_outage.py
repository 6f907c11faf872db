"""DynamoDB away under load: cached pictures go on, new ones are refused in time, all is made good alone (D2, B6)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from billing.charging import ledger
from tests import environment
from tests.faults.holding import HoldingProxy
from tests.faults.killable import Server, dashboard
from tests.transforms.web_client import Reply, ask

pytestmark = pytest.mark.prove

OUTAGE_SECONDS = environment.count(6.0, 6.0, 60.0)
PATIENCE_SECONDS = 2.0  # no answer hangs longer, though the engine does
SLACK_SECONDS = 1.5  # of a busy machine
PORT, DYNAMO = environment.free_port(), environment.free_port()
FOLDER = environment.FOLDER + "/outage"


@pytest.fixture(scope="module")
def engine(dynamodb):
    """DynamoDB Local behind a proxy that can swallow everything."""
    proxy = HoldingProxy(environment.DYNAMODB_PORT, DYNAMO)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module")
def server(engine, bucket, origin):
    """A server that meets DynamoDB through the proxy."""
    web_server = Server(PORT, FOLDER, DYNAMODB_ENDPOINT=f"http://127.0.0.1:{DYNAMO}", DYNAMODB_READ_SECONDS="0.9")
    yield web_server
    web_server.kill()


class Load:
    """Eight people who ask again and again: half of what they ask is cached, half is new."""

    def __init__(self, namespace: str):
        self.namespace, self.count = namespace, 0
        self.answers: list[tuple[str, Reply, float]] = []
        self._lock = threading.Lock()

    def ask(self, deadline: float) -> None:
        """Ask as one of them until `deadline` on the monotonic clock."""
        while time.monotonic() < deadline:
            with self._lock:
                self.count += 1
                number = self.count
            cached = number % 2 == 0
            path = "/transform?src=shop/any/known.jpg&w=40" if cached else f"/transform?src=shop/any/{number}.jpg&w=41"
            start = time.monotonic()
            reply = ask(self.namespace, path, port=PORT)
            self.answers.append(("cached" if cached else "new", reply, time.monotonic() - start))
            time.sleep(0.05)  # people pause; the outage, not the machine, is the subject

    def run(self, seconds: float) -> dict[str, set[tuple[int, str]]]:
        """All of them; (status, cache state) of what was cached and what was new."""
        self.answers.clear()
        deadline = time.monotonic() + seconds
        with ThreadPoolExecutor(8) as threads:
            for future in [threads.submit(self.ask, deadline) for _ in range(8)]:
                future.result()
        outcomes: dict[str, set[tuple[int, str]]] = {"cached": set(), "new": set()}
        for kind, reply, _ in self.answers:
            outcomes[kind].add((reply.status, reply.headers.get("x-img-cache", "")))
        return outcomes

    def until_whole(self) -> float:
        """Run until a second is answered whole, as it is on a machine with nothing else to do; the credits charged
        meanwhile."""
        charged = 0.0
        for _ in range(10):
            outcomes = self.run(1.0)
            charged += self.served
            if outcomes == {"cached": {(200, "HIT")}, "new": {(200, "MISS")}}:
                return charged
        raise AssertionError(f"Ten seconds, and none of them without an error: {outcomes}")

    @property
    def served(self) -> float:
        """Credits that the answers of the last run said were charged."""
        return sum(float(reply.headers["x-img-credits"]) for _, reply, _ in self.answers)

    @property
    def slowest(self) -> float:
        """Seconds of the slowest answer of the last run."""
        return max(seconds for _, _, seconds in self.answers)


@pytest.mark.timeout(600)
def test_an_outage_under_load_refuses_new_work_in_time_serves_what_is_cached_and_ends_by_itself(
    engine, server, workspace
):
    ask(workspace.namespace, "/transform?src=shop/any/known.jpg&w=40", port=PORT)
    load = Load(workspace.namespace)
    credits = 1 + load.until_whole()
    engine.hold(lambda method, body: True, "before")
    outage = load.run(OUTAGE_SECONDS)
    slowest, answers = load.slowest, len(load.answers)
    assert outage["cached"] == {(200, "HIT")}, outage
    assert outage["new"] == {(503, "")} and load.served == 0
    assert all(reply.headers["retry-after"] for kind, reply, _ in load.answers if kind == "new")
    engine.drop()
    assert load.run(1.5)["cached"] == {(200, "HIT")}  # the breaker tries once a second
    credits += load.served
    credits += load.until_whole()
    (proof,) = ledger.prove(workspace.workspace_id)
    assert proof.is_valid and proof.used == 2 * credits
    usage = dashboard(workspace.workspace_id, FOLDER)
    assert usage.cost == proof.used
    print(f"{OUTAGE_SECONDS:.0f} s away: {answers} answers, the slowest after {slowest:.2f} s; {credits:.0f} credits")
    assert slowest < PATIENCE_SECONDS + SLACK_SECONDS
