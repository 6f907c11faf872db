"""The operational checks: each compares two samples of this host's counters; returns what is wrong, or empty."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from accounts.sessions import throttles
from billing.models import proofs
from imgapis.base import clock
from imgapis.base.mail import outbox
from imgapis.models import scheduled_tasks
from imgapis.privacy import erasure
from imgapis.work import schedule
from telemetry import front_spool, metrics, recorder, rollups

SHARE_OF_ERRORS = 0.01
LEAST_ANSWERS = 100
LATE_SECONDS = 60.0
UNREPORTED_SECONDS = 900.0
MAIL_SECONDS = 300.0
PROOF_SECONDS = 26 * 3_600
MOST_ENDED = 20
MOST_WRONG_CODES = 100
MOST_HELD_BACK = 50


@dataclass(frozen=True)
class Sample:
    """The counters of this host at a time (seconds since 1970)."""

    now: float
    answers: float
    broken: float
    charged: float
    recorded: float
    lost: float
    ended: float
    waiting_since: float | None
    marked_since: float | None
    unacted_since: float | None = None
    unreported_since: float | None = None
    unread: float = 0.0
    held: float = 0.0
    mails_since: float | None = None
    wrong_codes: int = 0
    codes_held_back: int = 0
    waiting_at_nginx: int = 0
    waiting_at_nginx_since: float | None = None
    taken_at: float = field(default_factory=time.monotonic)


def sample(unacted_since: float | None = None, unreported_since: float | None = None) -> Sample:
    """A sample of the counters now. Not asked for each sample and so passed in: `unacted_since`, the time of Stripe's
    oldest unprocessed event, and `unreported_since`, since when overage does not reach its meter."""
    answers = metrics.requests_by_status()
    return Sample(
        now=clock.now(),
        answers=sum(answers.values()),
        # 501 is an engine that is not installed, which is no server fault.
        broken=sum(count for status, count in answers.items() if status.startswith("5") and status != "501"),
        charged=metrics.total("imgapis_answers_charged_total"),
        recorded=metrics.total("imgapis_events_recorded_total"),
        lost=metrics.total("imgapis_events_lost_total"),
        ended=metrics.total("imgapis_renders_ended_total"),
        waiting_since=_oldest(recorder.directory()),
        waiting_at_nginx=front_spool.size(Path(settings.NGINX_SPOOL)) if settings.NGINX_SPOOL else 0,
        waiting_at_nginx_since=front_spool.oldest(Path(settings.NGINX_SPOOL)) if settings.NGINX_SPOOL else None,
        marked_since=rollups.oldest_mark(),
        unacted_since=unacted_since,
        unreported_since=unreported_since,
        unread=metrics.total("imgapis_stripe_events_refused_total"),
        held=metrics.total("imgapis_events_held_total"),
        mails_since=outbox.waiting_since(),
        wrong_codes=throttles.wrong_codes(),
        codes_held_back=throttles.codes_held_back(),
    )


def _oldest(spool: Path) -> float | None:
    """Since when the oldest event waits in the spool of this host; None where none waits."""
    created_at = []
    for path in spool.glob("*.jsonl"):
        try:
            created_at.append(path.stat().st_ctime if path.stat().st_size else clock.now())
        except FileNotFoundError:
            continue  # shipped meanwhile
    return min(created_at, default=None)


def ledger(before: Sample, after: Sample) -> str:
    """The nightly proof disagrees, or was not made."""
    proof = proofs.last()
    if proof is None:
        return ""
    if proof.broken:
        return f"{int(proof.broken)} of {int(proof.periods)} periods did not add up in the last proof of the ledger."
    if proof.moment < after.now - PROOF_SECONDS:
        return "The ledger has not been proved for more than a day."
    return ""


def metering(before: Sample, after: Sample) -> str:
    """Answers leave no events, events are lost, or they are not shipped or not added up."""
    answers, charged = after.answers - before.answers, after.charged - before.charged
    recorded, lost = after.recorded - before.recorded, after.lost - before.lost
    if lost > 0:
        return f"{lost:.0f} free events were lost: the spool's disk is full or gone."
    if after.held > before.held:
        return "The spool's disk is full or gone: events are held in memory until they are shipped."
    missing = answers - charged - recorded
    if missing > max(10.0, answers / 1_000):
        return f"{missing:.0f} of {answers:.0f} answers left no event."
    if after.waiting_since and after.waiting_since < after.now - LATE_SECONDS:
        return "Events have waited in the spool for more than a minute: they are not being shipped."
    if after.waiting_at_nginx >= front_spool.FULL_BYTES:
        return "The hits that nginx has written wait in as many files as there may be: it keeps no answer meanwhile."
    if after.waiting_at_nginx_since and after.waiting_at_nginx_since < after.now - LATE_SECONDS:
        return "Hits that nginx has written have waited for more than a minute: they are not being taken."
    if after.marked_since and after.marked_since < after.now - 10 * LATE_SECONDS:
        return "Hours have waited for ten minutes to be added up: usage pages are late."
    return ""


def errors(before: Sample, after: Sample) -> str:
    """More than one answer in a hundred is a fault of ours."""
    answers, broken = after.answers - before.answers, after.broken - before.broken
    if answers < LEAST_ANSWERS or broken <= SHARE_OF_ERRORS * answers:
        return ""
    return f"{broken:.0f} of {answers:.0f} image answers of the last minutes were server errors."


def renders(before: Sample, after: Sample) -> str:
    """Render processes die again and again."""
    ended_count = after.ended - before.ended
    return (
        f"{ended_count:.0f} render processes were killed or died in the last minutes."
        if ended_count > MOST_ENDED
        else ""
    )


def webhooks(before: Sample, after: Sample) -> str:
    """Stripe's events do not arrive, or are not acted on."""
    if after.unread > before.unread:
        return "Stripe sends events in a version of its API that is not read here: run stripe_setup, see Upgrading."
    if after.unacted_since is None:
        return ""
    minutes = (after.now - after.unacted_since) / 60
    return f"An event of Stripe's has not been acted on for {minutes:.0f} minutes: its messages do not arrive, or fail."


