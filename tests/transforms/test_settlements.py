"""The charge of one piece of work, step by step: what is refused before it is done, and what its event and its claims
say (B3, H3)."""

from dataclasses import replace

import pytest
from pynamodb.exceptions import PynamoDBException

from accounts.models import workspaces
from billing.charging import credits
from billing.models import Claim, claims, counters
from imgapis.base import clock
from telemetry import recorder
from telemetry.models import events
from tests.origin import picture
from transforms.engine.job import Output
from transforms.engine.request.query import Query
from transforms.serving import delivery, image_plans, rendering
from transforms.serving.charging.settlement import Settlement
from transforms.serving.delivery import ImageRequest
from transforms.tenant import tenants

SOURCES = "&".join(f"src=shop/settled/{number}.jpg" for number in range(3))
pytestmark = pytest.mark.usefixtures("dynamodb", "forgetful")


def settlement(workspace, address: str, **options) -> Settlement:
    """The charge of an address of the workspace, as it is now."""
    endpoint, _, query = address.partition("?")
    row = workspaces.find(workspace.workspace_id)
    tenant = tenants.of_row(row, row.namespace)
    plan = image_plans.make(tenant, endpoint, Query.parse(query), None, None)
    return Settlement(tenant, plan, "https://shop.example", 0.0, **options)


def output(*used: int) -> Output:
    """A picture that shows these of its sources."""
    return Output(b"x", "image/png", 60, 40, source_size=(60, 40), used=used)


def leave(workspace, halves: int) -> None:
    """Leave so many half-credits to the workspace."""
    workspaces.change(workspaces.find(workspace.workspace_id), allowance=halves)


def stored(charge: Settlement, *digests: str) -> dict[str, int]:
    """The seconds from the beginning of the work for which claims live, by digest."""
    rows = [Claim.find(charge.tenant.workspace_id, digest) for digest in digests]
    return {row.digest: round(row.expires.timestamp() - int(charge.started)) for row in rows if row is not None}


def test_work_that_is_not_covered_is_refused_before_anything_is_fetched(workspace):
    leave(workspace, 1)
    charge = settlement(workspace, "transform?src=shop/a.jpg&w=5")
    with pytest.raises(credits.OutOfCredits):
        charge.look()


def test_work_that_was_charged_before_is_begun_with_nothing_left(workspace):
    first = settlement(workspace, "transform?src=shop/a.jpg&w=5")
    first.look()
    assert first.settle(output(0), ("p",), 9, 60) == 2
    leave(workspace, 2)
    again = settlement(workspace, "transform?src=shop/a.jpg&w=5")
    again.look()
    again.look_again(("p",))
    assert again.settle(output(0), ("p",), 9, 60) == 0


@pytest.mark.parametrize(("halves", "is_refused"), [(4, True), (11, True), (12, False)])
def test_a_grid_of_more_sources_than_are_covered_is_refused_before_it_is_rendered(workspace, halves, is_refused):
    """H3: each source is charged; what is left covers the first of them."""
    leave(workspace, halves)
    charge = settlement(workspace, f"grid?{SOURCES}&w=60&h=40")
    charge.look()
    try:
        charge.look_again(("p", "p", "p"))
    except credits.OutOfCredits:
        assert is_refused
    else:
        assert not is_refused


def test_of_a_grid_only_the_sources_that_are_there_are_asked_for(workspace):
    leave(workspace, 8)
    charge = settlement(workspace, f"grid?{SOURCES}&w=60&h=40")
    charge.look()
    charge.look_again(("p", "", "p"))


def test_one_new_source_beside_charged_ones_is_refused_before_it_is_rendered_with_nothing_left(workspace):
    leave(workspace, 8)
    first = settlement(workspace, f"grid?{SOURCES}&w=60&h=40")
    first.look()
    assert first.settle(output(0, 2), ("p", "", "q"), 9, 60) == 8
    again = settlement(workspace, f"grid?{SOURCES}&w=60&h=40")
    again.look()
    again.look_again(("p", "", "q"))
    with pytest.raises(credits.OutOfCredits):
        again.look_again(("p", "r", "q"))


def test_with_nothing_left_other_bytes_are_not_rendered(bucket, workspace, origin, monkeypatch):
    """H3: they were refused when they were made."""
    leave(workspace, 2)
    row = workspaces.find(workspace.workspace_id)
    path, rendered = f"/settled/{workspace.namespace}.jpg", []
    real_render = rendering.render
    monkeypatch.setattr(rendering, "render", lambda *args: rendered.append(args) or real_render(*args))
    origin.pictures[path] = picture(size=(60, 40))

    def ask(output_format: str) -> int:
        query = Query.parse(f"src=shop{path}&w=50&format={output_format}")
        request = ImageRequest("transform", query, None, None, None)
        return delivery.deliver(tenants.of_row(row, row.namespace), request).halves

    try:
        assert (ask("png"), ask("webp"), len(rendered)) == (2, 0, 2)
        origin.pictures[path] = picture(size=(61, 40))
        with pytest.raises(credits.OutOfCredits):
            ask("avif")
    finally:
        del origin.pictures[path]
    assert len(rendered) == 2


