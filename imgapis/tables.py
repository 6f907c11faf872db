"""Every table of the project, and how they are created."""

from django.conf import settings

from imgapis.base import dynamo

RECOVERY_DAYS = 14


def registered() -> list[type[dynamo.Row]]:
    """Every row class, by table name."""
    return dynamo.tables()


def create() -> int:
    """Create the absent tables; returns how many. TTL stands on each table with an `expires`."""
    absent = [row for row in registered() if not row.exists()]
    for row in absent:
        row.create_table(wait=True)
        if settings.DYNAMODB_ENDPOINT is None:
            protect(row)  # DynamoDB Local answers UnknownOperation
    return len(absent)


def protect(row: type[dynamo.Row]) -> None:
    """Point-in-time recovery of 14 days, so that an erasure is whole within 30 (D7), and the project's tag."""
    client = dynamo.connection().client
    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": RECOVERY_DAYS}
    client.update_continuous_backups(TableName=row.Meta.table_name, PointInTimeRecoverySpecification=recovery)
    arn = client.describe_table(TableName=row.Meta.table_name)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "project", "Value": "imgapis"}])