def overage(before: Sample, after: Sample) -> str:
    """What customers used beyond their plans does not reach Stripe's meter, so that nobody is billed for it (H7)."""
    if after.unreported_since is None or after.unreported_since > after.now - UNREPORTED_SECONDS:
        return ""
    minutes = (after.now - after.unreported_since) / 60
    return f"Stripe's meter has not taken a report of overage for {minutes:.0f} minutes: see the overage reports."


def erasures(before: Sample, after: Sample) -> str:
    """An erasure is not done so late that its deadline is near (P19)."""
    count = len(erasure.late())
    return f"{count} erasures are late: see manage.py erase and their last failure in the admin." if count else ""


def mails(before: Sample, after: Sample) -> str:
    """Mails stay in the outbox."""
    if after.mails_since is None or after.mails_since > after.now - MAIL_SECONDS:
        return ""
    minutes = (after.now - after.mails_since) / 60
    return f"A mail has waited for {minutes:.0f} minutes: the mail server does not take it, or nobody sends."


def codes(before: Sample, after: Sample) -> str:
    """Somebody guesses codes, or asks for so many that they are held back, over many addresses or browsers."""
    if after.wrong_codes > MOST_WRONG_CODES:
        count = after.wrong_codes
        return f"{count} wrong sign-in codes were typed in the last ten to twenty minutes: somebody may be guessing."
    if after.codes_held_back > MOST_HELD_BACK:
        return (
            f"{after.codes_held_back} codes to sign in were held back in the last ten to twenty minutes, until a"
            " browser worked or waited: somebody asks for very many, or MAILS_PER_HOUR is too low."
        )
    return ""


def work(before: Sample, after: Sample) -> str:
    """A kind of scheduled work is not done, or fails again and again."""
    return schedule.trouble(scheduled_tasks.of_host(), after.now, after.now - before.now)


CHECKS: dict[str, Callable[[Sample, Sample], str]] = {
    "ledger": ledger,
    "metering": metering,
    "errors": errors,
    "renders": renders,
    "webhooks": webhooks,
    "overage": overage,
    "erasures": erasures,
    "mails": mails,
    "codes": codes,
    "work": work,
}
NAMES = tuple(CHECKS)
