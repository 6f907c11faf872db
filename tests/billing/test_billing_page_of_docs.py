"""docs/billing.md states the catalogue's own numbers."""

from pathlib import Path

import pytest

from billing.plans import catalogue

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
