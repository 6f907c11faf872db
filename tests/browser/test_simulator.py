"""The bill simulator: it computes as the server does, makes no request, and works by keyboard."""

import json
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.plans import catalogue
from imgapis.base.outbound import urls as outbound_urls
from imgapis.site import simulator
from tests.browser.test_axe import LOOKS, violations
from tests.browser.vendor_addresses import ADDRESSES
from tests.engine import requests
from transforms.engine import errors
from transforms.engine.request import cost, endpoints, params, spec
from transforms.engine.request.query import Query

pytestmark = pytest.mark.prove

CASES = 120
ODD = ("0", "-1", "1.50", "1e3", "", "0.5,0.5", "auto", "0,0,1,1", "9999", "#ABCF")
TAKE = """async ({cases}) => {
  const {parse, canonical, halves, Refused} = await import("/static/simulator/canonical.js");
  const {tableOf} = await import("/static/simulator/table.js");
  const table = tableOf(JSON.parse(document.getElementById("facts").textContent));
  return cases.map(([endpoint, query]) => {
    try { const found = parse(table, endpoint, query); return [canonical(found), halves(table, found)]; }
    catch (fault) { if (fault instanceof Refused) return "refused"; throw fault; }
  });
}"""
RECKON = """async ({text, days}) => {
  const {reckon, predict} = await import("/static/simulator/reckoning.js");
  const {explosions} = await import("/static/simulator/explosions.js");
  const {tableOf} = await import("/static/simulator/table.js");
  const table = tableOf(JSON.parse(document.getElementById("facts").textContent));
  const found = reckon(table, text);
  const samples = [...found.samples.values()].map(one => [one.vendor, `/${one.endpoint}?${one.query}`, one.lost]);
  return {
    lines: found.lines, unbilled: found.unbilled, unknown: found.unknown, pictures: found.operations.size, samples,
    refused: [...found.refused.keys()], bill: predict(found, days ?? found.days ?? 30), days: found.days,
    explosions: explosions(found.operations.values()).map(({groups, example, ...told}) => told),
  };
}"""


@pytest.fixture
def page(window):
    """The simulator's page, loaded."""
    visitor = window("stranger")
    visitor.go("/simulator")
    return visitor.page


def server_result(endpoint: str, query: str):
    """[canonical pairs, half-credits] of a request on the server; `refused` for one that is refused."""
    try:
        request = Query.parse(query).spec(endpoint)
    except errors.EngineError:
        return "refused"
    return [list(spec.canonical(request)), cost.quote(request)]


