"""The background worker: a list of tasks, each repeated after its pause; a heartbeat between them."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pynamodb.exceptions import PynamoDBException

from billing.notifications import webhook_delivery
from imgapis.privacy import erasure
from imgapis.server import logs
from imgapis.watch import watching
from imgapis.work import heartbeat, nightly, outgoing_mail, usage_checks
from telemetry import metrics, recorder
from transforms.domains import custom_domains

log = logging.getLogger("imgapis.work")
PAUSE_SECONDS = 1.0


@dataclass
class Task:
    """Something done again and again: its name, what, after which pause in seconds, and the event that a failure is
    logged as."""

    name: str
    act: Callable[[], object]
    pause: float
    failed: str
    due: float = 0.0

    def run(self, now: float) -> None:
        """Run it if it is due. After an error of a store it is retried after the pause."""
        if now < self.due:
            return
        try:
            self.act()
        except (PynamoDBException, OSError):
            log.warning(self.failed)
        except Exception:  # one task's fault must not end the worker that does all the others
            log.exception(self.failed)
        self.due = time.monotonic() + self.pause


class Command(BaseCommand):
    """`manage.py work`"""

    help = "Run background work until SIGTERM: ship left-over events, add them up, check domains. Any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--only NAME`, any number of times."""
        parser.add_argument("--only", action="append", metavar="NAME", help="run this task alone, e.g. outbox")

    def handle(self, *args, only: list[str] | None = None, **options) -> None:
        """Work until SIGTERM or SIGINT."""
        logs.guard_process()
        stop = threading.Event()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: stop.set())
        tasks = [
            Task("spool", recorder.ship, 2.0, "events_not_shipped"),
            Task("rollups", usage_checks.process_due, 2.0, "hours_not_added_up"),
            Task("outbox", outgoing_mail.send_due, 2.0, "mails_not_sent"),
            Task("webhooks", webhook_delivery.send_due, 2.0, "notices_not_sent"),
            Task("ledger", nightly.prove_ledger, 60.0, "ledger_not_proved"),
            Task("meter", nightly.report_overage, 300.0, "overage_not_reported"),
            Task("domains", custom_domains.check_due, 2.0, "domains_not_checked"),
            Task("erasures", erasure.process_due, 30.0, "erasures_not_worked_on"),
            Task("alerts", watching.Watch().check, 10.0, "alerts_not_looked_for"),
        ]
        if unknown := set(only or ()) - {task.name for task in tasks}:
            raise CommandError(f"There is no {', '.join(sorted(unknown))}: {', '.join(task.name for task in tasks)}.")
        tasks = [task for task in tasks if not only or task.name in only]
        metrics.serve()
        while not stop.wait(PAUSE_SECONDS):
            heartbeat.beat()
            for task in tasks:
                task.run(time.monotonic())
