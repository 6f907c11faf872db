"""The usage of a workspace: at a glance, over time, broken down, live, one receipt, and as a download."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from accounts.decorators import workspace_page
from accounts.models import Workspace
from accounts.requests import WorkspaceHttpRequest
from imgapis.base import clock, csv_lines
from telemetry import charts, display, reports
from telemetry.charts import Bar
from telemetry.models import Event, events
from telemetry.reports import Report

TAIL = 50
RANKS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@require_GET
@workspace_page("workspace.view")
def usage(request: WorkspaceHttpRequest, beside: Callable[[Workspace], dict[str, Any]]) -> HttpResponse:
    """The page; the latest requests alone where the page asks for them again. `beside` returns the context from
    billing: the allowance as (name, value, remark), and an address to try first."""
    if request.GET.get("part") == "tail":
        return render(request, "telemetry/_tail.html", {"tail": _tail(request)})
    report = _report(request)
    context = {
        "report": report,
        "ranges": [(name, title) for name, (title, _, _) in reports.RANGES.items()],
        "glance": _glance(report),
        "comparison": comparison(report.range.step),
        "charts": _charts(report) if report.total.requests else [],
        "breakdowns": [(name, _breakdown(report, name)) for name in ("operation", "cache", "status", "origin")],
        "tail": _tail(request),
    }
    return render(request, "telemetry/usage.html", context | beside(request.workspace))


def comparison(step: str) -> str:
    """What the figures at a glance are compared with, and how true they are; `step` is that of the range."""
    clock_of_steps = "Hours are in UTC" if step == "hour" else "Days are UTC's"
    return f"Compared with the same time before. {clock_of_steps}; percentiles are true within 2 %."


def _tail(request: WorkspaceHttpRequest) -> list[dict]:
    return [_event(event) for event in events.latest(request.workspace.workspace_id, TAIL)]


def _report(request: WorkspaceHttpRequest) -> Report:
    date_range = reports.time_range(request.GET.get("range", "7d"), clock.now())
    return reports.build(request.workspace.workspace_id, date_range)


def _glance(report: Report) -> list[dict]:
    total, before = report.total, report.before
    return [
        {"name": "Requests", "value": f"{total.requests:,}", "change": display.change(total.requests, before.requests)},
        {"name": "Served from cache", "value": display.share(report.hit_ratio), "change": ""},
        {"name": "Credits", "value": display.credits_of(total.cost), "change": display.change(total.cost, before.cost)},
        {"name": "Delivered", "value": display.size(total.size), "change": display.change(total.size, before.size)},
        *(
            {"name": f"Latency {name}", "value": display.milliseconds(total.percentile(rank)), "change": ""}
            for name, rank in RANKS.items()
        ),
    ]


def _charts(report: Report) -> list[dict]:
    request_bars = [Bar(name, step_sums.requests) for name, step_sums in report.steps]
    credit_bars = [Bar(name, step_sums.cost / 2) for name, step_sums in report.steps]
    size_bars = [Bar(name, step_sums.size) for name, step_sums in report.steps]
    series = (("Requests", request_bars, ""), ("Credits", credit_bars, ""), ("Bytes delivered", size_bars, "B"))
    bar_charts = [
        {
            "title": title,
            "svg": mark_safe(charts.bars(f"{title}, {report.range.title}", values, unit=unit)),
            "columns": (title,),
            "rows": [(bar.name, (f"{bar.lower:,.15g}",)) for bar in values],
        }
        for title, values, unit in series
    ]
    return [*bar_charts, _latencies(report)]


def _latencies(report: Report) -> dict:
    """p50, p95 and p99 over time; a step without requests has none."""
    points = [(name, tuple(map(step_sums.percentile, RANKS.values()))) for name, step_sums in report.steps]
    title = f"Latency, {report.range.title}: {', '.join(RANKS)}"
    return {
        "title": "Latency",
        "svg": mark_safe(charts.lines(title, tuple(RANKS), points, said=display.milliseconds)),
        "columns": tuple(RANKS),
        "legend": tuple(RANKS),
        "rows": [(name, tuple(map(display.milliseconds, values))) for name, values in points],
    }


def _breakdown(report: Report, name: str) -> list[dict]:
    return [
        {
            "name": str(key) or "none sent",
            "requests": f"{group.requests:,}",
            "credits": display.credits_of(group.cost),
            "size": display.size(group.size),
            "p95": display.milliseconds(group.percentile(0.95)),
        }
        for key, group in report.by(name)[:50]
    ]


def _event(event: Event) -> dict:
    return {
        "id": event.event_id,
        "time": clock.stamp_exact(events.moment(event)),
        "operation": event.operation,
        "cache": event.cache,
        "status": int(event.status),
        "origin": event.origin or "none sent",
        "size": display.size(event.size),
        "latency": display.milliseconds(event.latency),
        "credits": display.credits_of(int(event.cost)),
        "charged": int(event.cost) > 0,
    }


@require_GET
@workspace_page("workspace.view")
def receipt(request: WorkspaceHttpRequest, event_id: str) -> HttpResponse:
    """One event, whole: for a charged one, the receipt."""
    event = events.find(request.workspace.workspace_id, event_id)
    if event is None:
        raise Http404
    return render(request, "telemetry/receipt.html", {"event": _event(event)})


@require_GET
@workspace_page("workspace.view")
def download(request: WorkspaceHttpRequest, kind: str) -> HttpResponse:
    """The numbers of the page as CSV or JSON, to the unit."""
    report = _report(request)
    rows = list(reports.table(report))
    name = f"usage-{request.workspace.namespace}-{report.range.name}.{kind}"
    if kind == "json":
        response: HttpResponse = JsonResponse({"range": report.range.name, "rows": rows})
    else:
        lines = [reports.COLUMNS, *(map(_csv_cell, row.values()) for row in rows)]
        response = HttpResponse(map(csv_lines.line, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv_cell(value: Any) -> Any:
    """A value as the CSV has it: "null" where nothing was measured."""
    return "null" if value is None else value
