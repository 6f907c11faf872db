"""The rows of teams: members, owners and invites."""

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

ACCOUNT = DataHandling("account", "until the member leaves, or erasure")
OPEN = DataHandling("account", "until the invitation is accepted, revoked or over")
INVITE = DataHandling("account", "30 days after it expired")


class WorkspacesOfPerson(GlobalSecondaryIndex):
    """Lists the workspaces of a person; no decision is read from it."""

    class Meta:
        index_name = "person"
        projection = AllProjection()

    person_id = UnicodeAttribute(hash_key=True)


class Member(dynamo.Row):
    """A person's place in a workspace."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("members")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "which workspace", ACCOUNT)
    person_id = declared(UnicodeAttribute(range_key=True), "who", ACCOUNT)
    role = declared(UnicodeAttribute(), "what the member may do", ACCOUNT)
    joined = declared(Moment(), "since when", ACCOUNT)
    person_index = WorkspacesOfPerson()


class Ownership(dynamo.Row):
    """Which workspaces somebody owns, so that nobody owns more than their plans allow."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("ownerships")

    person_id = declared(UnicodeAttribute(hash_key=True), "who owns it", ACCOUNT)
    workspace_id = declared(UnicodeAttribute(range_key=True), "which workspace", ACCOUNT)


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
