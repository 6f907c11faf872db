"""The worker's monitoring of the service: alerts are shown on /status and in /metrics, and mailed once an hour."""

import logging
import socket
import time
from collections import deque

from django.conf import settings

from billing.stripe import overage, webhook_lag
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail
from imgapis.models import alerts
from imgapis.watch import checks
from imgapis.watch.checks import Sample
from telemetry import metrics

WINDOW_SECONDS = 300.0
PAUSE_SECONDS = 3_600.0
log = logging.getLogger("imgapis.watch")


class Watch:
    """The samples of one worker over the last WINDOW_SECONDS."""

    def __init__(self) -> None:
        self._moments: deque[Sample] = deque()
        self._unacted: float | None = None
        self._unreported: float | None = None
        self._ask_at = 0.0

    def check(self) -> dict[str, str]:
        """Run every check once; returns the sentence of each that fails, by name."""
        self._ask_stripe()
        current = checks.sample(self._unacted, self._unreported)
        self._moments.append(current)
        while self._moments[0].taken_at < current.taken_at - WINDOW_SECONDS:
            self._moments.popleft()
        sentences = {name: check(self._moments[0], current) for name, check in checks.CHECKS.items()}
        for name, sentence in sentences.items():
            metrics.counts().alerts.labels(name).set(1 if sentence else 0)
            if sentence:
                raise_alert(name, sentence, current.now)
        return {name: sentence for name, sentence in sentences.items() if sentence}

    def _ask_stripe(self) -> None:
        """Read how far Stripe's events and reports to its meter are behind, every WINDOW_SECONDS; in an outage the last
        values stay."""
        if time.monotonic() < self._ask_at:
            return
        self._ask_at = time.monotonic() + WINDOW_SECONDS
        self._unreported = overage.failing_since()
        try:
            self._unacted = webhook_lag.unacted_since(clock.now())
        except ApiError:
            log.warning("stripe_not_asked")


def raise_alert(name: str, sentence: str, now: float) -> None:
    """Record an alert, and mail it to the operator once an hour, whatever the number of workers."""
    host = socket.gethostname()
    alerts.record(name, host, sentence, now)
    if not alerts.claim_mail(name, host, now, PAUSE_SECONDS):
        return
    log.error(f"alert_{name}")
    if settings.OPERATOR_EMAIL:
        context = {"name": name, "sentence": sentence, "host": host}
        mail.send(settings.OPERATOR_EMAIL, f"img apis alert: {name}", "emails/alert.txt", context)
