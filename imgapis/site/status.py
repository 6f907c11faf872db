"""The public status page: our own probes and the ledger's proof; about the service, never about a customer."""

import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from pynamodb.exceptions import PynamoDBException

from billing.models import LedgerProof, proofs
from imgapis.base import buckets, clock
from imgapis.base.buckets import BucketError
from imgapis.models import Alert, PrivacyProof, privacy_proofs
from imgapis.models import alerts as alert_rows
from imgapis.watch import checks
from imgapis.work import heartbeat

FRESH_SECONDS = 15.0
TITLES = {
    "ledger": "Alert: the ledger",
    "metering": "Alert: counting",
    "errors": "Alert: image answers",
    "renders": "Alert: rendering",
    "erasures": "Alert: erasures",
    "webhooks": "Alert: messages of Stripe's",
    "overage": "Alert: overage",
    "codes": "Alert: sign-in codes",
    "mails": "Alert: mails",
    "work": "Alert: background work",
}
SILENT_SECONDS = 60.0
_lock = threading.Lock()
_last: list[tuple[float, list["Part"]]] = []


@dataclass(frozen=True)
class Part:
    """A part of the service: `state` is ok, warn or bad."""

    name: str
    state: str
    sentence: str


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """The page."""
    parts = probed()
    worst = next((state for state in ("bad", "warn") if any(part.state == state for part in parts)), "ok")
    response = render(request, "site/status.html", {"parts": parts, "worst": worst})
    response["Cache-Control"] = "public, max-age=15"
    return response


def probed() -> list[Part]:
    """Every part, probed at most every FRESH_SECONDS (15) per process, so that the page causes no load."""
    with _lock:
        now = time.monotonic()
        if not _last or now - _last[0][0] > FRESH_SECONDS:
            parts = _stores()
            late = any(part.name == TITLES["metering"] for part in parts)
            _last[:] = [(now, [*parts, _worker(late)])]
        return _last[0][1]


def _stores() -> list[Part]:
    try:
        proof, privacy_proof = proofs.last(), privacy_proofs.last()
        alerts = alert_rows.active(checks.NAMES, clock.now())
    except PynamoDBException:
        return [Part("Accounts and charges", "bad", "The database does not answer."), _cache()]
    database_part = Part("Accounts and charges", "ok", "The database answers.")
    return [database_part, _ledger(proof), *_privacy(privacy_proof), *_alerts(alerts), _cache()]


def _alerts(alerts: list[Alert]) -> list[Part]:
    """A bad part per standing alert and host; empty while there is none."""
    return [Part(TITLES[row.name], "bad", f"Since {clock.stamp(row.since)}: {row.sentence}") for row in alerts]


def _ledger(proof: LedgerProof | None) -> Part:
    if proof is None or not proof.periods:
        return Part("The ledger's proof", "warn", "No proof has been made yet.")
    when, periods, broken_count = clock.stamp(proof.moment), int(proof.periods), int(proof.broken)
    if broken_count:
        return Part("The ledger's proof", "bad", f"On {when}, {broken_count} of {periods} periods did not add up.")
    return Part("The ledger's proof", "ok", f"On {when}, all {periods} periods added up, to the half-credit.")


def _privacy(proof: PrivacyProof | None) -> list[Part]:
    """The result of the last verify_privacy run; empty where it never ran."""
    if proof is None:
        return []
    when, states = clock.stamp(proof.moment), list(proof.checks.values())
    if broken_count := states.count("broken"):
        return [Part("The privacy policy's proof", "bad", f"On {when}, {broken_count} of {len(states)} checks failed.")]
    held_count, skipped_count = states.count("held"), states.count("not looked at")
    suffix = f"; {skipped_count} did not run" if skipped_count else ""
    return [Part("The privacy policy's proof", "ok", f"On {when}, {held_count} of {len(states)} checks held{suffix}.")]


def _cache() -> Part:
    try:
        buckets.get(f"{settings.CACHE_BUCKET}-probe")
    except BucketError:
        return Part("Cached pictures", "warn", "The cache does not answer: pictures are made again, free of charge.")
    return Part("Cached pictures", "ok", "The cache answers.")


def _worker(late: bool) -> Part:
    age = heartbeat.age()
    if age is None or age > SILENT_SECONDS:
        return Part("Background work", "warn", "The worker is silent: usage pages are late. No charge depends on it.")
    if late:
        return Part("Background work", "warn", "It runs, and usage pages are late. No charge depends on it.")
    return Part("Background work", "ok", "Usage pages are up to date within ten seconds.")
