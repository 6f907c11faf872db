"""The base of every table: one shared client, declared attributes, conditional writes and transactions."""

import itertools
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Self, TypeVar

from django.conf import settings
from pynamodb.attributes import Attribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.constants import DELETE, PUT
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import BatchWrite, Model
from pynamodb.transactions import TransactWrite

from imgapis.base import breaker
from imgapis.base.breaker import Breaker

CATEGORIES = ("account", "billing", "telemetry", "security", "none")
CONNECT_SECONDS = 0.5
MAX_RETRIES = 1
CONDITION_FAILED = "ConditionalCheckFailed"
CONFLICT = "TransactionConflict"
THROTTLED = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")
FIRST_DELAY, LONGEST_DELAY, RETRY_SECONDS = 0.01, 0.3, 2.0
SomeAttribute = TypeVar("SomeAttribute", bound=Attribute[Any])
_shared: dict[str, Connection] = {}
_making = Lock()


@dataclass(frozen=True)
class DataHandling:
    """How data is treated: its category (one of CATEGORIES), how long it is kept, and whether a person's export and
    erasure take it."""

    category: str
    retention: str
    exported: bool = True
    erased: bool = True

    def __post_init__(self) -> None:
        if self.category not in CATEGORIES:
            raise ValueError(f"{self.category!r} is no category: it is one of {', '.join(CATEGORIES)}.")


@dataclass(frozen=True, kw_only=True)
class DataDeclaration:
    """What an attribute is kept for, and for how long: the source of the data inventory (P02). `shape` is what a JSON
    attribute holds, as JSON Schema."""

    purpose: str
    category: str
    retention: str
    exported: bool
    erased: bool
    shape: dict[str, Any] | None


def declared(
    attribute: SomeAttribute, purpose: str, handling: DataHandling, *, shape: dict[str, Any] | None = None
) -> SomeAttribute:
    """Declare an attribute, as `declaration_of` returns it; a test fails for one without a declaration."""
    vars(attribute)["declaration"] = DataDeclaration(purpose=purpose, shape=shape, **asdict(handling))
    return attribute


def declaration_of(attribute: Attribute[Any]) -> DataDeclaration:
    """The declaration of an attribute. Raises KeyError where it has none."""
    return vars(attribute)["declaration"]


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
    max_pool_connections = 3 * settings.GUNICORN_THREADS  # those that wait for a picture come on top


def table_name(name: str) -> str:
    """The full name of a table: `<prefix>-<name>`."""
    return f"{settings.TABLE_PREFIX}-{name}"


def connection() -> Connection:
    """The one connection of the process: PynamoDB would make a botocore client per model, 10 MB each."""
    with _making:
        if "connection" not in _shared:
            new_connection = Connection(
                region=Options.region,
                host=Options.host,
                aws_access_key_id=Options.aws_access_key_id,
                aws_secret_access_key=Options.aws_secret_access_key,
                connect_timeout_seconds=CONNECT_SECONDS,
                read_timeout_seconds=Options.read_timeout_seconds,
                max_retry_attempts=Options.max_retry_attempts,
                max_pool_connections=Options.max_pool_connections,
            )
            breaker.guard(new_connection.client, Breaker())  # made under the lock: creating a client is not thread-safe
            _shared["connection"] = new_connection
        return _shared["connection"]


class Row(Model):
    """A row of a table. Writes: `save()` only with a create condition, everything else `update()` with one.

    `find` returns None where the row does not exist; `save_if`, `update_if` and `delete_if` return False where their
    condition is not met."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if table.connection._client is None:
            table.connection._client = connection().client
        return table

    @classmethod
    def batch_write(cls, auto_commit: bool = True) -> "PatientBatch":
        """Collect writes in a `with` block, which go out 25 at a time. Raises PutError where DynamoDB has not taken all
        of them within RETRY_SECONDS."""
        return PatientBatch(cls, auto_commit=auto_commit)

    @classmethod
    def find(cls, hash_key: str | int, range_key: str | int | None = None) -> Self | None:
        """The row of a key as it is now, read consistently; None where there is none."""
        try:
            return cls.get(hash_key, range_key, consistent_read=True)
        except DoesNotExist:
            return None

    @classmethod
    def require(cls, hash_key: str | int, range_key: str | int | None = None) -> Self:
        """The row of a key that is there, as one that is never deleted: read consistently. Raises DoesNotExist."""
        return cls.get(hash_key, range_key, consistent_read=True)

    @classmethod
    def is_absent(cls) -> Condition:
        """The condition that there is no row of the key."""
        return cls._hash_key_attribute().does_not_exist()

    @classmethod
    def is_present(cls) -> Condition:
        """The condition that there is a row of the key."""
        return cls._hash_key_attribute().exists()

    def save_if(self, condition: Condition) -> bool:
        """Write the whole row; False where the condition is not met, and nothing is written."""
        try:
            self.save(condition=condition)
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    @classmethod
    def assignments(cls, values: Mapping[str, Any]) -> list[Action]:
        """The actions that set attributes by name."""
        return [getattr(cls, name).set(value) for name, value in values.items()]

    def update_if(self, condition: Condition, actions: Sequence[Action] = (), **values: Any) -> bool:
        """Carry out actions and set values by name; False where the condition is not met, and nothing is written."""
        try:
            self.update(actions=[*actions, *self.assignments(values)], condition=condition)
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


class PatientBatch(BatchWrite):
    """Writes of one table, each for itself. What DynamoDB has no capacity for just then is tried again after growing
    random delays: PynamoDB itself would give up at the first."""

    def commit(self) -> None:
        """Write what was collected."""
        puts = [each["item"].serialize() for each in self.pending_operations if each["action"] == PUT]
        deletes = [each["item"]._get_keys() for each in self.pending_operations if each["action"] == DELETE]
        self.pending_operations = []
        for _ in retries():
            if not puts and not deletes:
                return
            try:
                reply = self.model._get_connection().batch_write_item(put_items=puts, delete_items=deletes)
            except PutError as error:
                if error_code(error) not in THROTTLED:
                    raise
                continue
            rest = reply.get("UnprocessedItems", {}).get(self.model.Meta.table_name, [])
            puts = [item["PutRequest"]["Item"] for item in rest if "PutRequest" in item]
            deletes = [item["DeleteRequest"]["Key"] for item in rest if "DeleteRequest" in item]
        if puts or deletes:
            raise PutError(f"{len(puts) + len(deletes)} writes of a batch were not taken.")


def condition_failed(error: PynamoDBException) -> bool:
    """Whether a condition was not met, as when a concurrent write came first: the store itself is sound."""
    return error_code(error) == "ConditionalCheckFailedException"


def error_code(error: PynamoDBException) -> str:
    """DynamoDB's code of an error; empty where it did not answer at all."""
    # A time-out has a `response` that is None, which PynamoDB's own `cause_response_code` cannot read.
    response = getattr(error.cause, "response", None) or {}
    return response.get("Error", {}).get("Code", "")


