"""Whether an erasure certificate is ours and unaltered."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from imgapis.privacy import certificates


class Command(BaseCommand):
    """`manage.py verify_certificate FILE`"""

    help = "Verify an erasure certificate, offline. Exits 1 where it was altered or is not ours."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and whose keys."""
        parser.add_argument("file")
        parser.add_argument("--key", action="append", help="a published key; without one, this installation's")

    def handle(self, *args: object, file: str, key: list[str] | None, **options: Any) -> None:
        """Say what it certifies."""
        try:
            content = certificates.verify(json.loads(Path(file).read_text()), key)
        except (certificates.InvalidCertificate, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(content, indent=2))
