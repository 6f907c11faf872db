"""What staff can do, as tables: an act's right, its form and what it does. Whatever changes something is recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts import apikeys, audit, invites, sessions, staff_rights, team_store, throttles, workspaces
from accounts.models import Person, Workspace
from accounts.rows.staff import Staff
from billing import credits, grants, rewriting, stripe_events, webhooks
from imgapis.base import clock, mail
from imgapis.base.errors import Refusal
from imgapis.policy import requests
from imgapis.policy.rows import PrivacyRequest
from imgapis.privacy import erasure
from imgapis.privacy import store as erasures
from imgapis.support import trail
from imgapis.support.forms import (
    ActForm,
    CloseForm,
    CreditsForm,
    InviteForm,
    KeyForm,
    PurgeForm,
    ReplayForm,
)
from transforms import purges


class TooMuch(Refusal):
    """More credits than the staff role gives in one act."""

    status = 403
    code = "staff_limit"


class DoneAlready(Refusal):
    """The form was sent twice."""

    status = 409
    code = "done_already"

    def __init__(self):
        super().__init__("This was done already, with the same form. Open the act again to do it once more.")


class NothingThere(Refusal):
    """What the act was about has gone meanwhile."""

    status = 404
    code = "nothing_there"


@dataclass(frozen=True)
class Act:
    """An act: the right it asks for, what its button says, its form, and what it does; `do` returns what to say.
    `warning` is told before an act that cannot be taken back, `fits` whether it makes sense now."""

    name: str
    right: str
    title: str
    form: type[ActForm]
    do: Callable[[Staff, Any, dict], str]
    warning: str = ""
    fits: Callable[[Any], bool] = lambda subject: True


def _amount(member: Staff, halves: int) -> int:
    most = staff_rights.MOST_CREDITS[member.role]
    if halves > most * 2:
        raise TooMuch(f"Your staff role, {member.role}, gives or takes back {most:,} credits at once, no more.")
    return halves


def _grant(member: Staff, row: Workspace, answers: dict) -> str:
    return f"{credits.shown(_change(grants.grant, member, row, answers))} credits are given."


def _take_back(member: Staff, row: Workspace, answers: dict) -> str:
    return f"{credits.shown(-_change(grants.take_back, member, row, answers))} credits are taken back."


def _change(change: Callable[..., grants.Given], member: Staff, row: Workspace, answers: dict) -> int:
    """The half-credits that were changed; a form sent twice changes them once."""
    halves, grant_id = _amount(member, answers["credits"]), str(answers["grant_id"])
    try:
        return change(row.workspace_id, halves, answers["reason"], trail.actor(member), grant_id=grant_id).halves
    except rewriting.NotWithin as error:
        raise DoneAlready from error


def _suspend(member: Staff, row: Workspace, answers: dict) -> str:
    workspaces.suspend(row, trail.actor(member), True, answers["reason"])
    return "The workspace is suspended. Within five seconds every server refuses its requests."


def _resume(member: Staff, row: Workspace, answers: dict) -> str:
    workspaces.suspend(row, trail.actor(member), False, answers["reason"])
    return "The workspace goes on."


def _resend_invite(member: Staff, row: Workspace, answers: dict) -> str:
    invites.resend_for(row.workspace_id, answers["invite"], trail.actor(member), answers["reason"])
    return "The invitation is on its way again. Its old link no longer works."


def _revoke_key(member: Staff, row: Workspace, answers: dict) -> str:
    if not apikeys.revoke(row.workspace_id, answers["key"]):
        raise NothingThere("The workspace has no key of this prefix any more.")
    audit.record(
        row.workspace_id, trail.actor(member), "key.revoked", answers["key"], reason=answers["reason"]
    )  # fmt: skip
    return "The key is revoked."


def _purge(member: Staff, row: Workspace, answers: dict) -> str:
    purges.purge(row, trail.actor(member), answers["scope"], answers["target"], answers["reason"])
    return "What fits is no longer served."


def _replay(member: Staff, row: Workspace, answers: dict) -> str:
    """An event acts on whom Stripe says it is of, whatever page it was replayed from: the log is theirs."""
    outcome = webhooks.replay(answers["event"])
    known = stripe_events.of_id(answers["event"])
    whose = known.workspace_id if known and known.workspace_id else row.workspace_id
    audit.record(
        whose, trail.actor(member), "stripe.replayed", answers["event"], None, {"outcome": outcome}, answers["reason"]
    )
    return f"Replayed: {outcome}."


CONSENT_SECONDS = 7 * 86_400


def _erase_workspace(member: Staff, row: Workspace, answers: dict) -> str:
    """With others in it, two members of staff ask for it, one after the other, within a week."""
    if len(team_store.members(row.workspace_id)) > 1 and not _proposed(member, row):
        audit.record(
            row.workspace_id, trail.actor(member), "erasure.proposed", row.workspace_id, reason=answers["reason"]
        )  # fmt: skip
        return "Others are in this workspace: a second member of staff must ask for it too, within seven days."
    return _ask(member, "workspace", row.workspace_id, row.workspace_id, answers)


def _proposed(member: Staff, row: Workspace) -> bool:
    """Whether a colleague asked for it lately, and nobody has taken it back since."""
    since = clock.now() - CONSENT_SECONDS
    for entry in audit.newest(row.workspace_id, 500):
        if audit.moment(entry) < since or entry.act == "erasure.undone":
            return False
        if entry.act == "erasure.proposed" and entry.actor != trail.actor(member):
            return True
    return False


def _keep_workspace(member: Staff, row: Workspace, answers: dict) -> str:
    return _keep(member, row.workspace_id, row.workspace_id, answers)


def _erase_person(member: Staff, person: Person, answers: dict) -> str:
    return _ask(member, "person", person.person_id, audit.log_of_person(person.person_id), answers)


def _keep_person(member: Staff, person: Person, answers: dict) -> str:
    return _keep(member, person.person_id, audit.log_of_person(person.person_id), answers)


def _ask(member: Staff, kind: str, subject_id: str, log: str, answers: dict, asked: float | None = None) -> str:
    row = erasure.ask(kind, subject_id, asked=asked)
    audit.record(log, trail.actor(member), "erasure.asked", subject_id, reason=answers["reason"])
    return f"The erasure begins on {clock.stamp(row.due)}; its certificate will be found by {subject_id}."


def _keep(member: Staff, subject_id: str, log: str, answers: dict) -> str:
    erasure.undo(subject_id)
    audit.record(log, trail.actor(member), "erasure.undone", subject_id, reason=answers["reason"])
    return "The erasure is taken back. Nothing was deleted."


def _pending(subject_id: str) -> bool:
    row = erasures.erasure(subject_id)
    return row is not None and row.state == "scheduled"


def _fulfil_erasure(member: Staff, row: PrivacyRequest, answers: dict) -> str:
    """The days are counted from the request's mail."""
    return _ask(member, "person", row.person_id, trail.log_of(row), answers, asked=float(row.received))


