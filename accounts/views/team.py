"""The team of a workspace: members, roles, invites, and accepting one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.decorators import fresh_code, login_required, workspace_page
from accounts.forms import InviteForm, RoleForm, add_error
from accounts.models import AuditEntry, Invite, Member
from accounts.models import members as membership_rows
from accounts.models import people as person_rows
from accounts.people import lookalikes, people
from accounts.requests import PersonHttpRequest, WorkspaceHttpRequest
from accounts.sessions import admission
from accounts.teams import invites, members, roles
from accounts.workspaces import transfers
from imgapis.base import clock
from imgapis.base.errors import ApiError

# acts whose target says nothing to a reader: an invite's id, the workspace itself
GONE = "deleted user"
PLAIN_ACTS = {
    "invite.sent",
    "invite.resent",
    "invite.changed",
    "invite.revoked",
    "workspace.created",
    "workspace.changed",
    "workspace.renamed",
    "workspace.suspended",
    "workspace.resumed",
    "erasure.proposed",
    "erasure.asked",
    "erasure.undone",
    "export.mailed",
}


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.view")
def team(request: WorkspaceHttpRequest) -> HttpResponse:
    """Everybody in the workspace; who may, invites here."""
    form = InviteForm(request.member.role, request.POST or None)
    if request.method == "POST":
        roles.require(request.member.role, "members.manage")
    if form.is_valid():
        try:
            row = invites.invite(request.member, form.cleaned_data["email"], form.cleaned_data["role"])
        except ApiError as refusal:
            add_error(form, refusal)
        else:
            again = f"The invitation is on its way again, as {row.role}. Its old link no longer works."
            _tell_sent(request, row, "The invitation is on its way." if row.sent == row.created else again)
            return redirect("team", request.workspace.namespace)
    return render(request, "accounts/team.html", _facts(request, form), status=400 if form.errors else 200)


def _tell_sent(request: HttpRequest, row: Invite, sentence: str) -> None:
    """Say that an invite was mailed, or that its mail was held back."""
    if held_sentence := invites.held_sentence(row):
        messages.warning(request, held_sentence)
    else:
        messages.success(request, sentence)


def _facts(request: WorkspaceHttpRequest, form: InviteForm) -> dict:
    can_manage = roles.allows(request.member.role, "members.manage")
    member_rows = membership_rows.of_workspace(request.workspace.workspace_id)
    names = {row.person_id: row.email for row in person_rows.of_ids([member.person_id for member in member_rows])}
    rows = [_row(request, row, names, can_manage) for row in member_rows]
    pending = invites.pending(request.workspace.workspace_id) if can_manage else []
    marks = lookalikes.marks([*names.values(), *(row.email for row in pending)])
    for row in rows:
        row["mark"] = marks.get(row["email"], "")
    return {
        "rows": sorted(rows, key=lambda row: (roles.ROLES.index(row["role"]), row["email"])),
        "invites": [
            {
                "row": row,
                "over": row.ends <= clock.now(),
                "until": clock.day(row.ends),
                "mark": marks.get(row.email),
                "held": _held_text(row),
            }
            for row in pending
        ],
        "form": form,
        "manages": can_manage,
        "roles": roles.ROLES,
        "matrix": roles.matrix(),
        "owner": request.member.role == "owner",
        "owners_settle": _owners_settle(request, member_rows),
    }


def _owners_settle(request: WorkspaceHttpRequest, member_rows: list[Member]) -> bool:
    """Whether there is a bill that is settled when one of several owners goes (H34)."""
    owners_count = sum(row.role == "owner" for row in member_rows)
    return owners_count > 1 and bool(transfers.preview(request.workspace.workspace_id).before)


def _held_text(row: Invite) -> str:
    if row.mail_held_until is None:
        return ""
    return f"mail held back: send again from {admission.time_of_day(row.mail_held_until)} UTC on"


def _row(request: WorkspaceHttpRequest, row: Member, names: dict[str, str], can_manage: bool) -> dict:
    is_self = row.person_id == request.user.person_id
    can_change = can_manage and row.role in roles.grantable(request.member.role)
    form = RoleForm(request.member.role, initial={"role": row.role}, auto_id=f"{row.person_id}_%s")
    return {
        "person_id": row.person_id,
        "email": names.get(row.person_id, "deleted user"),
        "role": row.role,
        "joined": clock.day(row.joined),
        "mine": is_self,
        "form": form if can_change and not is_self else None,
    }


@require_POST
@workspace_page("members.manage")
def change_role(request: WorkspaceHttpRequest, person_id: str) -> HttpResponse:
    """Give a member another role."""
    members.change_role(request.member, person_id, request.POST.get("role", ""))
    messages.success(request, "The role is changed.")
    return redirect("team", request.workspace.namespace)


@require_POST
@workspace_page("members.manage")
def remove(request: WorkspaceHttpRequest, person_id: str) -> HttpResponse:
    """Take a member out."""
    members.remove(request.member, person_id)
    messages.success(request, "The member is removed.")
    return redirect("team", request.workspace.namespace)


@require_POST
@workspace_page("workspace.view")
def leave(request: WorkspaceHttpRequest) -> HttpResponse:
    """Leave the workspace: one click, as joining was (P20)."""
    members.leave(request.member)
    messages.success(request, f"You have left {request.workspace.namespace}.")
    return redirect("workspaces")


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.own")
@fresh_code
def transfer(request: WorkspaceHttpRequest) -> HttpResponse:
    """Hand the ownership to another member."""
    if request.method == "POST":
        members.transfer(request.member, request.POST.get("person", ""))
        messages.success(request, "Ownership is transferred. You are an admin now.")
        return redirect("team", request.workspace.namespace)
    context = _facts(request, InviteForm(request.member.role))
    candidates = [row for row in context["rows"] if not row["mine"] and row["role"] != "owner"]
    bill = transfers.preview(request.workspace.workspace_id)
    return render(request, "accounts/transfer.html", {"others": candidates, "bill": bill.before})


@require_POST
@workspace_page("members.manage")
def resend_invite(request: WorkspaceHttpRequest, invite_id: str) -> HttpResponse:
    """Send an invite again; the old link is over."""
    row = invites.resend(request.member, invite_id)
    _tell_sent(request, row, "The invitation is on its way again. Its old link no longer works.")
    return redirect("team", request.workspace.namespace)


@require_POST
@workspace_page("members.manage")
def revoke_invite(request: WorkspaceHttpRequest, invite_id: str) -> HttpResponse:
    """End an invite."""
    invites.revoke(request.member, invite_id)
    messages.success(request, "The invitation is revoked.")
    return redirect("team", request.workspace.namespace)


@require_http_methods(["GET", "POST"])
@login_required
def accept(request: PersonHttpRequest, token: str) -> HttpResponse:
    """Show what an invite offers; a POST accepts it. A mail scanner's GET changes nothing (A11)."""
    person = people.require(request.user.person_id)
    if request.method == "POST":
        is_member = bool(invites.preview(token, person).member_role)
        namespace = invites.accept(token, person)
        was_member = "You were a member of this workspace already. The invitation has ended."
        messages.success(request, was_member if is_member else "You have joined the workspace.")
        return redirect("workspace", namespace)
    return render(request, "accounts/invite.html", {"offer": invites.preview(token, person)})


