"""A source of a workspace in a bucket of the storage that the tests run."""

from typing import Any

from django.conf import settings

from accounts.models import Workspace
from imgapis.base import buckets
from transforms.sources import named_sources


def create(row: Workspace, bucket: str, **values: Any) -> None:
    """The bucket, and the source `pictures` of it; `values` are further settings of the source."""
    buckets.ensure_bucket(bucket)
    named_sources.create(
        row.workspace_id,
        name="pictures",
        kind="s3",
        bucket=bucket,
        region="us-east-1",
        access_key=settings.CACHE_ACCESS_KEY,
        secret_key=settings.CACHE_SECRET_KEY,
        **values,
    )