def _end_sessions(member: Staff, person: Person, answers: dict) -> str:
    sessions.end_all_of_person(person.person_id)
    _note(member, person, "sessions.ended", answers)
    return "Every session of this person has ended."


def _send_code(member: Staff, person: Person, answers: dict) -> str:
    throttles.allow_again(person.email)
    mail.send(person.email, "Signing in to img apis", "emails/way_in.txt", {})
    _note(member, person, "code.sent", answers)
    return "A mail with the way in is on its way, and the next code they ask for leaves at once."


def _reveal(member: Staff, person: Person, answers: dict) -> str:
    _note(member, person, "address.revealed", answers)
    return f"The address is {person.email}"


def _note(member: Staff, person: Person, act: str, answers: dict) -> None:
    """Record an act about a person in the log about them, and in that of each workspace they are in."""
    logs = [audit.log_of_person(person.person_id)]
    logs += [row.workspace_id for row, _ in workspaces.of_person(person.person_id)]
    for log in logs:
        audit.record(log, trail.actor(member), act, person.person_id, reason=answers["reason"])


def _confirm_request(member: Staff, row: PrivacyRequest, answers: dict) -> str:
    requests.confirm(row.request_id)
    _log(member, row, "request.confirmed", answers)
    return "The receipt is noted as confirmed."


