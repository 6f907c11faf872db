"""Bringing existing tables to what the code wants: missing tables, indexes, TTL and recovery are added one at a time.

Nothing is ever removed, and no key is changed: a new key is a new table, read beside the old one until the retention
of the old one's rows ends.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from imgapis.base import dynamo
from imgapis.tables import backfills, row_classes
from imgapis.tables.backfills import Backfill
from imgapis.tables.schema import DELETING, ExistingTable, IndexSchema, TableSchema, read

RECOVERY_DAYS = 14
PATIENT_SECONDS = 60.0
FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0
# Another process changes the same table, DynamoDB changes as many tables as it does at once, a table is too new for
# point-in-time recovery.
TRANSIENT = {
    "ResourceInUseException",
    "LimitExceededException",
    "ContinuousBackupsUnavailableException",
    "ThrottlingException",
}
T = TypeVar("T")


class MigrationRefused(Exception):
    """The tables cannot be brought to what the code wants; nothing was changed. `reasons` has a sentence for each."""

    def __init__(self, reasons: list[str]):
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Step:
    """One change: its sentence, and the call that makes it."""

    sentence: str
    run: Callable[[], Any]


def plan(schemas: Iterable[TableSchema]) -> list[Step]:
    """What is to be done so that every table is as wanted. Raises MigrationRefused before anything is done."""
    existing = {schema: _patiently(partial(read, _client(), schema.name)) for schema in schemas}
    reasons = [reason for schema, table in existing.items() if table for reason in _refusals(schema, table)]
    if reasons:
        raise MigrationRefused(reasons)
    return [step for schema, table in existing.items() for step in _steps(schema, table)]


def wanted() -> list[TableSchema]:
    """The tables that the code wants."""
    return [TableSchema.of(row_class) for row_class in row_classes.registered()]


def pending_backfills(available: Iterable[Backfill] | None = None) -> list[Backfill]:
    """The backfills that are not finished, in order."""
    return [backfill for backfill in available or backfills.BACKFILLS if not backfills.is_finished(backfill)]


def migrate(schemas: Iterable[TableSchema], say: Callable[[str], None] = lambda sentence: None) -> int:
    """Carry out the plan, saying each step as it begins; returns how many there were. Interrupted, it goes on where it
    was when it is run again. Raises MigrationRefused."""
    steps = plan(schemas)
    for step in steps:
        say(step.sentence)
        _patiently(step.run)
    return len(steps)


def protect(name: str) -> None:
    """Point-in-time recovery of 14 days, so that an erasure is whole within 30 (D7), and the project's tag."""
    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": RECOVERY_DAYS}
    _client().update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    arn = _client().describe_table(TableName=name)["Table"]["TableArn"]
    _client().tag_resource(ResourceArn=arn, Tags=[{"Key": "project", "Value": "imgapis"}])


def _refusals(schema: TableSchema, table: ExistingTable) -> Iterator[str]:
    """Why a table cannot become what is wanted."""
    if table.schema.keys != schema.keys:
        yield (
            f"{schema.name}: its key is {_described(table.schema.keys)}, and this version wants"
            f" {_described(schema.keys)}. A key cannot be changed: a new key is a new table."
        )
    if table.schema.ttl not in (None, schema.ttl):
        yield (
            f"{schema.name}: its rows end by {table.schema.ttl}, and this version wants {schema.ttl or 'no TTL'}."
            " Disable the TTL by hand, wait an hour, and try again."
        )
    existing = {index.name: index for index in table.schema.indexes}
    for index in schema.indexes:
        if existing.get(index.name, index) != index and table.states[index.name] != DELETING:
            yield (
                f"{schema.name}: the index {index.name} has {_described(existing[index.name].keys)} and projects"
                f" {existing[index.name].projection[0]}; this version wants {_described(index.keys)} and"
                f" {index.projection[0]}. An index cannot be changed: a new one needs a new name."
            )


def _described(keys: tuple) -> str:
    return ", ".join(f"{key.name} ({key.type})" for key in keys)


