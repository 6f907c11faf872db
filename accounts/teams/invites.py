"""Invitations: by mail, to one address, for a week, accepted once by a POST of the person who proved that address
(A11)."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts import audit
from accounts.models import AuditEntry, Invite, Member, Person, Workspace, keys, people, workspaces
from accounts.models import invites as invite_rows
from accounts.models import members as membership_rows
from accounts.people import email_addresses, lookalikes
from accounts.sessions import admission, throttles
from accounts.teams import roles, security_mails, team_changes
from accounts.teams.actors import Actor
from accounts.teams.team_changes import Team
from accounts.workspaces import entitlements, ownership
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail, outbox
from imgapis.base.mail.rows import OutgoingMail

LIFE_SECONDS = 7 * clock.DAY
SWEEP_SECONDS = 30 * clock.DAY
INVITES_PER_DAY = 50
# Mails to one address: of one inviter in an hour, less than of everybody; beyond what everybody together may send, one
# a day of each workspace and of each inviter, and so many in all.
MAILS_PER_INVITER = throttles.MAILS_PER_ADDRESS - 1
RESERVED_MAILS = 20


class InvalidInvite(ApiError):
    """One answer for an invite that is unknown, used, expired, revoked, changed, or somebody else's."""

    status = 404
    code = "invite_over"

    def __init__(self) -> None:
        super().__init__("This invitation cannot be used. Ask whoever invited you to send it again.")


class TooManyInvites(ApiError):
    """The workspace has sent its invites of today."""

    status = 429
    code = "too_many_invites"

    def __init__(self) -> None:
        super().__init__(f"A workspace sends {INVITES_PER_DAY} invitations a day. Go on tomorrow.", retry_after=3600)


class TooManySeats(ApiError):
    """Every seat of the plan is taken, or promised by an invitation."""

    status = 409
    code = "too_many_seats"

    def __init__(self, seats: int):
        super().__init__(
            f"The plan of this workspace has {seats} seats, and all are taken or promised by open invitations."
            " Remove a member, revoke an invitation, or choose a larger plan."
        )


class AlreadyMember(ApiError):
    """The address is a member's."""

    status = 409
    code = "already_member"

    def __init__(self, email: str):
        super().__init__(f"{email} is a member of this workspace already.", param="email")


@dataclass(frozen=True)
class InvitePreview:
    """What an invite offers, for the page that accepts it; `member_role` is the role of who is a member already."""

    token: str
    namespace: str
    business_name: str
    role: str
    member_role: str = ""


def invite(actor: Member | Actor, email: str, role: str) -> Invite:
    """Invite an address. One that is invited already is sent its invite again, with this role and a new link, and
    `sent` is later than `created` then; `mail_held_until` says that no mail was sent, and when one can be. Raises
    NotPermitted, InvalidEmail, AlreadyMember, TooManySeats, TooManyInvites, EditConflict. Says nothing of who has an
    account."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    actor.require_grantable(role)
    email = email_addresses.canonical(email)

    def find(team: Team) -> Invite | None:
        _require_not_member(team, email)
        return next((row for row in team.invites if row.email == email), None)

    return _send(actor.workspace_id, find, email, role, actor)


def resend(actor: Member | Actor, invite_id: str) -> Invite:
    """Send an invite again with a new link, which rests on the sender's rights from now on; the old link is over.
    Raises NotPermitted, InvalidInvite, TooManySeats, TooManyInvites, EditConflict."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    row = _require(actor.workspace_id, invite_id)
    actor.require_grantable(row.role)
    return _send(actor.workspace_id, lambda team: _same(team, row), row.email, row.role, actor)


def resend_as_staff(workspace_id: str, invite_id: str, staff: str, reason: str) -> Invite:
    """Send an invite again on behalf of its inviter: it still depends on their rights. Raises InvalidInvite,
    TooManySeats, TooManyInvites, EditConflict."""
    row = _require(workspace_id, invite_id)
    inviter = Actor(workspace_id, row.invited_by, "", None, row.key_prefix)
    return _send(workspace_id, lambda team: _same(team, row), row.email, row.role, inviter, staff, reason)


def _send(
    workspace_id: str,
    find: Callable[[Team], Invite | None],
    email: str,
    role: str,
    inviter: Actor,
    staff: str = "",
    reason: str = "",
) -> Invite:
    """Write a new invite, or the one that `find` finds, with another week, and mail it with a new link; where the mail
    is held back, a link that was mailed before stays, and a mail that has not left yet leaves."""
    team = _team(workspace_id)
    _require_seat(team, email, find(team))
    _count(workspace_id)
    now, held_until = clock.now(), _held_until(workspace_id, inviter.person_id, email)
    for _ in dynamo.retries():
        seen = find(team)
        if seen is not None and seen.role != role:
            inviter.require_reach(seen.role)
        _require_seat(team, email, seen)
        row = Invite(
            workspace_id,
            seen.invite_id if seen else tokens.time_ordered_id(now),
            email=email,
            role=role,
            invited_by=inviter.person_id,
            key_prefix=inviter.key_prefix,
            created=seen.created if seen else now,
            sent=now,
            ends=now + LIFE_SECONDS,
            mail_held_until=held_until,
            expires=_sweep(now),
            mailed=_mailed(seen) if held_until else now,
            token_digest="",
        )
        invite_mail = None if held_until else _new_mail(row, team.workspace)
        try:
            team_changes.put_invite(team, row, seen, _entry(row, seen, staff or inviter.name, reason), invite_mail)
        except ownership.Outpaced as refusal:
            outpaced, team = refusal, _team(workspace_id)
        else:
            if invite_mail:
                mail.dispatch(invite_mail)
            return row
    raise outpaced


