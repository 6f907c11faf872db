"""Which member wants no mails of which kind."""

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared


class OptOut(dynamo.Row):
    """A member's choice to get no mails of a kind."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("unwanted")

    workspace_id = declared(
        UnicodeAttribute(hash_key=True), "of which workspace", DataHandling("account", "until erasure")
    )
    choice = declared(
        UnicodeAttribute(range_key=True),
        "which member wants none of which kind",
        DataHandling("account", "until erasure"),
    )
