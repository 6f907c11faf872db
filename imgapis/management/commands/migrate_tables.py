"""Bring the tables and the cache bucket to what this version wants."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from imgapis.base import buckets
from imgapis.tables import backfills, migration


class Command(BaseCommand):
    """`manage.py migrate_tables --plan`"""

    help = (
        "Create missing tables, add missing indexes and TTL to existing ones (on AWS: recovery of 14 days too), fill in"
        " what rows of older versions lack, and make sure of the cache bucket. Adds only; safe to repeat, and to stop."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("--plan", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument(
            "--no-backfill", action="store_true", help="leave rows as they are, while hosts of the older version run"
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Carry out the plan, a line a step."""
        try:
            if options["plan"]:
                steps = migration.plan(migration.wanted())
                sentences = [step.sentence for step in steps]
            else:
                buckets.ensure_bucket(settings.CACHE_BUCKET)
                migration.migrate(migration.wanted(), self.stdout.write)
                sentences = []
        except migration.MigrationRefused as refusal:
            raise CommandError(f"Nothing was changed.\n{refusal}") from refusal
        pending = [] if options["no_backfill"] else migration.pending_backfills()
        if options["plan"]:
            sentences += [f"fill in {backfill.name}" for backfill in pending]
            self.stdout.write("\n".join(sentences) or "Nothing is to be done.")
            return
        for backfill in pending:
            self.stdout.write(f"fill in {backfill.name}: {backfills.run(backfill)} rows changed")
        self.stdout.write(f"The tables are as this version wants them; the bucket {settings.CACHE_BUCKET} is there.")
