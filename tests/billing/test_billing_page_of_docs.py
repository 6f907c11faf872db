"""docs/billing.md states the catalogue's own numbers."""

from pathlib import Path

import pytest

from billing.plans import catalogue, offers
from billing.plans.periods import Terms
from imgapis.base import clock

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "billing.md").read_text()
ROWS = {
    "credits a month": lambda plan: f"{plan.credits:,}",
    "price a month": lambda plan: f"${plan.monthly // 100:,}" if plan.paid else "–",
    "price a year": lambda plan: f"${plan.yearly // 100:,}" if plan.paid else "–",
    "beyond, per 1,000 credits": lambda plan: f"${plan.overage / 100:.2f}" if plan.overage else "–",
    "workspaces of your own": lambda plan: str(plan.limits.workspaces),
    "seats": lambda plan: str(plan.limits.seats),
    "custom domains": lambda plan: str(plan.limits.domains),
    "sources": lambda plan: str(plan.limits.sources),
    "pictures made at once, a host": lambda plan: str(plan.limits.concurrency),
    "single requests kept, days": lambda plan: str(plan.limits.retention_days),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_page_is_the_catalogue(name):
    cells = [ROWS[name](plan) for plan in catalogue.CATALOGUE.values()]
    assert f"| {name} | {' | '.join(cells)} |" in PAGE


def test_its_example_of_an_upgrade_is_what_the_billing_page_would_say():
    """H1"""
    start, end = clock.moment_of_hour("2026-11-01T00"), clock.moment_of_hour("2026-12-01T00")
    starter, scale = Terms("starter", 40_000, start, end), catalogue.of("scale")
    middle, last_hour = (start + end) / 2, end - 3_600
    assert offers.prorated(starter, scale, "month", middle) == 14_000
    assert offers.added(starter, scale, "month", middle) == 2 * 290_000
    assert offers.prorated(starter, scale, "month", last_hour) == 39
    assert 2 * 795 < offers.added(starter, scale, "month", last_hour) < 2 * 815
    assert "costs about $140 and adds 290,000 credits; in its last hour, 39 cents and some 800." in PAGE
