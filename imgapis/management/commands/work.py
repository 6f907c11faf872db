"""The background worker: ships what crashed processes left in the spool, looks at custom domains again, and gives a
sign of life."""

import logging
import signal
import threading

from django.core.management.base import BaseCommand
from pynamodb.exceptions import PynamoDBException

from imgapis import heartbeat
from telemetry import recorder
from transforms import domains

log = logging.getLogger("imgapis.work")
PAUSE_SECONDS = 2.0


class Command(BaseCommand):
    """`manage.py work`"""

    help = "Run background work until SIGTERM: ship left-over events, check custom domains. Any number may run."

    def handle(self, *args, **options) -> None:
        """Work until told to stop."""
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        while not stop.wait(PAUSE_SECONDS):
            heartbeat.beat()
            try:
                recorder.ship()
            except (PynamoDBException, OSError):
                log.warning("events_not_shipped")
            try:
                domains.check_due()
            except PynamoDBException:
                log.warning("domains_not_checked")
