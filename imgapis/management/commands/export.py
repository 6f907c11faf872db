"""The export of an account into a file, for a request that came by mail."""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pynamodb.exceptions import PynamoDBException

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
        """Stream it into the file, which is there once it is whole."""
        kind, subject_id = subject(namespace, email)
        try:
            _write(Path(file), export.stream(kind, subject_id))
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror or error}.") from error
        except PynamoDBException as error:
            raise CommandError(f"{file} is not written: DynamoDB has failed. Try again.") from error


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that its owner alone reads: beside its place first, so that a failure leaves no part of it."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as target:
        try:
            for chunk in chunks:
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
            os.replace(target.name, path)
        except BaseException:
            os.unlink(target.name)
            raise
