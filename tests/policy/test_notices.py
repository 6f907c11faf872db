"""Telling people of a new policy: 14 days ahead, through crashes and side by side, nobody twice (P23)."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.management import CommandError

from accounts import people
from imgapis.base import mail
from imgapis.policy import notices, store, versions
from tests.accounts.smtp_server import MailServer
from tests.policy.notice_world import YEAR
from tests.promises.patience import until

DAY = 86_400


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


def once_each(made) -> Counter:
    """What everybody should have got."""
    return Counter(made.addresses)


def test_everybody_is_told_once_and_the_version_may_then_hold(world):
    assert "Everybody has been told." in world.run()
    assert world.told() == once_each(world)
    assert store.announcement(world.name).completed
    assert versions.in_effect(versions.named(world.name), versions.midnight(world.name))
    world.run()
    assert world.told() == once_each(world)


def test_a_dry_run_counts_and_shows_and_changes_nothing(world):
    said = world.run("--dry-run")
    assert "12 to be told" in said and world.name in said and "privacy@" in said
    assert world.told() == Counter() and store.announcement(world.name) is None


@pytest.mark.parametrize(("days", "refused"), [(13, True), (13.99, True), (14, True), (15, False)])
def test_less_than_fourteen_days_is_refused(world, days, refused):
    """At exactly 14 days the last mail would already be late."""
    world.now = versions.midnight(world.name) - days * DAY
    if refused:
        with pytest.raises(CommandError, match="less than 14 days"):
            world.run()
        assert world.told() == Counter()
    else:
        world.run()
        assert world.told() == once_each(world)


def test_a_mail_that_would_be_late_moves_the_day_for_everybody(world, monkeypatch):
    sent = []
    real = mail.post

    def slow(to, subject, body, mail_id):
        sent.append(subject)
        if len(sent) == 5:
            world.now += 10 * DAY  # ten days ahead are left
        real(to, subject, body, mail_id)

    monkeypatch.setattr(mail, "post", slow)
    world.run()
    assert world.told() == once_each(world)
    assert world.effective == f"{YEAR}-07-05" and sent[-1].endswith(world.effective)
    assert not versions.in_effect(versions.named(world.name), versions.midnight(world.name) + DAY)
    assert versions.midnight(world.effective) - world.now >= 14 * DAY


@pytest.mark.parametrize("place", ["claim", "mark", "post", "posted"])
@pytest.mark.parametrize("number", [1, 7, 12])
def test_after_a_crash_anywhere_everybody_is_told_once(world, monkeypatch, place, number):
    calls = Counter()

    def dies(name, real, after=False):
        def act(*args, **options):
            calls[name] += 1
            if calls[name] == number and not after:
                raise Killed
            done = real(*args, **options)
            if calls[name] == number and after:
                raise Killed
            return done

        return act

    with monkeypatch.context() as patched:
        if place == "claim":
            patched.setattr(store, "claim", dies("claim", store.claim))
        elif place == "mark":
            patched.setattr(store, "claim", dies("mark", store.claim, after=True))
        else:
            patched.setattr(mail, "post", dies(place, mail.post, after=place == "posted"))
        with pytest.raises(Killed):
            world.run()
    assert not store.announcement(world.name).completed
    world.now += notices.LEASE_SECONDS + 1
    world.run()
    assert world.told() == once_each(world)


SENDER = """
import django
django.setup()
from pathlib import Path
from imgapis.base import clock
from imgapis.policy import notices, versions
versions.folder = lambda: Path({folder!r})
clock.now = lambda: {now!r}
notices.KEPT_SECONDS = {kept!r}
notices.send({name!r})
"""


@pytest.mark.parametrize("after", [17, *(pytest.param(after, marks=pytest.mark.prove) for after in (1, 30))])
def test_after_a_kill_9_everybody_is_told_once(world, after):
    """A process of its own, killed when so many mails are there."""
    world.fill(28)
    program = SENDER.format(folder=str(versions.folder()), now=world.now, kept=notices.KEPT_SECONDS, name=world.name)
    given = os.environ | {"DJANGO_SETTINGS_MODULE": "imgapis.settings"}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=settings.BASE_DIR, env=given)
    until(lambda: len(world.mails()) >= after or process.poll() is not None, bool)
    process.kill()
    process.wait(10)
    assert len(world.mails()) >= after
    world.now += notices.LEASE_SECONDS + 1
    world.run()
    assert world.told() == once_each(world)


def test_four_at_once_tell_everybody_once(world):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: notices.send(world.name), range(4)))
    assert world.told() == once_each(world)
    assert notices.send(world.name) == Counter(sent=12)


def test_who_came_after_the_beginning_is_not_told(world):
    world.run()
    world.now += DAY
    world.fill(1)
    world.run()
    assert world.told() == Counter(world.addresses[:-1])


def test_an_erased_person_is_forgotten_and_holds_nothing_up(world):
    person = people.of_email(world.addresses[0])
    world.run()
    assert store.forget_notices(person.person_id) == 1
    assert store.notice(world.name, person.person_id) is None


@pytest.fixture
def smtp(world, settings, monkeypatch):
    """A mail server of our own in place of the folder."""
    started = []

    def start(**behaviour) -> MailServer:
        server = MailServer(**behaviour)
        started.append(server)
        settings.EMAIL_USE_TLS = False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        return server

    yield start
    for server in started:
        server.stop()


def received(server: MailServer) -> Counter:
    """How many mails each address got."""
    return Counter(
        next(iter(recipients)).partition("<")[2].partition(">")[0] for recipients, _ in server.received.queue
    )


def test_a_server_that_is_away_loses_nobody(world, smtp):
    server = smtp(away=1)
    with pytest.raises(CommandError, match="run it again"):
        world.run()
    assert received(server) == Counter() and notices.unsure(world.name) == []
    world.run()
    assert received(server) == once_each(world)


def test_a_mail_nobody_knows_of_is_not_sent_again_until_somebody_says_so(world, smtp):
    """The server took both and broke off before it said so."""
    server = smtp(silent=2)
    for _ in range(2):
        with pytest.raises(CommandError, match="Not everybody"):
            world.run()
        with pytest.raises(CommandError, match="No mail"):
            world.run("--settle", store.notice(world.name, first_of(world)).mail_id, "--left", "no")
    world.now += notices.LEASE_SECONDS + 1
    assert received(server) == once_each(world) and not store.announcement(world.name).completed
    one, other = (row.mail_id for row in notices.unsure(world.name))
    assert sum(f"<{one}@" in text for _, text in server.received.queue) == 1
    world.run("--settle", one, "--left", "yes")
    world.run("--settle", other, "--left", "no")
    world.run()
    assert sorted(received(server).values()) == [1] * 11 + [2]
    assert store.announcement(world.name).completed


def first_of(made) -> str:
    """Somebody of whose mail nobody knows."""
    return next(row.person_id for row in store.notices(made.name) if row.state == "sending")


def test_an_address_that_is_refused_for_good_stops_nobody(world, smtp):
    dead = world.addresses[3]
    server = smtp(answer=lambda line: "550 no" if dead in line else "250 ok")
    assert "1 refused, 11 sent" in world.run()
    assert received(server) == once_each(world) - Counter([dead])


def test_what_cannot_be_told_is_refused(world):
    for name in ("2010-01-01", "2029-01-01", "nonsense"):
        with pytest.raises(notices.NoSuchVersion):
            notices.checked(name)
    with pytest.raises(CommandError, match="No mail"):
        world.run("--settle", "none", "--left", "yes")