@require_POST
@login_required
def accept_offer(request: PersonHttpRequest, workspace_id: str, invite_id: str) -> HttpResponse:
    """Join by an invitation that the page of workspaces lists."""
    namespace = invites.accept_offer(workspace_id, invite_id, people.require(request.user.person_id))
    messages.success(request, "You have joined the workspace.")
    return redirect("workspace", namespace)


@require_GET
@workspace_page("audit.view")
def audit_log(request: WorkspaceHttpRequest) -> HttpResponse:
    """The audit log. It stores opaque ids; the addresses of current members are added for display alone."""
    page = audit.page(request.workspace.workspace_id, request.GET.get("cursor"))
    current_members = membership_rows.of_workspace(request.workspace.workspace_id)
    names = {row.person_id: row.email for row in person_rows.of_ids([member.person_id for member in current_members])}
    ids = {entry_subject for entry in page.rows for entry_subject in (entry.actor, entry.target)}
    names |= dict.fromkeys(_departed(ids - set(names)), GONE)
    rows = [_entry(entry, names) for entry in page.rows]
    return render(request, "accounts/audit.html", {"rows": rows, "cursor": page.cursor})


def _entry(entry: AuditEntry, names: dict[str, str]) -> dict:
    target = "" if entry.target == entry.actor or entry.act in PLAIN_ACTS else entry.target
    is_support = entry.actor.startswith("staff:")
    return {
        "time": clock.stamp(audit.time_of(entry)),
        "said": audit.ACTS[entry.act],
        "actor": entry.actor,
        "who": "support" if is_support else names.get(entry.actor),
        "target": target,
        "whom": names.get(target),
        "before": _value_text(entry.before),
        "after": _value_text(entry.after),
        "reason": entry.reason if is_support else "",
    }


def _departed(ids: set[str]) -> set[str]:
    """Those of some ids that are of people whose account is deleted (D9)."""
    person_ids = [subject_id for subject_id in ids if subject_id.startswith("p_")]
    return set(person_ids) - {row.person_id for row in person_rows.of_ids(person_ids)} if person_ids else set()


def _value_text(value: Any) -> str:
    """A value of the log for display: `role: viewer`."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value_text(item)}" for name, item in value.items() if item not in ("", None))
    if isinstance(value, list):
        return ", ".join(map(_value_text, value))
    return "" if value is None else str(value)
