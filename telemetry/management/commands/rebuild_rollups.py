"""Add up hours again from the event stream, and with them their days and months: to check a disputed sum."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from imgapis.base import clock
from telemetry import rollups


class Command(BaseCommand):
    """`manage.py rebuild_rollups shop --days 7`"""

    help = "Add up a workspace's hours again. Hours whose single events may have ended keep the sums they have."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("namespace")
        parser.add_argument(
            "--days", type=int, default=rollups.min_retention_days(), help="how far back, the default being all"
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Rebuild, and say how many hours were added up."""
        row = commands.workspace_of(options["namespace"])
        if not 1 <= options["days"] <= rollups.min_retention_days():
            raise CommandError(f"--days is 1 to {rollups.min_retention_days()}: older events may have ended.")
        now = clock.now()
        hours = [clock.hour(now - hours_ago * rollups.HOUR_SECONDS) for hours_ago in range(options["days"] * 24)]
        for hour in hours:
            rollups.rebuild_hour(row.workspace_id, hour)
        self.stdout.write(f"{len(hours)} hours of {row.namespace} added up again")