def _mailed(seen: Invite | None) -> float | None:
    """When the last mail of an invite was written; of one from before this was stored, it was when it was sent."""
    if seen is None or seen.mailed is not None:
        return seen.mailed if seen else None
    return None if seen.mail_held_until else seen.sent


def _held_until(workspace_id: str, person_id: str, email: str) -> float | None:
    """Count a mail to an address; when it can be sent, where it is held back (A20). What one inviter may send is less
    than what everybody may, and each workspace has a mail a day beyond that, so that strangers who invite an address
    keep nobody else's mail from it."""
    until = throttles.free_at("invite of person", f"{person_id} {email}", MAILS_PER_INVITER)
    if until is None:
        until = throttles.free_at("invite", email, throttles.MAILS_PER_ADDRESS)
        subjects = ((f"{workspace_id} {email}", 1), (f"{person_id} {email}", 1), (email, RESERVED_MAILS))
        if until and all(throttles.allow_today("invite reserve", subject, limit) for subject, limit in subjects):
            return None
    return until


def held_sentence(row: Invite) -> str:
    """What to tell whoever invites where the mail was held back; empty where it was not."""
    if row.mail_held_until is None:
        return ""
    return (
        "The invitation is open, but no mail of it was sent, because this address was mailed as many invitations as we"
        f" send to one. Send it again from {admission.time_of_day(row.mail_held_until)} UTC on. It stands on the page"
        " of workspaces of whoever signs in with this address."
    )


def _entry(row: Invite, seen: Invite | None, actor: str, reason: str) -> AuditEntry:
    if seen is None:
        return audit.entry(row.workspace_id, actor, "invite.sent", row.invite_id, None, {"role": row.role})
    if seen.role == row.role:
        return audit.entry(row.workspace_id, actor, "invite.resent", row.invite_id, reason=reason)
    values = {"role": seen.role}, {"role": row.role}
    return audit.entry(row.workspace_id, actor, "invite.changed", row.invite_id, *values, reason)


