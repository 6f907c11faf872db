"""The sample source: the photographs of this machine's demo, under every workspace that asks for them."""

from django.conf import settings

from imgapis.base import buckets
from transforms.models import Source, sources
from transforms.sources import named_sources

BUCKET = "samples"
NAME = "samples"
PHOTO = "astronaut.png"


def offered() -> bool:
    """Whether there are samples to add: only the bucket server of `make run` has them."""
    return settings.EMBEDDED


def add(workspace_id: str, actor: str = "system") -> None:
    """Give a workspace the sample source, unless it has a source of that name. Raises TooManySources."""
    if sources.find(workspace_id, NAME) is None:
        buckets.ensure_bucket(BUCKET)
        named_sources.create(
            workspace_id,
            name=NAME,
            kind="s3",
            bucket=BUCKET,
            region=settings.AWS_REGION,
            access_key=settings.CACHE_ACCESS_KEY or "",
            secret_key=settings.CACHE_SECRET_KEY or "",
            actor=actor,
        )


def is_sample(row: Source) -> bool:
    """Whether a source is the sample source, whose photographs are known by name."""
    return offered() and (row.kind, row.bucket, row.prefix) == ("s3", BUCKET, "")
