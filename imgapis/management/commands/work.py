"""The background worker: every kind of scheduled work, each in a thread of its own; a heartbeat while it runs."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.notifications import webhook_delivery
from imgapis.privacy import erasure
from imgapis.server import logs
from imgapis.watch import watching
from imgapis.work import heartbeat, nightly, outgoing_mail, tasks, usage_checks
from imgapis.work.tasks import Task
from telemetry import metrics, recorder
from transforms.domains import custom_domains

log = logging.getLogger("imgapis.work")
BEAT_SECONDS = 1.0
STOP_SECONDS = 20.0  # what is being done may end; what does not is taken over when its lease has ended


def all_tasks() -> list[Task]:
    """Every kind of scheduled work. The spool and the counters that alerts look at are those of a host."""
    watch = watching.Watch()
    return [
        Task("spool", recorder.ship, 2.0, "events_not_shipped", local=True),
        Task("rollups", usage_checks.process_due, 2.0, "hours_not_added_up"),
        Task("outbox", outgoing_mail.send_due, 2.0, "mails_not_sent"),
        Task("webhooks", webhook_delivery.send_due, 2.0, "notices_not_sent"),
        Task("ledger", nightly.prove_ledger, 60.0, "ledger_not_proved", budget=3_600.0),
        Task("stripe", nightly.compare_stripe, 60.0, "stripe_not_compared", budget=3_600.0),
        Task("meter", nightly.report_overage, 300.0, "overage_not_reported", budget=600.0),
        Task("domains", lambda seconds: custom_domains.check_due(seconds=seconds), 2.0, "domains_not_checked"),
        Task("erasures", erasure.process_due, 30.0, "erasures_not_worked_on", budget=600.0),
        Task("alerts", lambda seconds: watch.check(), 10.0, "alerts_not_looked_for", local=True),
    ]


class Command(BaseCommand):
    """`manage.py work`"""

    help = "Do background work until SIGTERM: events, usage, mails, webhooks, Stripe, domains. Any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--only NAME`, any number of times."""
        parser.add_argument("--only", action="append", metavar="NAME", help="do this kind of work alone, e.g. outbox")

    def handle(self, *args: object, only: list[str] | None = None, **options: Any) -> None:
        """Work until SIGTERM or SIGINT."""
        logs.guard_process()
        chosen = all_tasks()
        if unknown := set(only or ()) - {task.name for task in chosen}:
            names = ", ".join(task.name for task in chosen)
            raise CommandError(f"There is no task {', '.join(sorted(unknown))}: there are {names}.")
        stop = threading.Event()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: stop.set())
        chosen = [task for task in chosen if not only or task.name in only]
        try:
            metrics.serve()
        except OSError:  # another worker of this host serves the counts of all of them
            log.warning("metrics_not_served")
        threads = tasks.start(chosen, stop)
        while not stop.wait(BEAT_SECONDS):
            if any(task.name == "rollups" for task in chosen):  # /status says of it that usage pages are up to date
                heartbeat.beat()
        for thread in threads:
            thread.join(STOP_SECONDS / len(threads))