@pytest.mark.parametrize("step", ["look", "look_again"])
def test_where_the_store_does_not_answer_nothing_is_done_for_nothing(workspace, monkeypatch, step):
    """B3: unknown is neither covered nor spent."""
    charge = settlement(workspace, f"grid?{SOURCES}&w=60&h=40")
    if step == "look_again":
        charge.look()

    def away(*args):
        raise PynamoDBException("away")

    monkeypatch.setattr(counters, "by_name", away)
    with pytest.raises(credits.ChargeUnavailable):
        charge.look() if step == "look" else charge.look_again(("p", "p", "p"))


def test_the_event_of_a_charge_says_whose_request_it_was_and_what_was_answered(workspace):
    """P04"""
    charge = settlement(workspace, f"grid?{SOURCES}&w=60&h=40", status=404)
    charge.look()
    assert charge.settle(output(0, 2), ("p", "", "q"), 123, 60) == 8
    (event,) = events.between(workspace.workspace_id, charge.started - 5, clock.now() + 5)
    facts = (event.operation, event.cache, event.origin, event.status, event.size, event.cost)
    assert facts == ("grid", "miss", "https://shop.example", 404, 123, 8)
    days = charge.tenant.limits.retention_days
    assert event.expires.timestamp() - charge.started == pytest.approx(days * clock.DAY, abs=clock.DAY)


def test_the_hour_of_a_charge_is_marked_before_and_after_it_is_written(workspace, monkeypatch):
    """A crash between the two leaves it marked; and it is added up once the event is there."""
    order = []
    monkeypatch.setattr(recorder.current(), "record", lambda event: order.append(event.event_id))
    real_charge = credits.charge
    monkeypatch.setattr(credits, "charge", lambda *args: order.append("charge") or real_charge(*args))
    charge = settlement(workspace, "transform?src=shop/a.jpg&w=5")
    charge.look()
    charge.settle(output(0), ("p",), 9, 60)
    assert order == [order[0], "charge", order[0]] and order[0] != "charge"


def test_a_charge_belongs_to_the_moment_in_which_its_work_began(workspace):
    """B9: not to the one in which it ended, which may be another period's."""
    charge = settlement(workspace, "transform?src=shop/a.jpg&w=5", started=clock.now() - 120)
    charge.look()
    charge.settle(output(0), ("p",), 9, 60)
    assert Claim.find(workspace.workspace_id, charge.plan.claim).charged == pytest.approx(charge.started, abs=1)


def test_claims_live_as_long_as_the_output_that_they_paid_for(workspace):
    charge = settlement(workspace, "transform?src=shop/a.jpg&w=5")
    charge.look()
    charge.settle(output(0), ("p",), 9, 900)
    rows = list(Claim.query(workspace.workspace_id))
    assert {round(row.expires.timestamp()) - int(charge.started) for row in rows} == {900} and len(rows) == 2


@pytest.mark.parametrize(("seconds", "life"), [(900, 900), (None, 5_000)])
def test_claims_that_made_a_shorter_lived_output_free_end_with_it_and_no_others(workspace, seconds, life):
    """H3: where the origin gives less than was asked; at full length they stay what they are."""
    charge = settlement(workspace, "transform?src=shop/a.jpg&w=5")
    earlier, plan = charge.started - 100, charge.plan
    former = replace(plan, former="f" * 64)
    charge = replace(charge, plan=former)
    digests = (plan.claim, "f" * 64)
    for digest in digests:
        expires = clock.utc(int(charge.started) + 5_000)
        Claim(workspace.workspace_id, digest, charged=earlier, expires=expires).save()
    charge.look()
    assert charge.settle(output(0), ("p",), 9, former.seconds if seconds is None else seconds) == 0
    assert stored(charge, *digests) == dict.fromkeys(digests, life)


def test_of_a_partly_charged_grid_the_claims_from_before_end_with_its_output(workspace):
    charge = settlement(workspace, f"grid?{SOURCES}&w=60&h=40")
    slots = charge.plan.slots
    expires = clock.utc(int(charge.started) + 5_000)
    Claim(workspace.workspace_id, slots[0], charged=charge.started - 100, expires=expires).save()
    charge.look()
    assert charge.settle(output(0, 1), ("p", "q", ""), 9, 900) == 4
    assert stored(charge, *slots) == {slots[0]: 900, slots[1]: 900}


@pytest.mark.parametrize("is_purged", [False, True])
def test_a_purge_makes_what_was_charged_before_it_new_work(workspace, is_purged):
    first = settlement(workspace, "transform?src=shop/a.jpg&w=5", started=clock.now() - 60)
    first.look()
    assert first.settle(output(0), ("p",), 9, 900) == 2
    again = settlement(workspace, "transform?src=shop/a.jpg&w=5")
    if is_purged:
        again = replace(again, plan=replace(again.plan, purged_before=clock.now() - 30))
    again.look()
    assert again.settle(output(0), ("p",), 9, 900) == (2 if is_purged else 0)
    assert claims.find_live(workspace.workspace_id, again.plan.claim, clock.now()) is not None
