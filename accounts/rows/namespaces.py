"""The row that counts a person's namespaces, and how often they became an owner."""

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Whole

COUNT = DataHandling("account", "until erasure")


class NamespaceCount(dynamo.Row):
    """How many namespaces somebody has taken, for new workspaces and for renamed ones, because none is ever free again;
    and how often they became an owner."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("namespace-counts")

    person_id = declared(UnicodeAttribute(hash_key=True), "who took them", COUNT)
    taken = declared(Whole(default=0), "keeps one person from taking names without end", COUNT)
    owner_revision = declared(Whole(default=0), "keeps one person from owning more than their plans allow", COUNT)
