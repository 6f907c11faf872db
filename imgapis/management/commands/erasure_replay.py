"""After a restore: erase again what the suppression list names (D7)."""

from typing import Any

from django.core.management.base import BaseCommand

from imgapis.privacy import erasure


class Command(BaseCommand):
    """`manage.py erasure_replay`"""

    help = "Erase again whatever a restored table brought back. Run it before the service opens after a restore."

    def handle(self, *args: object, **options: Any) -> None:
        """Every entry, at once."""
        self.stdout.write(f"{erasure.replay()} entries of the suppression list are erased.")
