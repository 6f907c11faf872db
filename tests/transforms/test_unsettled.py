"""A finished picture whose charge could not be settled is not rendered again for the next request (B3, H39)."""

import pytest
from pynamodb.exceptions import TransactWriteError

from billing.charging import charges, ledger
from billing.charging.credits import ChargeUnavailable
from imgapis.base import clock
from telemetry.events import CacheStatus
from transforms.engine.request.query import Query
from transforms.serving import delivery, purges, rendering
from transforms.serving.charging import unsettled
from transforms.serving.delivery import ImageRequest
from transforms.tenant import tenants


@pytest.fixture
def renderings(monkeypatch) -> list[str]:
    """The operations that were rendered."""
    operations, render = [], rendering.render

    def counted(workspace_id, plan, originals):
        operations.append(plan.operation)
        return render(workspace_id, plan, originals)

    monkeypatch.setattr(rendering, "render", counted)
    yield operations
    unsettled.memory.clear()


@pytest.fixture
def outage(monkeypatch):
    """No charge can be written until the returned function is called."""
    write = charges.write

    def fails(group, names):
        raise TransactWriteError("DynamoDB does not answer.")

    monkeypatch.setattr(charges, "write", fails)
    monkeypatch.setattr("imgapis.base.dynamo.retries", lambda *_: iter([None]))
    return lambda: monkeypatch.setattr(charges, "write", write)


def ask(row, query: str = "src=shop/shoe.jpg&w=77"):
    """The answer to an image request."""
    return delivery.deliver(
        tenants.of_namespace(row.namespace), ImageRequest("transform", Query.parse(query), None, None, None)
    )


def used(row) -> int:
    """Half-credits, by a ledger that holds."""
    (proof,) = ledger.prove(row.workspace_id)
    assert proof.is_valid
    return proof.used


def test_the_next_request_is_charged_and_renders_nothing(workspace, bucket, origin, renderings, outage):
    for _ in range(2):
        with pytest.raises(ChargeUnavailable):
            ask(workspace)
    outage()
    answer = ask(workspace)
    assert renderings == ["transform"]
    assert (answer.cache, answer.halves, used(workspace)) == (CacheStatus.MISS, 2, 2)
    assert ask(workspace).cache == CacheStatus.HIT


@pytest.mark.parametrize("change", ["purge", "minute", "other picture", "stranger"])
def test_it_is_kept_for_a_minute_and_for_the_same_request(
    workspace, stranger, bucket, origin, renderings, outage, change, monkeypatch
):
    """P07: no purge is outlived, and no other workspace is shown it."""
    with pytest.raises(ChargeUnavailable):
        ask(workspace)
    outage()
    row, query = workspace, "src=shop/shoe.jpg&w=77"
    if change == "purge":
        purges.purge(workspace, "owner", "workspace")
        tenants.clear_cache()
    elif change == "minute":
        later = clock.monotonic() + unsettled.SECONDS
        monkeypatch.setattr(clock, "monotonic", lambda: later)
    elif change == "other picture":
        query = "src=shop/shoe.jpg&w=78"
    else:
        row = stranger
    assert ask(row, query).halves == 2
    assert renderings == ["transform"] * 2


def test_its_claim_ends_with_it(workspace, bucket, origin, renderings, outage, monkeypatch):
    """H14: a picture that is paid for a while after it was made is not free for longer than it lives."""
    with pytest.raises(ChargeUnavailable):
        ask(workspace, "src=shop/shoe.jpg&w=77&ttl=3600")
    made, outage_ends = clock.now(), clock.now() + 50
    outage()
    monkeypatch.setattr(clock, "now", lambda: outage_ends)
    first = ask(workspace, "src=shop/shoe.jpg&w=77&ttl=3600")
    assert first.output.expires <= made + 3600
    monkeypatch.setattr(clock, "now", lambda: made + 3601)
    delivery.cache.memory.clear()
    assert ask(workspace, "src=shop/shoe.jpg&w=77&ttl=3600").halves == 2


def test_what_has_expired_meanwhile_is_made_anew(workspace, bucket, origin, renderings, outage, monkeypatch):
    """Nobody pays for a second of life; nor does trying again keep a picture for longer than a minute."""
    begun = clock.now()
    for seconds in (0, 40, 61):
        monkeypatch.setattr(clock, "now", lambda at=begun + seconds: at)
        with pytest.raises(ChargeUnavailable):
            ask(workspace, "src=shop/shoe.jpg&w=77&ttl=60")
    assert len(renderings) == 2
    outage()
    answer = ask(workspace, "src=shop/shoe.jpg&w=77&ttl=60")
    assert (len(renderings), answer.halves, answer.output.expires) == (2, 2, int(begun + 61) + 60)


def test_trying_again_keeps_a_picture_no_longer(workspace, bucket, origin, renderings, outage, monkeypatch):
    begun = clock.monotonic()
    for seconds in (0, 40, 80):
        monkeypatch.setattr(clock, "monotonic", lambda at=begun + seconds: at)
        with pytest.raises(ChargeUnavailable):
            ask(workspace)
    assert len(renderings) == 2


def test_what_is_kept_is_bounded(workspace, bucket, origin, renderings, outage, monkeypatch):
    memory = unsettled.UnsettledPictures(20)
    monkeypatch.setattr(unsettled, "memory", memory)
    with pytest.raises(ChargeUnavailable):
        ask(workspace)
    outage()
    assert ask(workspace).halves == 2
    assert renderings == ["transform"] * 2
