"""One stream: dashboard, CSV, JSON, REST, ledger and bill say the same, to the unit (P11, D12)."""

import csv
import io
import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.core.management import call_command

from accounts.keys import apikeys
from accounts.models import members, workspaces
from billing.charging import credits, ledger
from billing.charging.charges import Charge
from billing.plans import periods
from imgapis.base import clock, tokens
from telemetry import display, recorder, reports, rollups
from telemetry.models import Event, events
from tests import environment, people
from tests.telemetry.made_events import some
from tests.transforms.web_client import ask
from transforms.sources import named_sources

pytestmark = pytest.mark.prove

SYNTHETIC, REAL = environment.count(500, 3_000, 100_000), environment.count(20, 120, 2_000)
YEAR = 365 * 86_400


@pytest.fixture
def owner(web):
    """The owner at a browser, and the workspace with credits enough."""
    browser, _ = people.person("agreement")
    namespace = re.search(r'href="/w/([a-z0-9-]+)/"', browser.get("/workspaces").text)[1]
    row = workspaces.of_namespace(namespace)
    workspaces.change(row, allowance=2_000_000, caps={"day": {"unit": "off", "amount": 0}})
    return browser, row


def synthetic(row) -> None:
    """Free requests by the recorder's way, charged ones by the charge."""
    now = clock.now()
    made = some(row.workspace_id, SYNTHETIC, now - 20 * 3_600, now - 60, seed=5)
    for start in range(0, len(made), 1_000):
        recorder._write_existing([one for one in made[start : start + 1_000] if not one.cost])
    terms = periods.terms_of(workspaces.find(row.workspace_id))

    def charge(one) -> None:
        moment = tokens.moment_of(one.event_id)
        credits.charge(Charge(replace(one, cache="miss"), secrets.token_hex(32), YEAR, moment), terms)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(charge, [one for one in made if one.cost]))
    recorder._write_existing([one for one in made if one.cost])  # as the spool does: for the hours' marks


def real(namespace: str) -> None:
    """Requests at the front door: new pictures, hits, refusals, every operation."""
    kinds = (
        "/transform?src=shop/any/{n}.jpg&w=16",
        "/transform?src=shop/any/same.jpg&w=16",
        "/info?src=shop/any/{n}.jpg",
        "/placeholder/color?src=shop/any/{n}.jpg&w=4&h=4",
        "/transform?src=shop/any/{n}.jpg&wide=1",
        "/grid?src=shop/any/{n}.jpg&src=shop/any/same.jpg&w=32&h=16",
    )
    paths = [kinds[number % len(kinds)].format(n=number // len(kinds)) for number in range(REAL)]
    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(lambda path: ask(namespace, path, Origin="https://shop.example").status, paths))
    assert statuses == {200, 400}


def settled(workspace_id: str, expected: int) -> list[Event]:
    """Every event, once the spools are shipped and every marked hour is added up."""
    ends = clock.now() + 60
    while clock.now() < ends:
        recorder.ship()
        rollups.process_due()
        found = list(events.between(workspace_id, clock.now() - 90_000, clock.now() + 1))
        shown = reports.build(workspace_id, reports.time_range("7d", clock.now())).total
        if len(found) == shown.requests == expected:
            return found
    raise AssertionError(f"{len(found)} of {expected} events after a minute")


@pytest.mark.timeout(1_800)
def test_dashboard_csv_json_rest_ledger_and_bill_are_identical(owner, origin):
    browser, row = owner
    prefix = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=prefix)
    synthetic(row)
    real(row.namespace)
    found = settled(row.workspace_id, SYNTHETIC + REAL)
    truth = (len(found), sum(int(one.cost) for one in found), sum(int(one.size) for one in found))
    proofs = ledger.prove(row.workspace_id)
    assert all(proof.is_valid and proof.rollups_match for proof in proofs)
    assert sum(proof.used for proof in proofs) == sum(proof.rolled for proof in proofs) == truth[1]
    table = list(csv.DictReader(io.StringIO(browser.get(f"/w/{row.namespace}/usage.csv?range=7d").text)))
    listed = json.loads(browser.get(f"/w/{row.namespace}/usage.json?range=7d").text)["rows"]
    assert said(table) == said(listed) == truth
    (place,) = members.of_workspace(row.workspace_id)
    key, _ = apikeys.create(row.workspace_id, place.person_id, "owner", name="sums", scopes=["workspace.view"], days=1)
    reply = ask(None, "/api/v1/usage?range=7d", host="localhost", Authorization=f"Bearer {key}")
    rest = json.loads(reply.body)
    assert (rest["requests"], float(rest["credits"]) * 2, rest["bytes"]) == truth and said(rest["rows"]) == truth
    page = browser.get(f"/w/{row.namespace}/usage?range=7d").text
    assert f"<dd>{truth[0]:,}" in page and f"<dd>{credits_shown(truth[1])}" in page
    assert display.decimal_credits(truth[1]) in browser.get(f"/w/{row.namespace}/billing").text.replace(",", "")
    print(f"{truth[0]:,} requests, {truth[1] / 2:,} credits, {truth[2]:,} bytes: all the same")


def said(rows: list[dict]) -> tuple[int, int, int]:
    """What rows add up to: requests, half-credits, bytes."""
    return (
        sum(int(row["requests"]) for row in rows),
        round(sum(float(row["credits"]) * 2 for row in rows)),
        sum(int(row["bytes"]) for row in rows),
    )


def credits_shown(halves: int) -> str:
    """Credits as the page writes them."""
    return f"{halves // 2:,}.5" if halves % 2 else f"{halves // 2:,}"


def test_rebuilding_the_rollups_changes_nothing(owner):
    """D12: from the events alone, as often as one likes."""
    _, row = owner
    happened = some(row.workspace_id, 200, clock.now() - 3 * 3_600, clock.now())
    recorder._write_existing(happened)
    said_by_command = io.StringIO()
    for _ in range(2):
        call_command("rebuild_rollups", row.namespace, "--days", "1", stdout=said_by_command)
        found = [cells for _, _, cells in rollups.hours(row.workspace_id, clock.hour(clock.now() - 90_000), "~")]
        assert sum(one.requests for cells in found for one in cells.values()) == sum(not one.cost for one in happened)
    assert said_by_command.getvalue().count("24 hours of") == 2
