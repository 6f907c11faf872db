"""`manage.py serve`: the web server in production."""

import math
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imgapis.server.web_server import gunicorn_command

SPARE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Run the web server at LISTEN:PORT in this process; TERM lets what runs end, HUP reloads. See self-hosting."

    def handle(self, *args: object, **options: Any) -> None:
        """Become gunicorn, so that signals reach it."""
        waits = settings.TURN_SECONDS + settings.RENDER_WAIT_SECONDS
        longest_seconds = waits + settings.FETCH_TOTAL_SECONDS + settings.RENDER_SECONDS + SPARE_SECONDS
        command = gunicorn_command(
            settings.PORT,
            settings.GUNICORN_WORKERS,
            settings.GUNICORN_THREADS,
            listen=settings.LISTEN,
            graceful_seconds=math.ceil(longest_seconds),
        )
        os.chdir(settings.BASE_DIR)
        # glibc's arenas double what image work keeps resident.
        os.execvp("env", ["env", "MALLOC_ARENA_MAX=2", *command])
