"""Which member wants no mails of which kind."""

from pynamodb.attributes import UnicodeAttribute

from accounts.models.handling import ACCOUNT
from imgapis.base import dynamo
from imgapis.base.dynamo import declared


class OptOut(dynamo.Row):
    """A member's choice to get no mails of a kind."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("unwanted")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "of which workspace", ACCOUNT)
    choice = declared(
        UnicodeAttribute(range_key=True),
        "which member wants none of which kind",
        ACCOUNT,
    )


def choices(workspace_id: str) -> set[str]:
    """The choices of a workspace's members: a kind and a person's id, with a space between them."""
    return {row.choice for row in OptOut.query(workspace_id, consistent_read=True)}


def add(workspace_id: str, choice: str) -> None:
    """Write a choice; writing it twice is no error."""
    OptOut(workspace_id, choice).save_if(OptOut.is_absent())


def delete(workspace_id: str, choice: str) -> None:
    """Delete a choice; deleting it twice is no error."""
    OptOut(workspace_id, choice).delete_if(OptOut.is_present())
