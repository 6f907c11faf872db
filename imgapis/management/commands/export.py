"""The export of an account into a file, for a request that came by mail."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from imgapis.management.commands.erase import subject
from imgapis.privacy import export


class Command(BaseCommand):
    """`manage.py export FILE`"""

    help = "Write everything held about a workspace or a person, secrets apart, into a zip."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and where to."""
        parser.add_argument("file")
        subject_group = parser.add_mutually_exclusive_group(required=True)
        subject_group.add_argument("--namespace")
        subject_group.add_argument("--email")

    def handle(self, *args: object, file: str, namespace: str | None, email: str | None, **options: Any) -> None:
        """Stream it into the file."""
        kind, subject_id = subject(namespace, email)
        try:
            with Path(file).open("wb") as target:
                for chunk in export.stream(kind, subject_id):
                    target.write(chunk)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
