"""One workspace at more charges a second than one counter bears: exact below, 503 above, nothing lost or doubled (B7).

The ceiling is scaled down tenfold, to 100 write units a second and key: DynamoDB Local itself does not reach the 1,000
of the real one, of which a transactional write takes two. Charges that meet go together, so that what is above it has
one transaction a second.
"""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.workspaces import workspaces
from billing.charging import credits, ledger
from billing.plans import periods
from imgapis.base import clock, dynamo
from tests import environment
from tests.billing.test_charge import bill
from tests.faults.dynamo_proxy import DynamoProxy

pytestmark = pytest.mark.prove

UNITS_A_SECOND = 100
UNITS_A_WRITE = 2
SECONDS = environment.count(3, 3, 60)
TERMS = periods.Terms(allowance=1_000_000, caps=(("day", "off", 0),))


class HotProxy(DynamoProxy):
    """Throttles a key above its write units of the running second, as DynamoDB does."""

    def __init__(self, *ports: int):
        super().__init__(*ports)
        self._second, self._spent = 0, 0
        self.units_a_second = UNITS_A_SECOND

    def fate(self, operation: str) -> str:
        """What happens to a call: a fault, or `passed`."""
        if operation != "TransactWriteItems":
            return "passed"
        with self._lock:
            second = int(time.monotonic())
            self._spent = self._spent + UNITS_A_WRITE if second == self._second else UNITS_A_WRITE
            self._second = second
            fate = "passed" if self._spent <= self.units_a_second else "overrun"
            self.seen[fate] += 1
            return fate


@pytest.fixture
def hot(dynamodb, monkeypatch):
    """Charges of this process go through the proxy; reads do not."""
    proxy = HotProxy(environment.DYNAMODB_PORT, environment.free_port())
    proxy.start()
    connection = dynamo.Connection(
        region=dynamo.Options.region,
        host=f"http://127.0.0.1:{proxy._server.server_port}",
        max_retry_attempts=0,
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",
        max_pool_connections=64,
    )
    _ = connection.client
    monkeypatch.setattr(dynamo, "connection", lambda: connection)
    yield proxy
    proxy.stop()


def outcomes(workspace_id: str, rate: float, count: int) -> list[int | str]:
    """The result of each of `count` charges, started at `rate` a second: half-credits, or the status of a refusal."""

    def charge(_) -> int | str:
        try:
            return credits.charge(bill(workspace_id), TERMS)
        except credits.ChargeUnavailable as refusal:
            return refusal.status

    with ThreadPoolExecutor(64) as threads:
        start, futures = time.monotonic(), []
        for number in range(count):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))  # the rate is the subject
            futures.append(threads.submit(charge, number))
        return [future.result() for future in futures]


@pytest.mark.timeout(300)
def test_below_the_ceiling_the_count_is_exact_and_above_it_the_rest_is_503(hot):
    """B7: never a charge without its event, never an event without its charge."""
    row = workspaces.create_unowned(namespace=f"hot-{secrets.token_hex(6)}", allowance=TERMS.allowance)
    below = outcomes(row.workspace_id, 40, 40 * SECONDS)
    assert below == [2] * len(below)
    hot.units_a_second = UNITS_A_WRITE
    above = outcomes(row.workspace_id, 200, 100 * SECONDS)
    assert set(above) <= {2, 503} and hot.seen["overrun"]
    (proof,) = ledger.prove(row.workspace_id)
    assert proof.is_valid and proof.used == 2 * (len(below) + above.count(2))


def test_a_reply_lost_longer_than_dynamodb_remembers_is_still_one_charge(dynamodb, monkeypatch):
    """B5: the retry comes past the ten minutes of a ClientRequestToken, with another; our own event's id decides."""
    tokens = []
    events = dynamo.connection().client.meta.events

    def record_token(params, **_) -> None:
        tokens.append(params["body"])

    events.register("before-call.dynamodb.TransactWriteItems", record_token)
    row = workspaces.create_unowned(namespace=f"late-{secrets.token_hex(6)}", allowance=2_000)
    charge = bill(row.workspace_id)
    try:
        assert credits.charge(charge, TERMS) == 2
        later = clock.now() + 700
        monkeypatch.setattr(clock, "now", lambda: later)
        assert credits.charge(charge, TERMS) == 2
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", record_token)
    (proof,) = ledger.prove(row.workspace_id)
    assert (proof.used, proof.events, proof.is_valid) == (2, 2, True)
    assert len(tokens) == len(set(tokens)) >= 2  # no two requests were the same to DynamoDB
