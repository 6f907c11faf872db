"""The members of workspaces, and which workspaces a person owns."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

ACCOUNT = DataHandling("account", "until the member leaves, or erasure")


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


def find(workspace_id: str, person_id: str) -> Member | None:
    """A person's place in a workspace, as it is now."""
    return Member.find(workspace_id, person_id)


def of_workspace(workspace_id: str) -> list[Member]:
    """Everybody in a workspace."""
    return list(Member.query(workspace_id, consistent_read=True))


def of_person(person_id: str) -> list[Member]:
    """Every place of a person, from an index: for lists alone."""
    return list(Member.person_index.query(person_id))


def owner_ids(workspace_id: str) -> list[str]:
    """The person ids of the owners."""
    return [row.person_id for row in of_workspace(workspace_id) if row.role == "owner"]


def owned_ids(person_id: str) -> list[str]:
    """The ids of the workspaces that a person owns, as it is now. The index of members lags, so that ownerships are
    listed beside it; each is looked up."""
    listed = {row.workspace_id for row in Ownership.query(person_id, consistent_read=True)}
    listed |= {row.workspace_id for row in of_person(person_id)}
    rows = Member.batch_get([(workspace_id, person_id) for workspace_id in sorted(listed)], consistent_read=True)
    return [row.workspace_id for row in rows if row.role == "owner"]


def scan_person(person_id: str) -> list[Member]:
    """Every place of a person, as it is now, from the whole table: for the replay of an erasure."""
    return list(Member.scan(Member.person_id == person_id, consistent_read=True))
