"""The docs page of the image API, written from the parameter table."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from transforms import parameter_page


class Command(BaseCommand):
    """`manage.py image_docs`"""

    help = "Write docs/image-api.md from the table of parameters."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page."""
        (settings.BASE_DIR / "docs" / "image-api.md").write_text(parameter_page.markdown())
