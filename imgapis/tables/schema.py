"""What can differ between a table as the code wants it and as it is: keys, indexes, TTL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from imgapis.base import dynamo

ACTIVE = "ACTIVE"
DELETING = "DELETING"
ENABLED = ("ENABLED", "ENABLING")
MISSING = "ResourceNotFoundException"


@dataclass(frozen=True)
class Key:
    """An attribute of a key: its name, its type (S, N or B), its role (HASH or RANGE)."""

    name: str
    type: str
    role: str


Keys = tuple[Key, ...]


@dataclass(frozen=True)
class IndexSchema:
    """A global secondary index; `projection` is the name of the kind and the attributes beside the keys."""

    name: str
    keys: Keys
    projection: tuple[str, frozenset[str]]


@dataclass(frozen=True)
class TableSchema:
    """A table; `ttl` is the attribute that ends its rows, or None."""

    name: str
    keys: Keys
    indexes: tuple[IndexSchema, ...] = ()
    ttl: str | None = None

    @classmethod
    def of(cls, row_class: type[dynamo.Row]) -> Self:
        """The table that a row class wants."""
        wanted = row_class._get_schema()
        types = {item["AttributeName"]: item["AttributeType"] for item in wanted["attribute_definitions"]}
        indexes = [
            _index(item["index_name"], item["key_schema"], types, item["projection"])
            for item in wanted["global_secondary_indexes"]
        ]
        ttl, keys = row_class._ttl_attribute(), _keys(wanted["key_schema"], types)
        return cls(row_class.Meta.table_name, keys, tuple(indexes), ttl.attr_name if ttl else None)

    def attribute_definitions(self) -> list[dict[str, str]]:
        """The types of every attribute in a key, as DynamoDB's calls want them."""
        keys = [*self.keys, *(key for index in self.indexes for key in index.keys)]
        return [{"AttributeName": name, "AttributeType": kind} for name, kind in {k.name: k.type for k in keys}.items()]


@dataclass(frozen=True)
class ExistingTable:
    """A table as DynamoDB describes it; `states` are those of the table ("") and of its indexes by name."""

    schema: TableSchema
    states: dict[str, str]

    @property
    def is_settled(self) -> bool:
        """Whether the table and all its indexes are ready: DynamoDB changes one thing at a time."""
        return set(self.states.values()) == {ACTIVE}


def read(client: Any, name: str) -> ExistingTable | None:
    """The table of a name; None where there is none."""
    try:
        table = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException:
        return None
    types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
    descriptions = table.get("GlobalSecondaryIndexes", [])
    indexes = [_index(item["IndexName"], item["KeySchema"], types, item["Projection"]) for item in descriptions]
    states = {"": table["TableStatus"]} | {item["IndexName"]: item["IndexStatus"] for item in descriptions}
    schema = TableSchema(name, _keys(table["KeySchema"], types), tuple(indexes), _ttl(client, name))
    return ExistingTable(schema, states)


def _ttl(client: Any, name: str) -> str | None:
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return ttl.get("AttributeName") if ttl["TimeToLiveStatus"] in ENABLED else None


def _keys(items: Sequence[Mapping[str, Any]], types: dict[str, str]) -> Keys:
    keys = [Key(item["AttributeName"], types[item["AttributeName"]], item["KeyType"]) for item in items]
    return tuple(sorted(keys, key=lambda key: key.role))


def _index(
    name: str, keys: Sequence[Mapping[str, Any]], types: dict[str, str], projection: dict[str, Any]
) -> IndexSchema:
    kind = (projection["ProjectionType"], frozenset(projection.get("NonKeyAttributes", ())))
    return IndexSchema(name, _keys(keys, types), kind)
