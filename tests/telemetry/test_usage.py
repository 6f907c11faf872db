"""The usage pages: the same numbers as the ledger, within the fields of P04, for members alone."""

import csv
import io
import json
import re

import pytest

from accounts.models import Member, workspaces
from accounts.models import members as membership_rows
from accounts.people import people as accounts_people
from accounts.teams import members
from billing.charging import ledger
from imgapis.base import clock, csv_lines
from telemetry import charts, display, events, recorder, reports, rollups
from telemetry.models import Event
from telemetry.views import usage
from tests import people
from tests.telemetry.made_events import some
from tests.transforms.web_client import ask

pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def owner():
    """The owner at a browser, and the namespace of the workspace."""
    browser, _ = people.person("usage")
    namespace = re.search(r'href="/w/([a-z0-9-]+)/"', browser.get("/workspaces").text)[1]
    return browser, namespace


def busy(namespace: str) -> tuple[str, list]:
    """A workspace with three hundred requests of the last day."""
    workspace_id = workspaces.of_namespace(namespace).workspace_id
    happened = some(workspace_id, 300, clock.now() - 20 * 3_600, clock.now())
    with Event.batch_write() as writer:
        for one in happened:
            writer.save(events.to_row(one))
    for hour in {clock.hour(clock.now() - back * 3_600) for back in range(22)}:
        rollups.rebuild_hour(workspace_id, hour)
    return workspace_id, happened


def test_an_empty_workspace_says_what_to_try_first(owner):
    browser, namespace = owner
    page = browser.get(f"/w/{namespace}/usage")
    assert page.status == 200 and "No requests in this range" in page.text


def test_page_csv_and_json_say_the_same_to_the_unit(owner):
    browser, namespace = owner
    _, happened = busy(namespace)
    requests, cost = len(happened), sum(one.cost for one in happened)
    assert f"<dd>{requests}" in browser.get(f"/w/{namespace}/usage?range=24h").text
    for kind, rows in (
        ("csv", csv.DictReader(io.StringIO(browser.get(f"/w/{namespace}/usage.csv?range=24h").text))),
        ("json", json.loads(browser.get(f"/w/{namespace}/usage.json?range=24h").text)["rows"]),
    ):
        rows = list(rows)
        assert sum(int(row["requests"]) for row in rows) == requests, kind
        assert sum(float(row["credits"]) for row in rows) * 2 == cost, kind
        assert sum(int(row["bytes"]) for row in rows) == sum(one.size for one in happened), kind


def test_real_requests_are_on_the_page_and_equal_the_ledger(owner, origin):
    """P11: the dashboard's sum is the bill's."""
    browser, namespace = owner
    row = workspaces.of_namespace(namespace)
    workspaces.change(row, allowed_sources=["127.0.0.1"])
    workspace_id = row.workspace_id
    address = f"http%3A%2F%2F127.0.0.1%3A{origin.port}%2Fshoe.jpg"
    for width in (11, 12, 11):
        assert ask(namespace, f"/transform?src={address}&w={width}").status == 200
    recorder.ship()
    rollups.rebuild_hour(workspace_id, clock.hour(clock.now()))
    (proof,) = ledger.prove(workspace_id)
    assert (proof.used, proof.is_valid) == (4, True)
    page = browser.get(f"/w/{namespace}/usage?range=24h").text
    assert "<dt>Credits</dt><dd>2" in page
    receipt = re.search(rf"/w/{namespace}/usage/[0-9a-f-]{{36}}", page)[0]
    assert "transform" in browser.get(receipt).text


def test_a_stranger_and_somebody_elses_event_are_not_found(owner):
    """A9"""
    browser, namespace = owner
    _, happened = busy(namespace)
    stranger, _ = people.person("stranger")
    for path in ("usage", "usage.csv", f"usage/{happened[0].event_id}"):
        assert stranger.get(f"/w/{namespace}/{path}").status == 404
        assert browser.get(f"/w/{namespace}/{path}").status == 200
    own = re.search(r'href="/w/([a-z0-9-]+)/"', stranger.get("/workspaces").text)[1]
    assert stranger.get(f"/w/{own}/usage/{happened[0].event_id}").status == 404


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_cell_of_a_csv_is_a_formula(text):
    """A18"""
    assert csv_lines.line(["a", text, -1]) == f"a,'{text},-1\r\n"


def test_a_csv_without_a_request_has_the_columns_of_a_full_one(owner):
    browser, namespace = owner
    text = browser.get(f"/w/{namespace}/usage.csv?range=24h").text
    assert text == ",".join(reports.COLUMNS) + "\r\n"


