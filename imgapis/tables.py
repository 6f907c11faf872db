"""Every table of the project, and how they are created."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.conf import settings
from pynamodb.exceptions import TableError

import accounts.models
import accounts.rows.audit
import accounts.rows.codes
import accounts.rows.keys
import accounts.rows.namespaces
import accounts.rows.staff
import accounts.rows.teams
import billing.models
import billing.rows.notifications
import billing.rows.stripe
import imgapis.rows.policy
import imgapis.rows.privacy
import imgapis.rows.watch
import telemetry.models
import transforms.models
from imgapis.base import dynamo

# A row is registered by importing its module; a test finds the module that is missing here.
MODULES = (
    accounts.models,
    accounts.rows.codes,
    accounts.rows.keys,
    accounts.rows.namespaces,
    accounts.rows.staff,
    accounts.rows.teams,
    accounts.rows.audit,
    telemetry.models,
    billing.models,
    billing.rows.notifications,
    billing.rows.stripe,
    transforms.models,
    imgapis.rows.policy,
    imgapis.rows.privacy,
    imgapis.rows.watch,
)
RECOVERY_DAYS = 14
PATIENT_SECONDS = 60.0
T = TypeVar("T")


def registered() -> list[type[dynamo.Row]]:
    """Every row class, by table name."""
    names = {module.__name__ for module in MODULES}
    return [row_class for row_class in dynamo.tables() if row_class.__module__ in names]


def create() -> int:
    """Create the missing tables; returns how many. TTL is enabled on each table with an `expires`. On AWS existing
    tables are protected again too: a restored one has lost its TTL and its recovery, and an earlier creation may have
    been interrupted before them."""
    missing = [row_class for row_class in registered() if not _retrying(row_class.exists)]
    for row_class in missing:
        _retrying(partial(_create, row_class))
    if settings.DYNAMODB_ENDPOINT is None:  # DynamoDB Local answers UnknownOperation
        for row_class in registered():
            row_class.update_ttl(ignore_update_ttl_errors=True)
            protect(row_class)
    return len(missing)


def _create(row_class: type[dynamo.Row]) -> None:
    """Create a table. One that exists already, or has its TTL already, was created by an earlier call whose response
    was lost, or by another process."""
    try:
        row_class.create_table(wait=True)
    except TableError as error:
        if dynamo.error_code(error) not in ("ResourceInUseException", "ValidationException") or not row_class.exists():
            raise
        row_class.update_ttl(ignore_update_ttl_errors=True)


def _is_silent(error: Exception) -> bool:
    """Whether there was no response at all, as from an engine that has just started."""
    return isinstance(error, TableError) and not dynamo.error_code(error)


def _is_new(error: Exception) -> bool:
    """Whether a table is too new for point-in-time recovery, which DynamoDB reports under this code."""
    response = getattr(error, "response", None) or {}
    return response.get("Error", {}).get("Code") == "ContinuousBackupsUnavailableException"


def _retrying(operation: Callable[[], T], is_transient: Callable[[Exception], bool] = _is_silent) -> T:
    """Retry `operation` for PATIENT_SECONDS while its error is transient: no page waits for it."""
    deadline = time.monotonic() + PATIENT_SECONDS
    while True:
        try:
            return operation()
        except Exception as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def protect(row_class: type[dynamo.Row]) -> None:
    """Point-in-time recovery of 14 days, so that an erasure is whole within 30 (D7), and the project's tag."""
    client = dynamo.connection().client
    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": RECOVERY_DAYS}
    name = row_class.Meta.table_name
    enable_recovery = partial(
        client.update_continuous_backups, TableName=name, PointInTimeRecoverySpecification=recovery
    )
    _retrying(enable_recovery, _is_new)
    arn = client.describe_table(TableName=row_class.Meta.table_name)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "project", "Value": "imgapis"}])
