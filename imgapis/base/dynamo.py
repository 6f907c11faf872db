"""The base of every table: one shared client, declared attributes, and how to tell a failed condition from a fault."""

from dataclasses import dataclass
from threading import Lock
from typing import Any, Self

from django.conf import settings
from pynamodb.attributes import Attribute
from pynamodb.connection import Connection
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from imgapis.base import breaker
from imgapis.base.breaker import Breaker

CATEGORIES = ("account", "billing", "telemetry", "security", "none")
CONNECT_SECONDS = 0.5
MAX_RETRIES = 1
_shared: dict[str, Connection] = {}
_making = Lock()


@dataclass(frozen=True)
class DataDeclaration:
    """What an attribute is kept for, and for how long: the source of the data inventory (P02)."""

    purpose: str
    category: str
    retention: str
    exported: bool
    erased: bool
    shape: dict | None = None


def declared(
    attribute: Attribute,
    purpose: str,
    *,
    category: str,
    retention: str,
    exported: bool = True,
    erased: bool = True,
    shape: dict | None = None,
) -> Attribute:
    """Declare an attribute; a test fails for one without a declaration. `shape` is what a JSON attribute holds, as
    JSON Schema."""
    if category not in CATEGORIES:
        raise ValueError(f"{category!r} is no category: it is one of {', '.join(CATEGORIES)}.")
    attribute.declaration = DataDeclaration(purpose, category, retention, exported, erased, shape)
    return attribute


class Options:
    """The `Meta` every table shares; a table adds `table_name`."""

    region = settings.AWS_REGION
    host = settings.DYNAMODB_ENDPOINT
    aws_access_key_id = settings.AWS_ACCESS_KEY_ID
    aws_secret_access_key = settings.AWS_SECRET_ACCESS_KEY
    billing_mode = "PAY_PER_REQUEST"
    connect_timeout_seconds = CONNECT_SECONDS
    read_timeout_seconds = settings.DYNAMODB_READ_SECONDS
    max_retry_attempts = MAX_RETRIES
    max_pool_connections = settings.GUNICORN_THREADS


def table_name(name: str) -> str:
    """The full name of a table: `<prefix>-<name>`."""
    return f"{settings.TABLE_PREFIX}-{name}"


def connection() -> Connection:
    """The one connection of the process: PynamoDB would make a botocore client per model, 10 MB each."""
    with _making:
        if "connection" not in _shared:
            new_connection = Connection(
                region=Options.region, host=Options.host, aws_access_key_id=Options.aws_access_key_id,
                aws_secret_access_key=Options.aws_secret_access_key, connect_timeout_seconds=CONNECT_SECONDS,
                read_timeout_seconds=Options.read_timeout_seconds, max_retry_attempts=Options.max_retry_attempts,
                max_pool_connections=Options.max_pool_connections,
            )  # fmt: skip
            breaker.guard(new_connection.client, Breaker())  # made under the lock: creating a client is not thread-safe
            _shared["connection"] = new_connection
        return _shared["connection"]


class Row(Model):
    """A row of a table. Writes: `save()` only with a create condition, everything else `update()` with one.

    `find` returns None where the row does not exist; `save_if`, `update_if` and `delete_if` return False where their
    condition is not met."""

    @classmethod
    def _get_connection(cls):
        table = super()._get_connection()
        if table.connection._client is None:
            table.connection._client = connection().client
        return table

    @classmethod
    def find(cls, *key: str | int) -> Self | None:
        """The row of a key as it is now, read consistently; None where there is none."""
        try:
            return cls.get(*key, consistent_read=True)
        except DoesNotExist:
            return None

    def save_if(self, condition: Condition) -> bool:
        """Write the whole row; False where the condition is not met, and nothing is written."""
        try:
            self.save(condition=condition)
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def update_if(self, condition: Condition, actions: list[Action] = (), **values: Any) -> bool:
        """Carry out actions and set values by name; False where the condition is not met, and nothing is written."""
        assignments = [getattr(type(self), name).set(value) for name, value in values.items()]
        try:
            self.update(actions=[*actions, *assignments], condition=condition)
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def delete_if(self, condition: Condition) -> bool:
        """Delete the row; False where the condition is not met, and it stays as it is."""
        try:
            self.delete(condition=condition)
        except DeleteError as error:
            if condition_failed(error):
                return False
            raise
        return True


def condition_failed(error: PynamoDBException) -> bool:
    """Whether a condition was not met, as when a concurrent write came first: the store itself is sound."""
    return error_code(error) == "ConditionalCheckFailedException"


def error_code(error: PynamoDBException) -> str:
    """DynamoDB's code of an error; empty where it did not answer at all."""
    # A time-out has a `response` that is None, which PynamoDB's own `cause_response_code` cannot read.
    response = getattr(error.cause, "response", None) or {}
    return response.get("Error", {}).get("Code", "")


def cancellation_reasons(error: TransactWriteError) -> list[str | None]:
    """Why each item of a cancelled transaction failed, in order; empty where it was not cancelled."""
    return [reason.code if reason else None for reason in error.cancellation_reasons]


def item_counts(transaction: TransactWrite) -> tuple[int, int, int, int]:
    """How many items of each kind a transaction holds so far: checks, deletes, saves, updates. PynamoDB sends them in
    this order, whatever the order of the calls, and the reasons of a cancellation come in it."""
    kinds = (
        transaction._condition_check_items, transaction._delete_items, transaction._put_items,
        transaction._update_items,
    )  # fmt: skip
    return tuple(len(items) for items in kinds)


def reasons_of_added_items(
    reasons: list[str | None], own_sizes: tuple[int, ...], all_sizes: tuple[int, ...]
) -> list[str | None]:
    """The reasons of the items added after `own_sizes` was taken by `sizes`; `all_sizes` is of the transaction as it
    was sent."""
    added_reasons, start = [], 0
    for own_count, all_count in zip(own_sizes, all_sizes, strict=True):
        added_reasons += reasons[start + own_count : start + all_count]
        start += all_count
    return added_reasons


def tables() -> list[type[Row]]:
    """Every table of the project whose module is imported, by name."""
    row_classes = [row_class for row_class in Row.__subclasses__() if hasattr(row_class, "Meta")]
    return sorted(row_classes, key=lambda row_class: row_class.Meta.table_name)
