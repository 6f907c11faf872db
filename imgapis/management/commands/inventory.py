"""The data inventory: what is stored, why, how long, where, and whether it is exported and erased."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from imgapis.privacy import inventory


class Command(BaseCommand):
    """`manage.py inventory`"""

    help = "Print the data inventory as JSON, a line an attribute."

    def handle(self, *args: object, **options: Any) -> None:
        """One line each."""
        for line in inventory.list_all():
            self.stdout.write(json.dumps(line, ensure_ascii=False))
