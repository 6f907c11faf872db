"""The context of the staff pages of a workspace and a person: no secret, e-mail addresses masked."""

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.safestring import mark_safe

from accounts.keys import apikeys
from accounts.models import Person, Workspace, people
from accounts.models import members as membership_rows
from accounts.sessions import sessions
from accounts.teams import invites
from accounts.workspaces import workspaces
from billing.charging import ledger
from billing.models import counters
from billing.plans import periods
from imgapis.base import clock
from imgapis.support import audit_log
from telemetry import charts, display, reports
from telemetry.charts import Bar
from telemetry.models import events
from transforms.models import domains, sources
from transforms.tenant import hosts

RANGE = "7d"
ENTRIES = 20


def masked(address: str) -> str:
    """An address that can be compared with one a customer names, and not be read: `a•••@e•••.com`."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain[:1]}•••.{domain.rpartition('.')[2]}"


def of_workspace(row: Workspace) -> dict:
    """The template context of a workspace's page."""
    report = reports.build(row.workspace_id, reports.time_range(RANGE, clock.now()))
    return {
        "workspace": row,
        "host": hosts.image_host(row.namespace),
        "plan": _plan(row),
        "people": _people(row),
        "charts": _charts(report),
        "requests": f"{report.total.requests:,}",
        "hits": display.share(report.hit_ratio),
        "errors": _errors(report),
        "failures": _failures(row.workspace_id),
        "sources": sources.of_workspace(row.workspace_id),
        "domains": domains.of_workspace(row.workspace_id),
        "proofs": ledger.prove(row.workspace_id),
        "keys": apikeys.of_workspace(row.workspace_id),
        "invites": _invites(row),
        "entries": audit_log.of_row(row)[:ENTRIES],
    }


def _plan(row: Workspace) -> dict:
    period = periods.at(periods.terms_of(row), clock.now())
    counter = counters.find(row.workspace_id, period.name)
    granted, used = (int(counter.granted), int(counter.used)) if counter else (period.allowance, 0)
    return {
        "name": row.plan,
        "state": row.billing_state or "no subscription",
        "granted": display.decimal_credits(granted),
        "used": display.decimal_credits(used),
        "left": display.decimal_credits(granted - used),
        "until": clock.day(period.ends),
    }


def _people(row: Workspace) -> list[dict]:
    members = membership_rows.of_workspace(row.workspace_id)
    names = {
        person.person_id: masked(person.email) for person in people.of_ids([member.person_id for member in members])
    }
    return [
        {
            "person_id": member.person_id,
            "role": member.role,
            "since": clock.day(member.joined),
            "address": names.get(member.person_id, "erased"),
            "link": reverse("admin:support-person", args=[member.person_id]),
        }
        for member in members
    ]


def _invites(row: Workspace) -> list[dict]:
    now = clock.now()
    return [
        {
            "address": masked(invite.email),
            "role": invite.role,
            "until": clock.day(invite.ends),
            "over": invite.ends <= now,
        }
        for invite in invites.pending(row.workspace_id)
    ]


def _charts(report: reports.Report) -> list[dict]:
    charted = (
        ("Requests", [Bar(name, totals.requests) for name, totals in report.steps]),
        ("Credits", [Bar(name, totals.cost / 2) for name, totals in report.steps]),
    )
    return [
        {"title": title, "svg": mark_safe(charts.bars(f"{title}, {report.range.title}", bars))}
        for title, bars in charted
    ]


def _errors(report: reports.Report) -> list[tuple[int, str]]:
    """(status, number of requests) of the responses of 400 and above."""
    return [(status, f"{totals.requests:,}") for status, totals in report.by("status") if int(status) >= 400]


def _failures(workspace_id: str) -> list[dict]:
    """The newest failed requests among the last hundred."""
    failed_events = [failure for failure in events.latest(workspace_id, 100) if int(failure.status) >= 400][:10]
    return [
        {
            "time": clock.stamp_exact(events.moment(failure)),
            "operation": failure.operation,
            "status": int(failure.status),
            "origin": failure.origin or "none sent",
            "link": reverse("admin:telemetry_eventpage_change", args=[quote(f"{workspace_id}~{failure.event_id}")]),
        }
        for failure in failed_events
    ]


def of_person(person: Person) -> dict:
    """The template context of a person's page: workspaces, and sessions by day."""
    return {
        "person": person,
        "address": masked(person.email),
        "since": clock.day(person.created),
        "workspaces": [
            {"row": row, "role": role, "link": reverse("admin:support-workspace", args=[row.workspace_id])}
            for row, role in workspaces.of_person(person.person_id)
        ],
        "sessions": [
            {"began": clock.day(row.started), "used": row.seen_day} for row in sessions.of_person(person.person_id)
        ],
        "entries": audit_log.of_row(person)[:ENTRIES],
    }
