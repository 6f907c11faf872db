"""The demo workspace with its sample photographs."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts import store as accounts_store
from accounts import workspaces
from imgapis.base import buckets
from transforms import source_rows, store

BUCKET = "samples"
TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


class Command(BaseCommand):
    """`manage.py demo`"""

    help = "Make the workspace `demo` with the source `samples`: the photographs in var/samples. Safe to repeat."

    def handle(self, *args, **options) -> None:
        """Make what is absent."""
        row = accounts_store.workspace_of_namespace("demo") or workspaces.create(
            namespace="demo", business_name="The demo", allowance=workspaces.default_allowance()
        )
        buckets.ensure_bucket(BUCKET)
        photographs = [path for path in sorted(Path(settings.VAR_DIR / "samples").iterdir()) if path.suffix in TYPES]
        for path in photographs:
            buckets.upload(BUCKET, path.name, path.read_bytes(), TYPES[path.suffix])
        if store.source(row.workspace_id, "samples") is None:
            source_rows.create(
                row.workspace_id, name="samples", kind="s3", bucket=BUCKET, region=settings.AWS_REGION,
                access_key=settings.CACHE_ACCESS_KEY, secret_key=settings.CACHE_SECRET_KEY,
            )  # fmt: skip
        self.stdout.write(f"demo: {len(photographs)} photographs.")