class TransactionCanceled(TransactWriteError):
    """DynamoDB wrote nothing: `failed` holds the names of the writes whose condition was not met, `conflicting` those
    of the writes whose row another transaction held just then, so that the same may succeed later.

    A transaction whose outcome is unknown, or that met another fault, raises TransactWriteError instead."""

    def __init__(self, failed: frozenset[str], conflicting: frozenset[str], cause: Exception | None):
        super().__init__("The transaction was canceled.", cause)
        self.failed, self.conflicting = failed, conflicting


class Transaction:
    """Writes that `transaction()` commits; a write without a name counts under "", and two may share a name."""

    def __init__(self) -> None:
        self._writes = TransactWrite(connection=connection())
        # By kind, in the order in which PynamoDB sends them and DynamoDB answers, whatever the order of the calls.
        self._names: dict[str, list[str]] = {"check": [], "delete": [], "save": [], "update": []}

    def check(
        self,
        row_class: type[Row],
        hash_key: str | int,
        range_key: str | int | None = None,
        *,
        condition: Condition,
        name: str = "",
    ) -> None:
        """Require a condition of a row that is not written."""
        self._writes.condition_check(row_class, hash_key, range_key, condition)
        self._names["check"].append(name)

    def delete(self, row: Row, *, condition: Condition | None = None, name: str = "") -> None:
        """Delete a row."""
        self._writes.delete(row, condition=condition)
        self._names["delete"].append(name)

    def save(self, row: Row, *, if_absent: bool = False, condition: Condition | None = None, name: str = "") -> None:
        """Write a whole row; `if_absent`: only where there is none of its key."""
        self._writes.save(row, condition=row.is_absent() if if_absent else condition)
        self._names["save"].append(name)

    def update(self, row: Row, actions: Sequence[Action], *, condition: Condition, name: str = "") -> None:
        """Change attributes of a row in the table; `row` itself is left as it is."""
        self._writes.update(row, actions=list(actions), condition=condition)
        self._names["update"].append(name)

    def commit(self) -> None:
        """Write everything or nothing. Raises TransactionCanceled, TransactWriteError."""
        try:
            with self._writes:
                pass
        except TransactWriteError as error:
            reasons = [reason.code if reason else None for reason in error.cancellation_reasons]
            pairs = list(zip(itertools.chain(*self._names.values()), reasons, strict=False))
            failed = frozenset(name for name, reason in pairs if reason == CONDITION_FAILED)
            conflicting = frozenset(name for name, reason in pairs if reason == CONFLICT)
            if not failed and not conflicting:
                raise
            raise TransactionCanceled(failed, conflicting, error.cause) from error


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Collect writes in a `with` block and commit them at its end; an exception in the block writes nothing. Raises
    TransactionCanceled, TransactWriteError."""
    writes = Transaction()
    yield writes
    writes.commit()


def retries(seconds: float = RETRY_SECONDS) -> Iterator[None]:
    """Attempts at something that lost to a concurrent write: the first at once, the others after growing random delays,
    until the next would begin later than `seconds` after the first."""
    deadline, delay = time.monotonic() + seconds, FIRST_DELAY
    while True:
        yield
        wait = random.uniform(delay / 2, delay)
        if time.monotonic() + wait > deadline:
            return
        time.sleep(wait)
        delay = min(delay * 2, LONGEST_DELAY)


def description_of(row_class: type[Row]) -> str:
    """What a table holds, as the docstring of its row class says it, on one line."""
    return " ".join((row_class.__doc__ or "").split())


def tables() -> list[type[Row]]:
    """Every table of the project whose module is imported, by name."""
    row_classes = [row_class for row_class in Row.__subclasses__() if hasattr(row_class, "Meta")]
    return sorted(row_classes, key=lambda row_class: row_class.Meta.table_name)