def _extend_request(member: Staff, row: PrivacyRequest, answers: dict) -> str:
    before = row.due
    after = requests.extend(row.request_id)
    audit.record(
        trail.log_of(row), trail.actor(member), "request.extended", row.request_id, {"due": before},
        {"due": after.due}, answers["reason"],
    )  # fmt: skip
    return "The request has more days. Tell the person so."


def _close_request(member: Staff, row: PrivacyRequest, answers: dict) -> str:
    requests.close(row.request_id, answers["outcome"], _certificate(row))
    _log(member, row, "request.closed", answers, {"outcome": answers["outcome"]})
    return "The request is closed; its address is struck out."


def _certificate(row: PrivacyRequest) -> str:
    """What names the certificate of an erasure that is done; empty for any other request."""
    found = erasures.erasure(row.person_id) if row.person_id else None
    return found.subject_id if found is not None and found.state == "done" else ""


def _log(member: Staff, row: PrivacyRequest, act: str, answers: dict, after: Any = None) -> None:
    audit.record(trail.log_of(row), trail.actor(member), act, row.request_id, None, after, answers["reason"])


def _table(*acts: Act) -> dict[str, Act]:
    return {act.name: act for act in acts}


ERASED = "It begins in seven days, can be taken back until then, and takes everything with it."
BILLED = "The next request for what is purged is new work, and billed."
WORKSPACE = _table(
    Act("grant", "credits.grant", "Give credits", CreditsForm, _grant),
    Act("take-back", "credits.take_back", "Take back credits", CreditsForm, _take_back),
    Act("resend-invite", "invite.resend", "Send an invitation again", InviteForm, _resend_invite),
    Act("revoke-key", "keys.revoke", "Revoke an API key", KeyForm, _revoke_key, "A revoked key never works again."),
    Act("purge", "cache.purge", "Purge cached pictures", PurgeForm, _purge, BILLED),
    Act("replay", "stripe.replay", "Replay a Stripe event", ReplayForm, _replay),
    Act(
        "suspend", "workspace.suspend", "Suspend", ActForm, _suspend, "No picture is served while it is suspended.",
        lambda row: not row.suspended,
    ),
    Act("resume", "workspace.suspend", "Resume", ActForm, _resume, fits=lambda row: bool(row.suspended)),
    Act(
        "erase", "erasure.ask", "Erase the workspace", ActForm, _erase_workspace, ERASED,
        lambda row: not _pending(row.workspace_id),
    ),
    Act(
        "keep", "erasure.ask", "Take the erasure back", ActForm, _keep_workspace,
        fits=lambda row: _pending(row.workspace_id),
    ),
)  # fmt: skip
PERSON = _table(
    Act("send-code", "code.resend", "Let codes through again", ActForm, _send_code),
    Act("end-sessions", "sessions.end", "End every session", ActForm, _end_sessions),
    Act("reveal", "address.reveal", "Show the e-mail address", ActForm, _reveal),
    Act(
        "erase",
        "erasure.ask",
        "Erase the account",
        ActForm,
        _erase_person,
        ERASED,
        lambda person: not _pending(person.person_id),
    ),
    Act(
        "keep",
        "erasure.ask",
        "Take the erasure back",
        ActForm,
        _keep_person,
        fits=lambda person: _pending(person.person_id),
    ),
)
REQUEST = _table(
    Act("confirm", "requests.work", "Note the receipt as confirmed", ActForm, _confirm_request),
    Act("extend", "requests.work", "Note that it takes longer", ActForm, _extend_request),
    Act(
        "erase",
        "erasure.ask",
        "Erase the account it is about",
        ActForm,
        _fulfil_erasure,
        ERASED,
        lambda row: row.kind == "delete" and bool(row.person_id) and not _pending(row.person_id),
    ),
    Act("close", "requests.work", "Close", CloseForm, _close_request, "The address is struck out when it is closed."),
)
