"""Invitations: by mail, to one address, for a week, accepted once by a POST of the person who proved that address
(A11)."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from accounts import audit, key_store, store, team_store
from accounts.models import Person
from accounts.people import email_addresses
from accounts.rows.audit import AuditEntry
from accounts.rows.teams import Invite, Member
from accounts.sessions import throttles
from accounts.teams import roles
from accounts.teams.actors import Actor
from accounts.workspaces import entitlements
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail, outbox
from imgapis.base.mail.rows import OutgoingMail

LIFE_SECONDS = 7 * clock.DAY
SWEEP_SECONDS = 30 * clock.DAY
INVITES_PER_DAY = 50


class InvalidInvite(ApiError):
    """One answer for an invite that is unknown, used, expired, revoked, changed, or somebody else's."""

    status = 404
    code = "invite_over"

    def __init__(self):
        super().__init__("This invitation cannot be used. Ask whoever invited you to send it again.")


class TooManyInvites(ApiError):
    """The workspace has sent its invites of today."""

    status = 429
    code = "too_many_invites"

    def __init__(self):
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


@dataclass(frozen=True)
class InvitePreview:
    """What an invite offers, for the page that accepts it."""

    token: str
    namespace: str
    business_name: str
    role: str


def invite(actor: Member | Actor, email: str, role: str) -> Invite:
    """Invite an address. Raises NotPermitted, InvalidEmail, TooManySeats, TooManyInvites. Says nothing of who has
    an account."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    actor.require_grantable(role)
    email = email_addresses.canonical(email)
    _require_seat(actor.workspace_id)
    _count(actor.workspace_id)
    now = clock.now()
    row = Invite(
        actor.workspace_id, tokens.time_ordered_id(now), email=email, role=role, invited_by=actor.person_id,
        key_prefix=actor.key_prefix, created=now, sent=now, ends=now + LIFE_SECONDS, token_digest="",
        expires=_sweep(now),
    )  # fmt: skip
    row.save(condition=Invite.is_absent())
    if invite_mail := _new_mail(row, now):
        mail.put(invite_mail)
    audit.record(row.workspace_id, actor.name, "invite.sent", row.invite_id, None, {"role": role})
    return row


def resend(actor: Member | Actor, invite_id: str) -> None:
    """Send an invite again with a new link, which rests on the sender's rights from now on; the old link is over.
    Raises NotPermitted, InvalidInvite, TooManySeats, TooManyInvites."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    row = _require(actor.workspace_id, invite_id)
    actor.require_grantable(row.role)
    entry = audit.entry(row.workspace_id, actor.name, "invite.resent", invite_id)
    _renew(row, actor.person_id, actor.key_prefix, entry)


def resend_as_staff(workspace_id: str, invite_id: str, actor: str, reason: str) -> None:
    """Send an invite again on behalf of its inviter: it still depends on their rights. Raises InvalidInvite,
    TooManySeats, TooManyInvites."""
    row = _require(workspace_id, invite_id)
    entry = audit.entry(workspace_id, actor, "invite.resent", invite_id, reason=reason)
    _renew(row, row.invited_by, row.key_prefix, entry)


def _renew(row: Invite, invited_by: str, key_prefix: str, entry: AuditEntry) -> None:
    """Give an invite a new link and another week, with the audit log's entry, and mail it."""
    if row.ends <= clock.now():
        _require_seat(row.workspace_id)
    _count(row.workspace_id)
    now = clock.now()
    actions = [
        Invite.token_digest.set(""), Invite.sent.set(now), Invite.ends.set(now + LIFE_SECONDS),
        Invite.expires.set(_sweep(now)), Invite.invited_by.set(invited_by),
        Invite.key_prefix.set(key_prefix),
    ]  # fmt: skip
    invite_mail = _new_mail(row, now)

    def renew(transaction: dynamo.Transaction) -> None:
        transaction.update(row, actions=actions, condition=Invite.role == row.role)
        if invite_mail:
            transaction.save(invite_mail, if_absent=True)

    if not audit.run_with_entry(entry, renew):
        raise InvalidInvite
    if invite_mail:
        mail.dispatch(invite_mail)


