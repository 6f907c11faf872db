"""A contact sheet of every step, to be looked at."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from transforms import contact_sheet
from transforms.engine.vision import network
from transforms.serving import rendering

TYPES = (".jpg", ".png", ".webp", ".avif")


class Command(BaseCommand):
    """`manage.py contact_sheet [photograph …]`"""

    help = "Draw every step on the sample photographs, or on those named, into var/contact-sheets."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which photographs."""
        parser.add_argument("photographs", nargs="*", type=Path, help="files; without them those in var/samples")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw a sheet for each."""
        network.use(network.SUBJECTS, settings.BACKGROUND_MODEL)
        network.use(network.FACES, settings.FACE_MODEL)
        photographs = options["photographs"] or _samples(settings.VAR_DIR / "samples")
        if not photographs:
            raise CommandError("There are no photographs: name some, or put some into var/samples.")
        if absent := [str(path) for path in photographs if not path.is_file()]:
            raise CommandError(f"There is no file {', '.join(absent)}.")
        folder = settings.VAR_DIR / "contact-sheets"
        folder.mkdir(parents=True, exist_ok=True)
        for path in photographs:
            sheet = contact_sheet.sheet(path.read_bytes(), contact_sheet.badge(), rendering.limits())
            sheet.save(folder / f"{path.stem}.png")
            self.stdout.write(str(folder / f"{path.stem}.png"))


def _samples(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*")) if path.suffix in TYPES]