def _steps(schema: TableSchema, table: ExistingTable | None) -> Iterator[Step]:
    if table is None:
        yield Step(f"create the table {schema.name}", partial(_create, schema))
        existing = set()
    else:
        existing = {index.name for index in table.schema.indexes if table.states[index.name] != DELETING}
        if not table.is_settled:
            yield Step(f"wait until {schema.name} is ready", partial(_wait, schema.name))
        for index in schema.indexes:
            if index.name not in existing:
                yield Step(f"add the index {index.name} to {schema.name}", partial(_add_index, schema, index))
    if schema.ttl and (table is None or table.schema.ttl is None):
        yield Step(f"end the rows of {schema.name} by {schema.ttl}", partial(_enable_ttl, schema))
    if settings.DYNAMODB_ENDPOINT is None:  # DynamoDB Local answers UnknownOperation
        yield Step(f"keep {RECOVERY_DAYS} days of recovery for {schema.name}", partial(protect, schema.name))


def _create(schema: TableSchema) -> None:
    """Create a table with its indexes; one that another process has created meanwhile is waited for."""
    if read(_client(), schema.name) is None:
        _client().create_table(
            TableName=schema.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=_key_schema(schema.keys),
            AttributeDefinitions=schema.attribute_definitions(),
            **({"GlobalSecondaryIndexes": [_index(index) for index in schema.indexes]} if schema.indexes else {}),
        )
    _wait(schema.name)


def _add_index(schema: TableSchema, index: IndexSchema) -> None:
    """Add an index to a table and wait until its rows are in it, which takes hours for a large one."""
    if index.name not in _wait(schema.name).states:
        _client().update_table(
            TableName=schema.name,
            AttributeDefinitions=replace(schema, indexes=(index,)).attribute_definitions(),
            GlobalSecondaryIndexUpdates=[{"Create": _index(index)}],
        )
    _wait(schema.name)


def _enable_ttl(schema: TableSchema) -> None:
    if _existing(schema.name).schema.ttl is None:
        specification = {"Enabled": True, "AttributeName": schema.ttl}
        try:
            _client().update_time_to_live(TableName=schema.name, TimeToLiveSpecification=specification)
        except ClientError:
            if _existing(schema.name).schema.ttl != schema.ttl:  # another process has not just enabled it
                raise


def _existing(name: str) -> ExistingTable:
    """A table that was there when the plan was made. Raises MigrationRefused where somebody has deleted it since."""
    table = read(_client(), name)
    if table is None:
        raise MigrationRefused([f"{name}: the table has been deleted meanwhile."])
    return table


def _wait(name: str) -> ExistingTable:
    """Wait until a table and its indexes are ready: on AWS however long it takes, on DynamoDB Local PATIENT_SECONDS."""
    seconds, deadline = FIRST_WAIT, time.monotonic() + PATIENT_SECONDS
    while not (table := read(_client(), name)) or not table.is_settled:
        if settings.DYNAMODB_ENDPOINT and time.monotonic() > deadline:
            raise MigrationRefused([f"{name}: DynamoDB Local has not made its table or index ready in a minute."])
        time.sleep(seconds)
        seconds = min(2 * seconds, LONGEST_WAIT)
    return table


def _patiently(operation: Callable[[], T]) -> T:
    """Repeat `operation` for PATIENT_SECONDS while its error is one that passes, silence included: an engine that has
    just started, or another process at the same table."""
    deadline = time.monotonic() + PATIENT_SECONDS
    while True:
        try:
            return operation()
        except (BotoCoreError, ClientError) as error:
            if not _passes(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _passes(error: BotoCoreError | ClientError) -> bool:
    return not isinstance(error, ClientError) or error.response["Error"]["Code"] in TRANSIENT


def _client() -> Any:
    return dynamo.connection().client


def _key_schema(keys: tuple) -> list[dict[str, str]]:
    return [{"AttributeName": key.name, "KeyType": key.role} for key in keys]


def _index(index: IndexSchema) -> dict[str, Any]:
    kind, attributes = index.projection
    projection = {"ProjectionType": kind} | ({"NonKeyAttributes": sorted(attributes)} if attributes else {})
    return {"IndexName": index.name, "KeySchema": _key_schema(index.keys), "Projection": projection}