def revoke(actor: Member | Actor, invite_id: str) -> None:
    """End an invite. Raises NotPermitted, and InvalidInvite where it was used meanwhile."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    if not _require(actor.workspace_id, invite_id).delete_if(Invite.is_present()):
        raise InvalidInvite
    audit.record(actor.workspace_id, actor.name, "invite.revoked", invite_id)


def pending(workspace_id: str) -> list[Invite]:
    """Invites that were not accepted, expired ones too, newest first."""
    return list(Invite.query(workspace_id, scan_index_forward=False, consistent_read=True))


def preview(token: str, person: Person) -> InvitePreview:
    """What a link offers to the person who proved the invited address. Raises InvalidInvite. Changes nothing."""
    row = _valid(token, person)
    workspace = store.workspace(row.workspace_id)
    if workspace is None:
        raise InvalidInvite
    return InvitePreview(token, workspace.namespace, workspace.business_name, row.role)


def accept(token: str, person: Person) -> str:
    """Join; returns the namespace. Raises InvalidInvite, and TooManySeats where the plan has become smaller. Two
    concurrent calls create one membership."""
    row = _valid(token, person)
    workspace = store.workspace(row.workspace_id)
    inviter = team_store.member(row.workspace_id, row.invited_by)
    if workspace is None or inviter is None or row.role not in roles.grantable(inviter.role):
        raise InvalidInvite  # the inviter has left, or may no longer give this role
    if row.key_prefix and not key_store.is_alive(key_store.key(row.key_prefix)):
        raise InvalidInvite  # the key that sent it has ended
    seats = entitlements.of(workspace).seats
    if len(team_store.members(row.workspace_id)) >= seats:
        raise TooManySeats(seats)
    person_id, after = person.person_id, {"role": row.role}
    entry = audit.entry(row.workspace_id, person_id, "member.joined", person_id, None, after)
    if not team_store.join(row, row.token_digest, person_id, entry):
        raise InvalidInvite
    return workspace.namespace


def _require_seat(workspace_id: str) -> None:
    """A seat must be free: members and open invitations hold one each."""
    seats = entitlements.of_id(workspace_id).seats
    open_invites = sum(row.ends > clock.now() for row in pending(workspace_id))
    if len(team_store.members(workspace_id)) + open_invites >= seats:
        raise TooManySeats(seats)


def _valid(token: str, person: Person) -> Invite:
    workspace_id, first_dot, rest = token.partition(".")
    invite_id, second_dot, secret = rest.partition(".")
    row = _get(workspace_id, invite_id) if first_dot and second_dot else None
    if row is None or not hmac.compare_digest(row.token_digest, _digest(secret)):
        raise InvalidInvite
    if row.ends <= clock.now() or row.email != person.email:
        raise InvalidInvite
    return row


def _require(workspace_id: str, invite_id: str) -> Invite:
    row = _get(workspace_id, invite_id)
    if row is None:
        raise InvalidInvite
    return row


def _get(workspace_id: str, invite_id: str) -> Invite | None:
    if not workspace_id or not invite_id:
        return None
    return Invite.find(workspace_id, invite_id)


def _count(workspace_id: str) -> None:
    if not throttles.allow(f"invites {workspace_id}", INVITES_PER_DAY):
        raise TooManyInvites


def _new_mail(row: Invite, sent: float) -> OutgoingMail | None:
    """The mail of an invite, not written yet; None where the throttle of mails to one address refuses: the page is the
    same either way (A20)."""
    if not throttles.allow_mail(row.email):
        return None
    workspace = store.workspace(row.workspace_id)
    context = {"workspace": workspace.business_name or workspace.namespace, "role": row.role}
    return outbox.new_mail(
        row.email, "You are invited to a workspace on img apis", "emails/invite.txt", context, completion="invite",
        reference=f"{row.workspace_id} {row.invite_id} {sent}", workspace_id=row.workspace_id,
    )  # fmt: skip


@mail.completes("invite")
def _make_link(reference: str) -> mail.Completion | None:
    """Make the link of an invite when its mail leaves, so that none is at rest. None where the invite is over, or was
    sent again since."""
    workspace_id, invite_id, sent = reference.split(" ")
    token = secrets.token_urlsafe(24)
    if not Invite(workspace_id, invite_id).update_if(Invite.sent == float(sent), token_digest=_digest(token)):
        return None
    return mail.Completion({"link": f"/invites/{workspace_id}.{invite_id}.{token}"})


def _digest(secret: str) -> str:
    """192 random bits need no key and no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _sweep(now: float) -> datetime:
    return clock.utc(int(now) + LIFE_SECONDS + SWEEP_SECONDS)
