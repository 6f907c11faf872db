"""/metrics: what every process of the host counted, added up; about no customer and nobody."""

import re
import secrets
import urllib.request

import pytest
from django.conf import settings

from telemetry import metrics
from tests import environment
from tests.transforms.web_client import ask

CANARY = f"https://{secrets.token_hex(8)}.example"


@pytest.fixture
def scraped(settings):
    """What a scraper reads, asked as often as it likes."""
    settings.METRICS_PORT = environment.free_port()
    server, thread = metrics.serve()
    yield lambda: urllib.request.urlopen(f"http://127.0.0.1:{settings.METRICS_PORT}/metrics").read().decode()
    server.shutdown()
    server.server_close()
    thread.join()


def value(text: str, series: str) -> float:
    """The value of a series, 0 where it is not there."""
    found = re.search(rf"^{re.escape(series)} ([0-9.e+]+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_miss_a_hit_and_a_refusal_are_counted_over_all_workers(web, workspace, scraped):
    series = 'imgapis_requests_total{cache="%s",operation="transform",status="%s"}'
    wanted = {("miss", "200"): 1, ("hit", "200"): 5, ("miss", "400"): 2}
    before = scraped()
    for path in ("/transform?src=shop/any/counted.jpg&w=33",) * 6 + ("/transform?src=shop/any/a.jpg&wide=1",) * 2:
        ask(workspace.namespace, path, Origin=CANARY)
    after = scraped()
    for (cache, status), count in wanted.items():
        name = series % (cache, status)
        assert value(after, name) - value(before, name) == count, name
    name = 'imgapis_credits_total{operation="transform"}'
    assert value(after, name) - value(before, name) == 1.0
    recorded = value(after, "imgapis_events_recorded_total") - value(before, "imgapis_events_recorded_total")
    charged = value(after, "imgapis_answers_charged_total") - value(before, "imgapis_answers_charged_total")
    assert (recorded, charged) == (7, 1)


def test_it_names_no_customer_no_origin_and_no_address(web, workspace, scraped):
    """P01, P04, P06: what an operator scrapes is kept elsewhere, by rules that are not ours."""
    ask(workspace.namespace, "/transform?src=shop/any/named.jpg&w=33", Origin=CANARY)
    text = scraped()
    assert "imgapis_latency_seconds_bucket" in text
    for secret in (workspace.namespace, workspace.workspace_id, CANARY, "named.jpg"):
        assert secret not in text
    assert set(re.findall(r'([a-z_]+)="', text)) <= {"operation", "cache", "status", "le", "name", "task", "outcome"}


def test_it_listens_on_loopback_only_where_a_port_is_named(scraped):
    assert settings.METRICS_PORT and scraped()
    settings.METRICS_PORT = 0
    assert metrics.serve() is None
