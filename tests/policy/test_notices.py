"""Notifying people of a new policy: 14 days ahead, through crashes and concurrently, nobody twice (P23)."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.management import CommandError

from accounts.people import people
from imgapis.base.mail import mail
from imgapis.models import announcements
from imgapis.models import notices as notice_rows
from imgapis.policy import notices, versions
from tests.accounts.smtp_server import MailServer
from tests.policy.notice_world import YEAR
from tests.promises.patience import until

DAY = 86_400


class Killed(BaseException):
    """Stands for the end of the process: no `except Exception` handles it."""


def once_each(world) -> Counter:
    """One notice for each address."""
    return Counter(world.addresses)


def test_everybody_is_told_once_and_the_version_may_then_hold(world):
    assert "Everybody has been told." in world.run()
    assert world.notices_by_address() == once_each(world)
    assert announcements.find(world.name).completed
    assert versions.in_effect(versions.named(world.name), versions.midnight(world.name))
    world.run()
    assert world.notices_by_address() == once_each(world)


def test_a_dry_run_counts_and_shows_and_changes_nothing(world):
    output = world.run("--dry-run")
    assert "12 to be told" in output and world.name in output and "privacy@" in output
    assert world.notices_by_address() == Counter() and announcements.find(world.name) is None


@pytest.mark.parametrize(("days", "is_refused"), [(13, True), (13.99, True), (14, True), (15, False)])
def test_less_than_fourteen_days_is_refused(world, days, is_refused):
    """At exactly 14 days the last mail would be late."""
    world.now = versions.midnight(world.name) - days * DAY
    if is_refused:
        with pytest.raises(CommandError, match="less than 14 days"):
            world.run()
        assert world.notices_by_address() == Counter()
    else:
        world.run()
        assert world.notices_by_address() == once_each(world)


def test_a_mail_that_would_be_late_moves_the_day_for_everybody(world, monkeypatch):
    subjects = []
    real_post = mail.send_now

    def slow_post(to, subject, body, mail_id):
        subjects.append(subject)
        if len(subjects) == 5:
            world.now += 10 * DAY  # ten days ahead are left
        real_post(to, subject, body, mail_id)

    monkeypatch.setattr(mail, "send_now", slow_post)
    world.run()
    assert world.notices_by_address() == once_each(world)
    assert world.effective == f"{YEAR}-07-05" and subjects[-1].endswith(world.effective)
    assert not versions.in_effect(versions.named(world.name), versions.midnight(world.name) + DAY)
    assert versions.midnight(world.effective) - world.now >= 14 * DAY


@pytest.mark.parametrize("place", ["claim", "mark", "post", "posted"])
@pytest.mark.parametrize("number", [1, 7, 12])
def test_after_a_crash_anywhere_everybody_is_told_once(world, monkeypatch, place, number):
    calls = Counter()

    def killing(name, function, after=False):
        def act(*args, **options):
            calls[name] += 1
            if calls[name] == number and not after:
                raise Killed
            result = function(*args, **options)
            if calls[name] == number and after:
                raise Killed
            return result

        return act

    with monkeypatch.context() as patch:
        if place == "claim":
            patch.setattr(notice_rows, "claim", killing("claim", notice_rows.claim))
        elif place == "mark":
            patch.setattr(notice_rows, "claim", killing("mark", notice_rows.claim, after=True))
        else:
            patch.setattr(mail, "send_now", killing(place, mail.send_now, after=place == "posted"))
        with pytest.raises(Killed):
            world.run()
    assert not announcements.find(world.name).completed
    world.now += notices.LEASE_SECONDS + 1
    world.run()
    assert world.notices_by_address() == once_each(world)


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


@pytest.mark.prove
@pytest.mark.parametrize("after", [1, 17, 30])
def test_after_a_kill_9_everybody_is_told_once(world, after):
    """A separate process, killed once `after` mails are written."""
    world.fill(28)
    program = SENDER.format(folder=str(versions.folder()), now=world.now, kept=notices.KEPT_SECONDS, name=world.name)
    variables = os.environ | {"DJANGO_SETTINGS_MODULE": "imgapis.settings"}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=settings.BASE_DIR, env=variables)
    until(lambda: len(world.mails()) >= after or process.poll() is not None, bool)
    process.kill()
    process.wait(10)
    assert len(world.mails()) >= after
    world.now += notices.LEASE_SECONDS + 1
    world.run()
    assert world.notices_by_address() == once_each(world)


def test_four_at_once_tell_everybody_once(world):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: notices.send(world.name), range(4)))
    assert world.notices_by_address() == once_each(world)
    assert notices.send(world.name) == Counter(sent=12)


def test_who_came_after_the_beginning_is_not_told(world):
    world.run()
    world.now += DAY
    world.fill(1)
    world.run()
    assert world.notices_by_address() == Counter(world.addresses[:-1])


def test_an_erased_person_is_forgotten_and_holds_nothing_up(world):
    person = people.of_email(world.addresses[0])
    world.run()
    assert notice_rows.delete_of_person(person.person_id) == 1
    assert notice_rows.find(world.name, person.person_id) is None


@pytest.fixture
def smtp(world, settings, monkeypatch):
    """A function that starts a mail server and points the settings at it, instead of the folder."""
    servers = []

    def start(**behaviour) -> MailServer:
        server = MailServer(**behaviour)
        servers.append(server)
        settings.EMAIL_USE_TLS = False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        return server

    yield start
    for server in servers:
        server.stop()


def mail_counts(server: MailServer) -> Counter:
    """The number of mails the server received for each address."""
    return Counter(
        next(iter(recipients)).partition("<")[2].partition(">")[0] for recipients, _ in server.received.queue
    )


def test_a_server_that_is_away_loses_nobody(world, smtp):
    server = smtp(away=1)
    with pytest.raises(CommandError, match="run it again"):
        world.run()
    assert mail_counts(server) == Counter() and notices.unresolved(world.name) == []
    world.run()
    assert mail_counts(server) == once_each(world)


def test_a_mail_nobody_knows_of_is_not_sent_again_until_somebody_says_so(world, smtp):
    """The server accepted both mails and closed the connection before its reply."""
    server = smtp(silent=2)
    for _ in range(2):
        with pytest.raises(CommandError, match="Not everybody"):
            world.run()
        with pytest.raises(CommandError, match="No mail"):
            world.run("--settle", notice_rows.find(world.name, first_of(world)).mail_id, "--left", "no")
    world.now += notices.LEASE_SECONDS + 1
    assert mail_counts(server) == once_each(world) and not announcements.find(world.name).completed
    first_id, second_id = (row.mail_id for row in notices.unresolved(world.name))
    assert sum(f"<{first_id}@" in text for _, text in server.received.queue) == 1
    world.run("--settle", first_id, "--left", "yes")
    world.run("--settle", second_id, "--left", "no")
    world.run()
    assert sorted(mail_counts(server).values()) == [1] * 11 + [2]
    assert announcements.find(world.name).completed


def first_of(world) -> str:
    """The id of the first person whose notice is still in state `sending`."""
    return next(row.person_id for row in notice_rows.of_version(world.name) if row.state == "sending")


def test_an_address_that_is_refused_for_good_stops_nobody(world, smtp):
    refused_address = world.addresses[3]
    server = smtp(answer=lambda line: "550 no" if refused_address in line else "250 ok")
    assert "1 refused, 11 sent" in world.run()
    assert mail_counts(server) == once_each(world) - Counter([refused_address])


def test_what_cannot_be_told_is_refused(world):
    for name in ("2010-01-01", "2029-01-01", "nonsense"):
        with pytest.raises(notices.NoSuchVersion):
            notices.checked(name)
    with pytest.raises(CommandError, match="No mail"):
        world.run("--settle", "none", "--left", "yes")
