"""Whether an erasure certificate is ours and unaltered."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from imgapis.privacy import certificates


class Command(BaseCommand):
    """`manage.py verify_certificate FILE`"""

    help = "Verify an erasure certificate, offline. Exits 1 where it was altered or is not ours."

    def add_arguments(self, parser) -> None:
        """The file, and whose keys."""
        parser.add_argument("file")
        parser.add_argument("--key", action="append", help="a published key; without one, this installation's")

    def handle(self, *args, file, key, **options) -> None:
        """Say what it certifies."""
        try:
            content = certificates.verify(json.loads(Path(file).read_text()), key)
        except (certificates.InvalidCertificate, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(content, indent=2))
