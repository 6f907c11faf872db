"""The bill simulator: a page whose script counts pasted addresses in the browser; nothing pasted ever leaves it."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.plans import catalogue
from transforms.engine import limits
from transforms.engine.request import cost, endpoints, param, params, picture_parameters, request_parameters
from transforms.engine.request.param import Param

# Stricter than our other pages: the browser itself keeps the page from asking or sending anything.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'none'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'none'"
)


def facts() -> dict:
    """The data of the script: the parameter table, what an operation costs, and the plans; all from their own tables,
    so that the page cannot differ from them."""
    return {
        "endpoints": endpoints.ENDPOINTS,
        "rows": [_row(row) for row in params.PARAMS],
        "halves": cost.HALVES,
        "positions": {f"{x:g},{y:g}": name for name, (x, y) in picture_parameters.POSITIONS.items()},
        "gridSources": request_parameters.GRID_SOURCES,
        "outputSide": limits.Limits().output_side,
        "plans": [_plan(plan) for plan in catalogue.CATALOGUE.values()],
    }


def _row(row: Param) -> dict:
    fields = asdict(row)
    for name in ("meaning", "unit"):
        fields.pop(name)
    return fields | {"accepts": param.accepts(row)}


def _plan(plan: catalogue.Plan) -> dict:
    names = ("tier", "title", "credits", "monthly", "yearly", "overage")
    return {name: getattr(plan, name) for name in names}


def simulator(request: HttpRequest) -> HttpResponse:
    """The page."""
    response = render(request, "site/simulator.html", {"facts": facts()})
    response["Content-Security-Policy"] = POLICY
    return response