def sample_requests(endpoint: str) -> list[tuple[str, str]]:
    """(endpoint, query) of random requests with any aliases and order, some invalid; the same ones each time."""
    cases = []

    @settings(max_examples=CASES, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def collect(data):
        items = data.draw(st.permutations(data.draw(requests.written(endpoint))))
        items = [(data.draw(st.sampled_from(params.find(endpoint, name).names)), text) for name, text in items]
        if data.draw(st.integers(0, 3)) == 0:
            index = data.draw(st.integers(0, len(items) - 1))
            items[index] = (items[index][0], data.draw(st.sampled_from(ODD)))
        cases.append((endpoint, "&".join(f"{name}={urllib.parse.quote(text)}" for name, text in items)))

    collect()
    return cases


def test_the_canonical_rules_are_the_server_s(page):
    """B1"""
    cases = [case for endpoint in endpoints.ENDPOINTS for case in sample_requests(endpoint)]
    expected = [server_result(*case) for case in cases]
    assert sum(result != "refused" for result in expected) > len(cases) // 2
    results = page.evaluate(TAKE, {"cases": cases})
    assert [
        (case, result) for case, result, answer in zip(cases, results, expected, strict=True) if result != answer
    ] == []


def test_odd_numbers_come_out_as_the_server_s(page):
    texts = (
        "dpr=1.5&w=333",
        "dpr=2.675&w=100",
        "dpr=0.1&w=4",
        "dpr=4.000000000000000001&w=9",
        "blur=0.30000000000000001",
        "hue=-0.0000000000000001",
        "hue=359.99999999999999",
        "hue=-3600",
        "crop=0.1,0.2,0.95,0.3",
        "crop=0,0,1,1",
        "crop=0,0,0.000000000000000001,1",
        "mark=a&mark-w=1",
        "mark=a&mark-w=1.0",
        "mark=a&mark-w=0.25&dpr=3",
        "size=300&w=40&dpr=2",
        "gamma=0.1000",
        "brightness=-0",
        "w=8192&dpr=1.0001",
        "w=010",
        "w=+5",
        "padding=0&dpr=2",
        "position=0.5,0.5&fit=cover&w=5&h=5",
        "position=1,0&fit=pad&w=5&h=5",
        "position=smart&fit=pad&w=5&h=5",
        "position=face&fit=pad&w=5&h=5",
        "position=face&fit=cover&w=5&h=5",
        "position=0.5,0.5&fit=pad&w=5&h=5",
        "position=top&w=5&h=5",
        "fit=cover&w=5&position=top",
        "mark-w=9",
        "w=%31%30",
        "w=%zz",
        "w=%ff",
        "blur=250.0",
        "w=1&w=1",
        "width=1&w=1",
        "unknown=1",
        "w=",
        "format=jpg",
        "background=%23ABCF",
        "background=FfF",
        "rotate=45",
        "position=face",
        "background-remove=1",
        "max-bytes=999",
        "quality=auto",
        "download=..",
        "download=a%2Fb",
    )
    cases = [("transform", f"src=a&{text}") for text in texts]
    assert page.evaluate(TAKE, {"cases": cases}) == [server_result(*case) for case in cases]


def test_full_addresses_of_sources_have_the_server_s_one_spelling(page):
    addresses = (
        "HTTPS://Shop.Example/a/../b%7Ec.jpg",
        "https://shop.example:443/x",
        "http://shop.example:80",
        "https://shop.example./q",
        "https://shop.example/%e4%bd%a0?v=%7e1",
        "https://shop.example/a//b/./c",
        "https://shop.example/?a=1&a=2",
    )
    script = "async all => all.map((await import('/static/simulator/sources.js')).canonicalSource)"
    assert page.evaluate(script, list(addresses)) == [outbound_urls.parse(text).canonical for text in addresses]


def test_the_addresses_of_other_services_are_translated(page):
    samples = page.evaluate(RECKON, {"text": "\n".join(their_url for _, their_url, _, _ in ADDRESSES)})["samples"]
    translations = [(vendor, address, bool(lost)) for vendor, address, lost in samples]
    assert translations == [(vendor, address, lossy) for vendor, _, address, lossy in ADDRESSES]
    for _, _, address, _ in ADDRESSES:
        endpoint, _, query = address[1:].partition("?")
        Query.parse(query).without("preset").spec(endpoint)  # the server takes what we say


LOG = """
1.2.3.4 - - [10/Oct/2026:00:00:00 +0000] "GET /transform?src=shop/a.jpg&w=800 HTTP/1.1" 200 99 "https://x.a/"
1.2.3.4 - - [11/Oct/2026:00:00:00 +0000] "GET /transform?width=800&src=shop/a.jpg&fallback=x HTTP/1.1" 200 99
1.2.3.4 - - [11/Oct/2026:00:00:00 +0000] "GET /transform?src=shop/a.jpg&w=800&quality=80 HTTP/1.1" 304 0
1.2.3.4 - - [12/Oct/2026:00:00:00 +0000] "GET /transform?src=shop/b.jpg&w=800 HTTP/1.1" 404 9
1.2.3.4 - - [12/Oct/2026:00:00:00 +0000] "HEAD /transform?src=shop/c.jpg HTTP/1.1" 200 0
1.2.3.4 - - [13/Oct/2026:00:00:00 +0000] "GET /transform?src=shop/a.jpg&wdith=9 HTTP/1.1" 200 9
1.2.3.4 - - [13/Oct/2026:00:00:00 +0000] "GET /style.css HTTP/1.1" 200 9
1.2.3.4 - - [14/Oct/2026:00:00:00 +0000] "GET /grid?src=shop/a.jpg&src=shop/b.jpg HTTP/1.1" 200 9
1.2.3.4 - - [14/Oct/2026:12:00:00 +0000] "GET /info?src=shop/a.jpg HTTP/1.1" 200 9
1.2.3.4 - - [14/Oct/2026:13:00:00 +0000] "GET /info/colors?src=shop/a.jpg HTTP/1.1" 200 9
1.2.3.4 - - [20/Oct/2026:00:00:00 +0000] "GET /info?src=shop/a.jpg HTTP/1.1" 200 9
"""


def test_a_log_is_counted_once_a_picture_and_errors_are_free(page):
    """B1, B3"""
    reckoning = page.evaluate(RECKON, {"text": LOG.strip()})
    assert (reckoning["lines"], reckoning["unbilled"], reckoning["unknown"], reckoning["pictures"]) == (11, 3, 1, 3)
    assert reckoning["days"] == 10 and "wdith" in reckoning["refused"][0]
    assert reckoning["bill"]["seen"] == 2 + 8 + 2  # one picture, a grid of two, /info on two days


def test_json_and_cloudfront_logs_are_read(page):
    request = {"ClientRequestHost": "d.example", "ClientRequestURI": "/transform?src=s/a.jpg&w=9"}
    json_lines = json.dumps(request | {"EdgeResponseStatus": 200}) + "\n"
    fields = "#Fields: date time sc-status cs-method cs(Host) cs-uri-stem cs-uri-query\n"
    row = "2026-10-10\t00:00:01\t200\tGET\tdemo.example\t/transform\tsrc=s/b.jpg&w=9\n"
    assert page.evaluate(RECKON, {"text": json_lines + fields + row})["pictures"] == 2


def test_the_prediction_is_arithmetic_one_can_follow(page):
    """Ten days with one new picture a line: 20 seen, and two more each of the other twenty days."""
    text = "\n".join(f"https://demo.example/transform?src=shop/{number}.jpg&w=800" for number in range(20))
    assert page.evaluate(RECKON, {"text": text, "days": 10})["bill"] == {"seen": 40, "first": 120, "later": 120}
    repeated_text = text + "\n" + text
    assert page.evaluate(RECKON, {"text": repeated_text, "days": 10})["bill"] == {"seen": 40, "first": 40, "later": 0}


def test_variant_explosions_are_told_with_what_they_cost(page):
    """C1: a changing `?t=` in the source, and every possible width."""
    source = "https%3A%2F%2Fs.example%2Fa.jpg%3Fv%3D2%26t%3D"
    stamps = [f"https://d.example/transform?src={source}{number}&w=80" for number in range(500)]
    widths = [f"https://d.example/transform?src=shop/a.jpg&w={number}" for number in range(1, 10_000)]
    reckoning = page.evaluate(RECKON, {"text": "\n".join(stamps + widths)})
    assert reckoning["explosions"] == [
        {"where": "w", "kind": "parameter", "values": 8192, "extra": 2 * 8191},
        {"where": "t", "kind": "query", "values": 500, "extra": 2 * 499},
    ]
    few_lines = "\n".join(widths[:9] + stamps[:9])
    assert page.evaluate(RECKON, {"text": few_lines})["explosions"] == []


def test_the_cheapest_plan_is_the_catalogue_s(page):
    counts = [0, 1, 1_000, 1_001, 20_000, 36_000, 60_000, 88_000, 120_000, 350_000, 389_000, 600_000, 5_000_000]
    script = """async counts => {
      const {cheapest, costOf} = await import("/static/simulator/reckoning.js");
      const {plans} = JSON.parse(document.getElementById("facts").textContent);
      return counts.map(count => { const plan = cheapest(plans, count); return [plan.tier, costOf(plan, count)]; });
    }"""
    expected = [[(plan := catalogue.cheapest_for(count)).tier, catalogue.cost_of(plan, count)] for count in counts]
    assert page.evaluate(script, counts) == expected


def test_nothing_is_asked_of_any_server_and_nothing_is_kept(window):
    """Idea 8 of the demands: pasted text never leaves the page, and the CSP would block it."""
    visitor = window("stranger")
    visitor.go("/simulator")
    visitor.page.wait_for_load_state("networkidle")
    request_urls = []
    visitor.context.on("request", lambda request: request_urls.append(request.url))
    visitor.page.get_by_label("Log lines or addresses").fill("\n".join(their_url for _, their_url, _, _ in ADDRESSES))
    visitor.page.get_by_role("button", name="Count").click()
    visitor.page.get_by_text("Cheapest for the first month").wait_for()
    assert request_urls == [] and visitor.complaints == []
    stored_length = "localStorage.length + sessionStorage.length + document.cookie.length"
    assert visitor.page.evaluate(stored_length) == 0 and visitor.context.cookies() == []
    assert visitor.page.evaluate("fetch('/healthz').then(() => 'sent', () => 'refused')") == "refused"
    assert "connect-src 'none'" in simulator.POLICY and "form-action 'none'" in simulator.POLICY


def test_it_works_by_keyboard_and_says_what_came_of_it(page):
    page.get_by_label("Log lines or addresses").focus()
    page.keyboard.insert_text("https://demo.example/transform?src=shop/a.jpg&w=800")
    page.keyboard.press("Control+Enter")
    assert "1 picture in 1 request;" in page.get_by_role("status").inner_text()
    assert page.locator("#plans tr").count() == len(catalogue.CATALOGUE)
    page.get_by_label("Log lines or addresses").fill("nothing of the kind")
    page.keyboard.press("Control+Enter")
    assert "No image address found" in page.get_by_role("status").inner_text()


def test_the_results_have_no_violation_and_fit_a_phone(window):
    visitor = window("stranger")
    urls = [f"https://d.example/transform?src=shop/a.jpg&w={width}" for width in range(1, 40)]
    for width, scheme in LOOKS:
        visitor.page.set_viewport_size({"width": width, "height": 900})
        visitor.page.emulate_media(color_scheme=scheme)
        visitor.go("/simulator")
        visitor.page.get_by_label("Log lines or addresses").fill("\n".join(urls + [entry[1] for entry in ADDRESSES]))
        visitor.page.get_by_role("button", name="Count").click()
        assert visitor.page.get_by_role("heading", name="In our addresses").is_visible()
        assert violations(visitor.page) == []
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


def test_without_javascript_it_says_what_it_needs(window):
    visitor = window("plain", java_script_enabled=False)
    visitor.go("/simulator")
    assert visitor.page.get_by_text("this page needs JavaScript").is_visible()
    assert not visitor.page.get_by_role("button", name="Count").is_visible()
