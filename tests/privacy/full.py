"""A workspace and a person with a row in every table that there is, made from the tables' own declarations."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, TTLAttribute, UnicodeSetAttribute

from accounts.people import people
from accounts.workspaces import workspaces
from imgapis.base import buckets, clock, tokens
from imgapis.base.buckets import StoredObject
from imgapis.base.dynamo import Row, declaration_of
from imgapis.models import PrivacyRequest
from imgapis.privacy import registry
from imgapis.tables import row_classes
from tests import stored
from transforms.models import Source

# Attributes whose values are names of the program's own.
CLOSED = {Source: {"kind": "s3"}}
EXEMPT = {holding.row for holding in registry.HOLDINGS if holding.exempt}


@dataclass
class Account:
    """Whose rows they are, and a mark that stands in every text of them."""

    mark: str = field(default_factory=lambda: f"canary{secrets.token_hex(6)}")

    def __post_init__(self):
        self.email = f"{self.mark}@example.com"
        self.person = people.create(self.email)
        self.workspace = workspaces.create(
            self.person.person_id, namespace=self.mark, business_name=f"{self.mark} business"
        )
        self.workspace_id, self.person_id = self.workspace.workspace_id, self.person.person_id
        self.folder = tokens.subkey(workspaces.key(self.workspace), "folder").hex()[:32]
        for table in row_classes.registered():
            if table not in EXEMPT and not self.has(table):
                with table.batch_write() as writer:
                    writer.save(self.row(table))
        for life in ("365d", "1d"):
            for name in ("a", "b"):
                buckets.put(f"{life}/{self.folder}/{name * 8}", StoredObject(b"x", "image/png", {}))

    def has(self, table: type[Row]) -> bool:
        """Whether founding the workspace wrote a row there already."""
        return bool(self.items(table))

    def items(self, table: type[Row]) -> list[dict]:
        """The items of a table that say anything of the account: its mark or one of its opaque ids."""
        matching = stored.items(table.Meta.table_name, self.mark, self.workspace_id, self.person_id)
        if table is PrivacyRequest:  # what is left of it is about the law: the address is what goes
            return [item for item in matching if item.get("address", {}).get("S") == self.email]
        return matching

    def row(self, table: type[Row]) -> Row:
        """A row with something in every attribute."""
        values = {name: self.value(name, attribute) for name, attribute in table.get_attributes().items()}
        return table(**values | CLOSED.get(table, {}))

    def value(self, name: str, attribute) -> Any:
        """What an attribute holds."""
        known = {
            "workspace_id": self.workspace_id,
            "person_id": self.person_id,
            "email": self.email,
            "address": self.email,
            "place": f"{self.workspace_id} {clock.hour(clock.now())}",
            "choice": f"usage {self.person_id}",
            "shard": "0",
            "queue": self.mark,
            "cloudflare_id": "",
            "subject_id": self.workspace_id,
        }
        if name in known:
            return known[name]
        if isinstance(attribute, TTLAttribute):
            return datetime.fromtimestamp(int(clock.now()) + 9_999, UTC)
        if isinstance(attribute, NumberAttribute):
            return 0 if name in ("due", "lease", "closed") else 1
        if isinstance(attribute, BooleanAttribute):
            return False
        if isinstance(attribute, UnicodeSetAttribute):
            return {self.mark}
        return (
            self.shaped(declaration_of(attribute).shape or {})
            if isinstance(attribute, JSONAttribute)
            else f"{self.mark} {name}"
        )

    def shaped(self, shape: dict) -> Any:
        """Something of a declared shape, with the mark in every text."""
        kind = shape.get("type", "array")
        if kind == "object":
            each = shape.get("additionalProperties", {"type": "string"})
            return {name: self.shaped(held) for name, held in shape.get("properties", {"w": each}).items()}
        if kind == "array":
            return [self.shaped(each) for each in shape.get("prefixItems", [shape.get("items", {"type": "string"})])]
        return self.mark if kind == "string" else 1

    def left(self) -> dict[str, int]:
        """How many rows and objects are left of the account, by table; the proofs of its erasure apart."""
        counts = {table.__name__: len(self.items(table)) for table in row_classes.registered() if table not in EXEMPT}
        counts["objects"] = sum(self.folder in name for name in buckets.list_keys())
        return {name: count for name, count in counts.items() if count}

    def forget(self) -> None:
        """Take every row of the account away, so that no other test meets it."""
        for table in row_classes.registered():
            if table not in EXEMPT:
                words = (self.mark, self.workspace_id, self.person_id)
                stored.delete(table, stored.items(table.Meta.table_name, *words))
        for life in ("365d", "1d"):
            buckets.delete_prefix(f"{life}/{self.folder}/")
