"""Staff actions on a workspace."""

from collections.abc import Callable

from accounts import audit
from accounts.keys import apikeys
from accounts.models import Staff, Workspace
from accounts.staff import staff_rights
from accounts.teams import invites
from accounts.workspaces import workspaces
from billing.charging import entitlement_change, grants
from billing.stripe import stripe_events, webhooks
from imgapis.support import audit_log
from imgapis.support.acts import erasing
from imgapis.support.acts.base import Act, DoneAlready, StaffLimitExceeded, SubjectGone, table
from imgapis.support.forms import ActForm, BlockForm, CreditsForm, InviteForm, KeyForm, LiftForm, PurgeForm, ReplayForm
from telemetry import display
from transforms.models import blocks as block_rows
from transforms.serving import blocks, purges


def _amount(member: Staff, halves: int) -> int:
    limit = staff_rights.MOST_CREDITS[member.role]
    if halves > limit * 2:
        raise StaffLimitExceeded(
            f"Your staff role, {member.role}, gives or takes back {limit:,} credits at once, no more."
        )
    return halves


def _grant(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    return f"{display.decimal_credits(_change(grants.grant, member, row, cleaned_data))} credits are given."


def _take_back(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    return f"{display.decimal_credits(-_change(grants.take_back, member, row, cleaned_data))} credits are taken back."


def _change(change: Callable[..., grants.GrantResult], member: Staff, row: Workspace, cleaned_data: dict) -> int:
    """Change the credits; returns the half-credits. Raises TooMuch, and DoneAlready where the form was sent twice."""
    halves, grant_id = _amount(member, cleaned_data["credits"]), str(cleaned_data["grant_id"])
    try:
        return change(
            row.workspace_id, halves, cleaned_data["reason"], audit_log.actor(member), grant_id=grant_id
        ).halves
    except entitlement_change.AlreadyApplied as error:
        raise DoneAlready from error


def _suspend(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    workspaces.set_suspended(row, audit_log.actor(member), suspended=True, reason=cleaned_data["reason"])
    return "The workspace is suspended. Within five seconds every server refuses its requests."


def _resume(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    workspaces.set_suspended(row, audit_log.actor(member), suspended=False, reason=cleaned_data["reason"])
    return "The workspace goes on."


def _resend_invite(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    sent = invites.resend_as_staff(
        row.workspace_id, cleaned_data["invite"], audit_log.actor(member), cleaned_data["reason"]
    )
    return invites.held_sentence(sent) or "The invitation is on its way again. Its old link no longer works."


def _revoke_key(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    if not apikeys.revoke(row.workspace_id, cleaned_data["key"], audit_log.actor(member), cleaned_data["reason"]):
        raise SubjectGone("The workspace has no key of this prefix any more.")
    return "The key is revoked."


def _purge(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    purges.purge(row, audit_log.actor(member), cleaned_data["scope"], cleaned_data["target"], cleaned_data["reason"])
    return "What fits is no longer served."


def _block(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    blocks.block(row, audit_log.actor(member), cleaned_data["scope"], cleaned_data["target"], cleaned_data["reason"])
    return "Blocked: within five seconds every server answers 451, to cached pictures too."


def _lift(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    rule = next(
        (each for each in block_rows.of_workspace(row.workspace_id) if each.rule_id == cleaned_data["rule"]), None
    )
    if rule is None:
        raise SubjectGone("This block is lifted already.")
    blocks.lift(row, audit_log.actor(member), rule, cleaned_data["reason"])
    return "The block is lifted."


def _replay(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    """Replay an event. It acts on the workspace Stripe names, whichever page it was replayed from: the outcome is
    recorded in that workspace's audit log, the beginning in the log of the page's workspace."""
    event, actor, reason = cleaned_data["event"], audit_log.actor(member), cleaned_data["reason"]
    audit.record(row.workspace_id, actor, "stripe.replayed", event, None, {"outcome": "begun"}, reason)
    outcome = webhooks.replay(event)
    event_row = stripe_events.of_id(event)
    workspace_id = event_row.workspace_id if event_row and event_row.workspace_id else row.workspace_id
    audit.record(workspace_id, actor, "stripe.replayed", event, None, {"outcome": outcome}, reason)
    return f"Replayed: {outcome}."


BILLED = "The next request for what is purged is new work, and billed."
WORKSPACE = table(
    Act("grant", "credits.grant", "Give credits", CreditsForm, _grant),
    Act("take-back", "credits.take_back", "Take back credits", CreditsForm, _take_back),
    Act("resend-invite", "invite.resend", "Send an invitation again", InviteForm, _resend_invite),
    Act("revoke-key", "keys.revoke", "Revoke an API key", KeyForm, _revoke_key, "A revoked key never works again."),
    Act("purge", "cache.purge", "Purge cached pictures", PurgeForm, _purge, BILLED),
    Act("block", "pictures.block", "Block pictures", BlockForm, _block),
    Act(
        "lift",
        "pictures.block",
        "Lift a block",
        LiftForm,
        _lift,
        is_applicable=lambda row: bool(block_rows.of_workspace(row.workspace_id)),
    ),
    Act("replay", "stripe.replay", "Replay a Stripe event", ReplayForm, _replay),
    Act(
        "suspend",
        "workspace.suspend",
        "Suspend",
        ActForm,
        _suspend,
        "No picture is served while it is suspended.",
        lambda row: not row.suspended,
    ),
    Act("resume", "workspace.suspend", "Resume", ActForm, _resume, is_applicable=lambda row: bool(row.suspended)),
    Act(
        "erase",
        "erasure.ask",
        "Erase the workspace",
        ActForm,
        erasing.of_workspace,
        erasing.WARNING,
        lambda row: not erasing.is_pending(row.workspace_id),
    ),
    Act(
        "keep",
        "erasure.ask",
        "Take the erasure back",
        ActForm,
        erasing.undo_workspace,
        is_applicable=lambda row: erasing.is_pending(row.workspace_id),
    ),
)