def revoke(actor: Member | Actor, invite_id: str) -> None:
    """End an invite. Raises NotPermitted, and InvalidInvite where it was used meanwhile."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    if not invite_rows.end(_require(actor.workspace_id, invite_id), Invite.is_present()):
        raise InvalidInvite
    audit.record(actor.workspace_id, actor.name, "invite.revoked", invite_id)


def find(workspace_id: str, invite_id: str) -> Invite | None:
    """An invite that was not accepted; None where there is none of that id."""
    return invite_rows.find(workspace_id, invite_id)


def pending(workspace_id: str) -> list[Invite]:
    """Invites that were not accepted, expired ones too, newest first."""
    return invite_rows.of_workspace(workspace_id)


def warnings(workspace_id: str) -> dict[str, str]:
    """What to know of addresses of a team, invited ones included, that are not what they look like (H12)."""
    members = people.of_ids([row.person_id for row in membership_rows.of_workspace(workspace_id)])
    return lookalikes.marks([row.email for row in members] + [row.email for row in pending(workspace_id)])


def preview(token: str, person: Person) -> InvitePreview:
    """What a link offers to the person who proved the invited address. Raises InvalidInvite. Changes nothing."""
    row = _valid(token, person)
    workspace = workspaces.find(row.workspace_id)
    if workspace is None:
        raise InvalidInvite
    member = membership_rows.find(row.workspace_id, person.person_id)
    member_role = member.role if member else ""
    return InvitePreview(token, workspace.namespace, workspace.business_name, row.role, member_role)


def accept(token: str, person: Person) -> str:
    """Join by the link of a mail; as `accept_offer`."""
    return _accept(lambda: _valid(token, person), person)


def accept_offer(workspace_id: str, invite_id: str, person: Person) -> str:
    """Join; returns the namespace. The invite of somebody who is a member already ends, and changes nothing else.
    Raises InvalidInvite, EditConflict, TooManySeats where the plan has become smaller, and TooManyWorkspaces where an
    owner-to-be owns enough. Two concurrent calls create one membership."""

    def find() -> Invite:
        row = _require(workspace_id, invite_id)
        if not is_open(row, person):
            raise InvalidInvite
        return row

    return _accept(find, person)


def _accept(find: Callable[[], Invite], person: Person) -> str:
    for _ in dynamo.retries():
        row = find()
        team = _team(row.workspace_id)
        if any(member.person_id == person.person_id for member in team.members):
            if not invite_rows.end(row, Invite.token_digest == row.token_digest):
                raise InvalidInvite  # used by another call of the same person
            audit.record(row.workspace_id, person.person_id, "invite.revoked", row.invite_id)
            return team.workspace.namespace
        try:
            _join(row, team, person.person_id)
        except ownership.Outpaced as refusal:
            outpaced = refusal
        else:
            return team.workspace.namespace
    raise outpaced


def _join(row: Invite, team: Team, person_id: str) -> None:
    inviter = membership_rows.find(row.workspace_id, row.invited_by)
    if inviter is None or row.role not in roles.grantable(inviter.role):
        raise InvalidInvite  # the inviter has left, or may no longer give this role
    if row.key_prefix and not keys.is_alive(keys.find(row.key_prefix)):
        raise InvalidInvite  # the key that sent it has ended
    seats = entitlements.of(team.workspace).seats
    if len(team.members) >= seats:
        raise TooManySeats(seats)
    owner = ownership.owned_with_place(person_id, team.workspace) if row.role == "owner" else None
    entry = audit.entry(row.workspace_id, person_id, "member.joined", person_id, None, {"role": row.role})
    if not team_changes.join(row, team, person_id, owner, entry):
        raise InvalidInvite
    if owner is not None:
        security_mails.owner_added(team.workspace, person_id)


def _team(workspace_id: str) -> Team:
    team = team_changes.team(workspace_id)
    if team is None:
        raise InvalidInvite
    return team


def _require_not_member(team: Team, email: str) -> None:
    """The addresses of members alone are read, so that neither the answer nor its time says who has an account."""
    if any(person.email == email for person in people.of_ids([member.person_id for member in team.members])):
        raise AlreadyMember(email)


def _require_seat(team: Team, email: str, seen: Invite | None) -> None:
    """A seat must be free: members and addresses with an open invitation hold one each."""
    now, seats = clock.now(), entitlements.of(team.workspace).seats
    if seen is not None and seen.ends > now:
        return
    invited = {row.email for row in team.invites if row.ends > now}
    if len(team.members) + len(invited - {email}) >= seats:
        raise TooManySeats(seats)


def _same(team: Team, row: Invite) -> Invite:
    """The same invite in a team; InvalidInvite where it is gone, or its role was changed."""
    for other in team.invites:
        if other.invite_id == row.invite_id and other.role == row.role:
            return other
    raise InvalidInvite


def _valid(token: str, person: Person) -> Invite:
    workspace_id, first_dot, rest = token.partition(".")
    invite_id, second_dot, secret = rest.partition(".")
    row = invite_rows.find(workspace_id, invite_id) if first_dot and second_dot else None
    if row is None or not hmac.compare_digest(row.token_digest, _digest(secret)):
        raise InvalidInvite
    if not is_open(row, person):
        raise InvalidInvite
    return row


def is_open(row: Invite, person: Person) -> bool:
    """Whether a person may still accept an invite, as far as the row says."""
    return row.ends > clock.now() and row.email == person.email


def _require(workspace_id: str, invite_id: str) -> Invite:
    row = invite_rows.find(workspace_id, invite_id)
    if row is None:
        raise InvalidInvite
    return row


def _count(workspace_id: str) -> None:
    if not throttles.allow(f"invites {workspace_id}", INVITES_PER_DAY):
        raise TooManyInvites


def _new_mail(row: Invite, workspace: Workspace) -> OutgoingMail:
    """The mail of an invite, not written yet."""
    context = {"workspace": workspace.business_name or workspace.namespace, "role": row.role}
    return outbox.new_mail(
        row.email,
        "You are invited to a workspace on img apis",
        "emails/invite.txt",
        context,
        completion="invite",
        reference=f"{row.workspace_id} {row.invite_id} {row.mailed}",
        workspace_id=row.workspace_id,
    )


@mail.completes("invite")
def _make_link(reference: str) -> mail.Completion | None:
    """Make the link of an invite when its mail leaves, so that none is at rest. It is derived, so that a mail that went
    out twice has one link; the role is the one of now. None where the invite is over, or a newer mail of it was
    written."""
    workspace_id, invite_id, mailed = reference.split(" ")
    key = tokens.subkey(settings.SECRET_KEY.encode(), "accounts.invites")
    token = base64.urlsafe_b64encode(hmac.digest(key, reference.encode(), "sha256")[:24]).decode()
    row = Invite(workspace_id, invite_id)
    if not invite_rows.set_link(row, float(mailed), _digest(token)):
        return None
    return mail.Completion({"link": f"/invites/{workspace_id}.{invite_id}.{token}", "role": row.role})


def _digest(secret: str) -> str:
    """192 bits that nobody can guess need no key and no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _sweep(now: float) -> datetime:
    return clock.utc(int(now) + LIFE_SECONDS + SWEEP_SECONDS)
