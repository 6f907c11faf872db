"""The demo workspace with its sample photographs."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from imgapis.base import buckets
from imgapis.site import sample_source

TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


class Command(BaseCommand):
    """`manage.py demo`"""

    help = "Make the workspace `demo` with the source `samples`: the photographs in var/samples. Safe to repeat."

    def handle(self, *args: object, **options: Any) -> None:
        """Make what is absent."""
        folder = settings.VAR_DIR / "samples"
        photographs = [path for path in sorted(folder.glob("*")) if path.suffix in TYPES]
        if not photographs:
            raise CommandError(f"There are no photographs in {folder}: put some there, or let `make run` fetch them.")
        row = workspace_rows.of_namespace("demo") or workspaces.create_unowned(
            namespace="demo", business_name="The demo", allowance=workspaces.default_allowance()
        )
        buckets.ensure_bucket(sample_source.BUCKET)
        for path in photographs:
            buckets.upload(sample_source.BUCKET, path.name, path.read_bytes(), TYPES[path.suffix])
        sample_source.add(row.workspace_id)
        self.stdout.write(f"demo: {len(photographs)} photographs.")
