"""The prices: the catalogue, the cost of each operation and the never-billed list, as a public page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.charging import caps
from billing.money import dollars
from billing.plans import catalogue as plan_catalogue
from billing.plans.catalogue import Plan
from telemetry.display import decimal_credits
from transforms.engine.request import cost

LEDGER = "proven by the ledger, every night"
TESTS = "held by tests"
NEVER_BILLED = (
    ("A picture from the cache", LEDGER),
    ("304, not modified", LEDGER),
    ("An error, whoever's it is: 4xx and 5xx", LEDGER),
    ("HEAD and OPTIONS", TESTS),
    ("/explain and /limits", TESTS),
    ("Another output format of the same picture, of the same source bytes", TESTS),
    ("A larger size of an original that has no more pixels", TESTS),
    ("A request that waited for another one's result", TESTS),
    ("Making a picture again that we had lost, or that a new engine draws", TESTS),
    ("A fallback in place of a refused picture", TESTS),
    ("Asking again after a lost answer", TESTS),
)
AGAIN = {"info": "after 24 hours"}
UNITS = {"grid": " for each picture in it"}


def pricing(request: HttpRequest) -> HttpResponse:
    """The page."""
    catalogue = list(plan_catalogue.CATALOGUE.values())
    operations = [
        {
            "name": name,
            "credits": decimal_credits(halves) + UNITS.get(name, ""),
            "again": AGAIN.get(name, "after a year"),
        }
        for name, halves in cost.HALVES.items()
    ]
    context = {
        "plans": catalogue,
        "rows": rows(catalogue),
        "operations": operations,
        "never_billed": NEVER_BILLED,
        "smallest_day": decimal_credits(caps.SMALLEST_DAY),
    }
    return render(request, "site/pricing.html", context)


def rows(catalogue: list[Plan]) -> list[tuple[str, list[str]]]:
    """The table of plans: (title of the row, a value per plan)."""
    limit_rows = (
        ("Teammates", "seats"),
        ("Workspaces of one owner", "workspaces"),
        ("Custom domains", "domains"),
        ("Sources", "sources"),
        ("Pictures made at once", "concurrency"),
    )
    return [
        ("A month", [dollars(plan.monthly) for plan in catalogue]),
        ("A year", [dollars(plan.yearly) for plan in catalogue]),
        ("Credits a month", [f"{plan.credits:,}" for plan in catalogue]),
        (
            "Overage, 1,000 credits",
            ["none sold" if plan.overage is None else dollars(plan.overage) for plan in catalogue],
        ),
        *((title, [f"{getattr(plan.limits, name):,}" for plan in catalogue]) for title, name in limit_rows),
        ("Single requests kept", [f"{plan.limits.retention_days} days" for plan in catalogue]),
    ]