def test_a_chart_escapes_what_it_shows_and_holds_no_style():
    """A18, P09"""
    svg = charts.bars("<b>", [charts.Bar("<script>", 3), charts.Bar("2026-11-24", 0)])
    assert "<script>" not in svg and "style=" not in svg and "&lt;script&gt;" in svg


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (9, 10), (11, 20), (240, 250), (251, 500), (0.4, 1)])
def test_an_axis_ends_at_a_round_number(value, top):
    assert charts.ceiling(value) == top


def test_numbers_are_shown_for_people():
    assert (display.credits_of(2_001), display.size(1_500_000), display.share(0.5)) == ("1,000.5", "1.5 MB", "50.0 %")
    assert (display.milliseconds(None), display.milliseconds(1_234), display.change(3, 2)) == ("–", "1.23 s", "+50 %")


def test_a_removed_member_sees_no_usage(owner):
    _, namespace = owner
    row = workspaces.of_namespace(namespace)
    (place,) = membership_rows.of_workspace(row.workspace_id)
    other, address = people.person("teammate")
    mate = accounts_people.of_email(address)
    Member(row.workspace_id, mate.person_id, role="viewer", joined=clock.now()).save()
    assert other.get(f"/w/{namespace}/usage").status == 200
    members.remove(place, mate.person_id)
    assert other.get(f"/w/{namespace}/usage").status == 404


def test_the_latest_requests_are_asked_for_alone(owner):
    """What the page asks for every ten seconds is a part of it, and as private as the whole."""
    browser, namespace = owner
    _, happened = busy(namespace)
    part = browser.get(f"/w/{namespace}/usage?part=tail")
    assert part.status == 200 and 'id="tail"' in part.text and "<html" not in part.text
    newest = max(happened, key=lambda one: one.event_id)
    assert newest.event_id in part.text and 'hx-trigger="every 10s"' in browser.get(f"/w/{namespace}/usage").text
    assert people.Browser().get(f"/w/{namespace}/usage?part=tail").status == 302


def test_latencies_are_drawn_over_time_with_a_gap_where_nothing_was_asked():
    points = [("2026-11-01", (5, 9)), ("2026-11-02", (None, None)), ("2026-11-03", (7, 8))]
    svg = charts.lines("Latency", ("p50", "p95"), points, said=display.milliseconds)
    assert [path.count("M") for path in re.findall(r' d="([^"]+)"', svg)] == [2, 2]
    assert svg.count("<circle") == 4 and "2026-11-03 p95: 8 ms" in svg and "style=" not in svg
    assert "None" not in svg and "2026-11-02 p50" not in svg


def test_the_page_has_percentiles_over_time_as_a_picture_and_as_a_table(owner):
    browser, namespace = owner
    busy(namespace)
    page = browser.get(f"/w/{namespace}/usage?range=24h").text
    table = page[page.index('aria-label="Latency as a table"') :]
    rows = re.findall(r"<tr><td>(\S+)</td>((?:<td class=\"number\">[^<]+</td>){3})", table[: table.index("</table>")])
    assert len(rows) == 24 and any(" ms" in values for _, values in rows)
    assert 'class="line-3"' in page and all(f">{rank}</th>" in table for rank in ("p50", "p95", "p99"))


def test_the_glance_says_what_is_used_of_the_allowance_and_where_it_is_heading(owner):
    """As the billing page says it, from the same place."""
    browser, namespace = owner
    page, bill = browser.get(f"/w/{namespace}/usage").text, browser.get(f"/w/{namespace}/billing").text
    for name in ("Credits used", "Left", "Forecast"):
        figure = re.compile(rf"<dt>{name}</dt><dd>([^<]+?)\s*<small[^>]*>([^<]+)</small>")
        assert figure.search(page).groups() == figure.search(bill).groups(), name


def test_the_empty_page_shows_an_address_to_try(owner):
    browser, namespace = owner
    browser.post(f"/w/{namespace}/samples", {})
    page = browser.get(f"/w/{namespace}/usage").text
    assert f"{namespace}.localhost" in page and "/transform?src=" in page


@pytest.mark.parametrize(("step", "clock_of_steps"), [("hour", "Hours are in UTC"), ("month", "Days are UTC's")])
def test_the_glance_says_what_it_is_compared_with(step, clock_of_steps):
    assert usage.comparison(step) == (
        f"Compared with the same time before. {clock_of_steps}; percentiles are true within 2 %."
    )
