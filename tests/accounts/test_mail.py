"""Mail over SMTP: an unavailable server is retried, each mail is sent once, one bad address blocks no other (D3)."""

import queue
import time

import pytest

from accounts.rows.codes import Challenge
from accounts.sessions import codes
from imgapis.base.mail import mail
from tests.accounts.smtp_server import MailServer
from tests.people import CODE, fresh_address

SECONDS = 10


@pytest.fixture
def smtp(settings, monkeypatch):
    """A function that starts a mail server and points the settings at it; retries follow each other at once."""
    servers = []

    def start(**behaviour) -> MailServer:
        server = MailServer(**behaviour)
        servers.append(server)
        settings.EMBEDDED, settings.EMAIL_USE_TLS = False, False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        return server

    monkeypatch.setattr(mail, "RETRY_SECONDS", (0.01,) * 7)
    yield start
    for server in servers:
        server.stop()


def send(to: str, **options) -> None:
    """A mail without a secret."""
    mail.send(to, "A subject", "emails/address_changed.txt", {}, **options)


def nothing_more(server: MailServer) -> bool:
    """Whether no other mail arrives: one sent now is the next that the server receives."""
    send("last@example.com")
    recipients, _ = server.received.get(timeout=SECONDS)
    return "last@example.com" in recipients[0]


def test_a_mail_arrives_with_its_text_and_one_recipient(smtp):
    server = smtp()
    send("name@example.com")
    recipients, text = server.received.get(timeout=SECONDS)
    assert len(recipients) == 1 and "<name@example.com>" in recipients[0]
    assert "Subject: A subject" in text and "img apis account has changed" in text and nothing_more(server)


def test_a_server_that_is_away_is_tried_again_and_gets_one_mail(smtp):
    """D3"""
    server = smtp(away=5)
    started = time.monotonic()
    send("name@example.com")
    assert time.monotonic() - started < 1, "whoever asks does not wait for the mail server"
    recipients, _ = server.received.get(timeout=SECONDS)
    assert "name@example.com" in recipients[0] and server.connections == 6 and nothing_more(server)


def test_the_retries_outlast_ten_minutes():
    """D3"""
    assert sum(mail.RETRY_SECONDS) > 600


def test_a_server_that_stays_away_is_given_up(smtp):
    server, deadline = smtp(away=8), time.monotonic() + SECONDS
    send("name@example.com")
    while server.connections < 8:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert nothing_more(server)
    assert server.connections == 9


def test_an_address_refused_for_good_is_not_tried_again(smtp):
    server = smtp(answer=lambda line: "550 nobody" if "gone@" in line else "250 ok")
    send("gone@example.com")
    assert nothing_more(server)
    assert server.connections == 2


def test_an_address_refused_for_now_is_tried_again(smtp):
    refusals = iter(["451 later", "451 later"])
    server = smtp(answer=lambda line: next(refusals, "250 ok"))
    send("name@example.com")
    assert "name@example.com" in server.received.get(timeout=SECONDS)[0][0]


def test_one_mail_that_waits_does_not_hold_up_the_next(smtp, monkeypatch):
    monkeypatch.setattr(mail, "RETRY_SECONDS", (60.0,) * 7)
    server = smtp(answer=lambda line: "451 later" if "slow@" in line else "250 ok")
    send("slow@example.com")
    assert nothing_more(server)


def test_a_mail_that_nobody_wants_any_more_is_not_sent(smtp):
    server = smtp()
    send("name@example.com", wanted=lambda: False)
    assert nothing_more(server)


def test_a_fault_of_one_mail_does_not_end_the_sending(smtp):
    server = smtp()
    send("name@example.com", wanted=lambda: 1 / 0)
    assert nothing_more(server)


def test_a_code_that_waited_for_the_mail_server_lives_ten_minutes_from_its_sending(smtp, dynamodb):
    """D3, A2"""
    server, address = smtp(away=1), fresh_address("late")
    challenge = codes.send(address, "login")
    row = Challenge.get(challenge)
    row.update(actions=[Challenge.expires.set(codes._end(-500))])
    recipients, text = server.received.get(timeout=SECONDS)
    assert address in recipients[0]
    assert codes.verify(challenge, "login", CODE.findall(text.replace("\r\n", "\n"))[-1]) == address


def test_the_mail_of_a_replaced_code_is_not_sent(smtp, dynamodb, monkeypatch):
    monkeypatch.setattr(mail, "RETRY_SECONDS", (0.4,) * 7)
    server, address = smtp(away=1), fresh_address("hasty")
    codes.discard(codes.send(address, "login"))
    with pytest.raises(queue.Empty):
        server.received.get(timeout=1)
    assert nothing_more(server)
