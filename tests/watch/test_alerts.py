"""Alerts: a fault is detected, shown on /status and mailed once; the alert ends by itself after the fault (O2)."""

import fcntl
import os
import secrets
from dataclasses import replace

import pytest
from django.core import mail as outbox

from billing.models import LedgerProof, proofs
from billing.stripe import webhook_lag
from billing.stripe.stripe_facts import StripeUnavailable
from imgapis.base import clock
from imgapis.models import alerts
from imgapis.site import status
from imgapis.watch import checks, watching
from telemetry import front_spool, recorder
from telemetry.models import DirtyHour

pytestmark = pytest.mark.usefixtures("dynamodb")
CALM = checks.Sample(clock.now(), 10_000, 10, 3_000, 7_000, 0, 2, None, None)


@pytest.mark.parametrize(
    ("check", "change", "word"),
    [
        (checks.metering, {"answers": 10_500, "recorded": 7_000}, "left no event"),
        (checks.metering, {"lost": 3}, "lost"),
        (checks.metering, {"waiting_since": CALM.now - 90}, "spool"),
        (checks.metering, {"marked_since": CALM.now - 1_200}, "late"),
        (checks.errors, {"answers": 10_200, "broken": 13, "recorded": 7_200}, "server errors"),
        (checks.renders, {"ended": 40}, "render processes"),
        (checks.metering, {"held": 3.0}, "held in memory"),
        (checks.metering, {"waiting_at_nginx": front_spool.FULL_BYTES}, "keeps no answer"),
        (checks.metering, {"waiting_at_nginx_since": CALM.now - 90}, "not being taken"),
        (checks.mails, {"mails_since": CALM.now - 900}, "15 minutes"),
        (checks.webhooks, {"unacted_since": CALM.now - 900}, "15 minutes"),
        (checks.webhooks, {"unread": 1.0}, "run stripe_setup"),
        (checks.overage, {"unreported_since": CALM.now - 1_200}, "20 minutes"),
        (checks.codes, {"wrong_codes": 101}, "wrong sign-in codes"),
    ],
)
def test_each_fault_is_named_and_a_calm_minute_is_not(check, change, word):
    assert check(CALM, CALM) == ""
    assert word in check(CALM, replace(CALM, **change))


@pytest.mark.parametrize(
    ("check", "change"),
    [
        (checks.metering, {"answers": 10_500, "recorded": 7_400, "charged": 3_100}),
        (checks.metering, {"waiting_since": CALM.now - 5, "marked_since": CALM.now - 30}),
        (checks.errors, {"answers": 10_200, "broken": 12, "recorded": 7_200}),
        (checks.mails, {"mails_since": CALM.now - 200}),
        (checks.errors, {"answers": 10_050, "broken": 40}),
        (checks.renders, {"ended": 12}),
        (checks.codes, {"wrong_codes": 100}),
    ],
)
def test_what_is_within_bounds_is_no_fault(check, change):
    """One server error in a hundred, few requests, a spool that is seconds old."""
    assert check(CALM, replace(CALM, **change)) == ""


@pytest.mark.parametrize(("broken", "age", "word"), [(2, 60, "did not add up"), (0, 27 * 3_600, "more than a day")])
def test_a_ledger_that_disagrees_or_is_not_proved_is_a_fault(broken, age, word):
    now = clock.now()
    LedgerProof(proofs.LEDGER).update(actions=[LedgerProof.due.set(now + 9_999)])
    proofs.save(now - age, 5, broken)
    assert word in checks.ledger(CALM, replace(CALM, now=now))
    proofs.save(now, 5, 0)
    assert checks.ledger(CALM, replace(CALM, now=now)) == ""


@pytest.fixture(autouse=True)
def _no_payments(settings):
    """Only the test about Stripe calls it."""
    settings.STRIPE_SECRET_KEY = ""


@pytest.fixture
def operator(settings):
    """An operator address for alert mails, and an in-memory mail backend."""
    settings.OPERATOR_EMAIL = "operator@example.com"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def test_a_stopped_meter_is_told_once_an_hour_stands_on_the_status_page_and_ends_by_itself(
    operator, mailoutbox, settings, tmp_path, monkeypatch
):
    """O2: events stay in the spool unshipped; then they are shipped."""
    settings.VAR_DIR = tmp_path
    spool_file = recorder.directory() / "1-ended-1.jsonl"
    spool_file.parent.mkdir(parents=True)
    spool_file.write_text("{}\n")
    lock_file = spool_file.open("rb")
    fcntl.flock(lock_file, fcntl.LOCK_EX)  # no recorder of this process ships it meanwhile
    for row in DirtyHour.scan():
        row.delete()
    changed_at = now = os.stat(spool_file).st_ctime
    watch = watching.Watch()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert "metering" not in watch.check()
    now = changed_at + 90
    assert "spool" in watch.check()["metering"] and "metering" in watching.Watch().check()
    alert_mails = [message for message in outbox.outbox if "metering" in message.subject]
    assert len(alert_mails) == 1 and "spool" in alert_mails[0].body and alert_mails[0].to == ["operator@example.com"]
    assert [row.name for row in alerts.active(("metering",), now)] == ["metering"]
    status._last.clear()
    assert [part.state for part in status.probed() if part.name == status.TITLES["metering"]] == ["bad"]
    assert "within ten seconds" not in status.probed()[-1].sentence, "the page does not contradict its own alert"
    lock_file.close()
    spool_file.unlink()
    now += alerts.STANDS_SECONDS + 1
    assert "metering" not in watch.check() and not alerts.active(("metering",), now)
    status._last.clear()
    assert status.TITLES["metering"] not in [part.name for part in status.probed()]


def test_every_alert_has_its_title_on_the_status_page():
    assert set(status.TITLES) == set(checks.NAMES)


def test_two_workers_send_one_mail_and_an_hour_later_another():
    name, now = f"test-{secrets.token_hex(4)}", clock.now()
    alerts.record(name, "here", "Something.", now)
    assert [alerts.claim_mail(name, "here", now + seconds, 3_600) for seconds in (0, 1, 3_599, 3_601)] == [
        True,
        False,
        False,
        True,
    ]


def test_an_alert_keeps_its_beginning_while_it_stands_and_begins_anew_after_a_pause():
    name, now = f"test-{secrets.token_hex(4)}", clock.now()
    for seconds in (0, 60, 150):
        alerts.record(name, "here", "Something.", now + seconds)
    assert alerts.active((name,), now + 151)[0].since == pytest.approx(now)
    alerts.record(name, "here", "Something.", now + 900)
    assert alerts.active((name,), now + 901)[0].since == pytest.approx(now + 900)


def test_stripe_is_asked_every_five_minutes_and_its_being_away_changes_nothing(monkeypatch):
    call_times = []

    def answers(now: float) -> float | None:
        call_times.append(now)
        if len(call_times) == 2:
            raise StripeUnavailable
        return now - 900 if len(call_times) == 1 else None

    monkeypatch.setattr(webhook_lag, "unacted_since", answers)
    watch, has_alert = watching.Watch(), []
    for seconds in (0, 10, 301, 602):
        watch._ask_at -= seconds
        has_alert.append("webhooks" in watch.check())
        watch._ask_at += seconds
    assert has_alert == [True, True, True, False] and len(call_times) == 3
