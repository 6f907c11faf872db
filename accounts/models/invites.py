"""Invites, by workspace and by address."""

from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

OPEN = DataHandling("account", "until the invitation is accepted, revoked or over")
INVITE = DataHandling("account", "30 days after it expired")


class Invite(dynamo.Row):
    """An invitation to one address, accepted once (A11)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("invites")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "which workspace", INVITE)
    invite_id = declared(UnicodeAttribute(range_key=True), "names the invite", INVITE)
    email = declared(UnicodeAttribute(), "who may accept", INVITE)
    role = declared(UnicodeAttribute(), "what the member will be allowed", INVITE)
    invited_by = declared(UnicodeAttribute(), "whose rights the invite rests on", INVITE)
    key_prefix = declared(UnicodeAttribute(default=""), "the API key that sent it, with which it ends", INVITE)
    created = declared(Moment(), "when it was sent first", INVITE)
    sent = declared(Moment(), "when it was sent last", INVITE)
    ends = declared(Moment(), "when it can no longer be accepted", INVITE)
    mailed = declared(Moment(null=True), "when its last mail was written, which may not have left yet", INVITE)
    mail_held_until = declared(
        Moment(null=True), "when its mail can be sent, where the address was mailed too many", INVITE
    )
    token_digest = declared(
        UnicodeAttribute(),
        "proves the link; the token itself is in the mail alone",
        DataHandling("security", "30 days after it expired", exported=False),
    )
    expires = declared(TTLAttribute(), "sweeps the row", INVITE)


class NewestInvites(GlobalSecondaryIndex):
    """Lists the workspaces that have invited an address by the time they did; no decision is read from it."""

    class Meta:
        index_name = "newest"
        projection = AllProjection()

    email = UnicodeAttribute(hash_key=True)
    sent = NumberAttribute(range_key=True)


class InvitedAddress(dynamo.Row):
    """Which workspaces have invited an address, for the list that its owner sees; the invite itself is looked up before
    anything is decided. The row ends with the invite."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("invited_addresses")

    email = declared(UnicodeAttribute(hash_key=True), "who may accept", OPEN)
    workspace_id = declared(UnicodeAttribute(range_key=True), "which workspace", OPEN)
    invite_id = declared(UnicodeAttribute(), "names the invite", OPEN)
    sent = declared(Moment(), "when it was sent last", OPEN)
    expires = declared(TTLAttribute(), "ends the row", OPEN)
    newest_index = NewestInvites()


def find(workspace_id: str, invite_id: str) -> Invite | None:
    """An invite, expired or not; None too where an id is empty."""
    return Invite.find(workspace_id, invite_id) if workspace_id and invite_id else None


def set_link(row: Invite, mailed: float, token_digest: str) -> bool:
    """Write down what proves the link of the mail of `mailed`; False where the invite is over, or a newer mail of it
    was written. `row` is as it is from then on."""
    newest = (Invite.mailed == mailed) | (Invite.mailed.does_not_exist() & (Invite.sent == mailed))
    return row.update_if(newest, token_digest=token_digest)


def of_workspace(workspace_id: str) -> list[Invite]:
    """Invites that were not accepted, expired ones too, newest first."""
    return list(Invite.query(workspace_id, scan_index_forward=False, consistent_read=True))


def of_address(email: str, limit: int, last_key: dict[str, Any] | None) -> tuple[list[Invite], dict[str, Any] | None]:
    """The invites of an address, those sent last first, as they are, expired ones too: of `limit` that are looked at
    after the one of `last_key`, those that there are; and the key of the last, None at the end."""
    rows = InvitedAddress.newest_index.query(
        email, scan_index_forward=False, limit=limit, page_size=limit, last_evaluated_key=last_key
    )
    keys = [(row.workspace_id, row.invite_id) for row in rows]
    invites = sorted(Invite.batch_get(keys, consistent_read=True), key=lambda row: row.sent, reverse=True)
    return invites, rows.last_evaluated_key


def end(row: Invite, condition: Condition) -> bool:
    """Delete an invite, and what stands of it under its address; False where the condition is not met."""
    if not row.delete_if(condition):
        return False
    InvitedAddress(row.email, row.workspace_id).delete_if(InvitedAddress.invite_id == row.invite_id)
    return True
