"""The outbox: a mail is written before the page answers, and arrives once, whatever the mail server, DynamoDB or the
process does meanwhile (D3, H14, H18)."""

import os
import re
import signal
import smtplib
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pynamodb.exceptions import UpdateError

from accounts.models import Challenge
from accounts.sessions import codes
from imgapis.base import clock, dynamo
from imgapis.base.mail import mail, outbox
from imgapis.base.mail.rows import OutgoingMail
from imgapis.work import outgoing_mail
from tests.accounts.smtp_server import MailServer
from tests.faults import front
from tests.people import CODE, fresh_address

SECONDS = 10
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("empty_outbox")


@pytest.fixture
def empty_outbox(dynamodb):
    """No mail of another test is in the outbox."""
    with OutgoingMail.batch_write() as writer:
        for row in OutgoingMail.scan():
            writer.delete(row)


@pytest.fixture
def smtp(settings):
    """A function that starts a mail server and points the settings at it."""
    servers = []

    def start(**behaviour) -> MailServer:
        server = MailServer(**behaviour)
        servers.append(server)
        settings.EMBEDDED, settings.EMAIL_USE_TLS = False, False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def ahead(monkeypatch):
    """A function that moves the clock ahead by seconds."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def move(seconds: float) -> None:
        moment[0] += seconds

    return move


def ask(to: str, **options) -> None:
    """Put a mail without a secret into the outbox, as a process does that ends before it has sent it."""
    outbox.add(outbox.new_mail(to, "A subject", "emails/address_changed.txt", **options))


def waiting() -> list[str]:
    """Whom the mails in the outbox are for."""
    return sorted(row.email for row in OutgoingMail.scan(consistent_read=True))


def received(server: MailServer) -> list[str]:
    """The addresses of the mails that a server has taken, in order."""
    return [
        server.received.get_nowait()[0][0].partition("<")[2].partition(">")[0] for _ in range(server.received.qsize())
    ]


def code_in(text: str) -> str:
    """The code in a mail."""
    return CODE.findall(text.replace("\r\n", "\n"))[-1]


def test_a_mail_leaves_at_once_with_its_text_and_one_recipient_and_whoever_asks_does_not_wait(smtp):
    server = smtp()
    mail.send("name@example.com", "A subject", "emails/address_changed.txt")
    recipients, text = server.received.get(timeout=SECONDS)
    assert len(recipients) == 1 and "<name@example.com>" in recipients[0]
    assert "Subject: A subject" in text and "img apis account has changed" in text
    silent_server = smtp(mute=True)
    started = time.monotonic()
    mail.send("patient@example.com", "A subject", "emails/address_changed.txt")
    assert time.monotonic() - started < 1 and "patient@example.com" in waiting()
    silent_server.mute = False


def test_a_process_that_sends_as_many_as_it_may_leaves_the_next_to_the_worker(smtp, monkeypatch):
    """H18: no queue that could be full, and no error for the page."""
    monkeypatch.setattr(mail._senders, "acquire", lambda blocking: False)
    server = smtp()
    mail.send("name@example.com", "A subject", "emails/address_changed.txt")
    assert waiting() == ["name@example.com"]
    outgoing_mail.send_due()
    assert received(server) == ["name@example.com"] and waiting() == []


def test_a_server_that_is_away_is_tried_again_and_gets_one_mail(smtp, ahead):
    """D3"""
    server = smtp(away=5)
    ask("name@example.com")
    for _ in range(8):
        outgoing_mail.send_due()
        ahead(max(mail.RETRY_SECONDS) * 2)
    assert received(server) == ["name@example.com"] and server.connections == 6 and waiting() == []


def test_an_outage_of_the_mail_server_of_ten_minutes_loses_no_code_and_one_of_a_day_no_other_mail(
    smtp, ahead, monkeypatch
):
    """D3, H14"""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)
    server, address = smtp(away=10_000), fresh_address("outage")
    challenge = codes.send(address, "login")
    for _ in range(20):
        outgoing_mail.send_due()
        ahead(30)
    server.away = 0
    ahead(290)
    outgoing_mail.send_due()
    assert codes.verify(challenge, "login", code_in(server.received.get_nowait()[1])) == address
    server.away = server.connections + 10_000
    ask("patient@example.com")
    for _ in range(24):
        outgoing_mail.send_due()
        ahead(3_600)
    server.away = 0
    outgoing_mail.send_due()
    assert received(server) == ["patient@example.com"]


def test_a_mail_is_given_up_when_its_time_is_over_and_the_log_says_so(smtp, ahead, caplog):
    server = smtp(away=10_000)
    ask("name@example.com", life=60)
    for _ in range(4):
        outgoing_mail.send_due()
        ahead(45)
    assert waiting() == [] and [record.message for record in caplog.records].count("mail_given_up") == 1
    server.away = 0
    outgoing_mail.send_due()
    assert received(server) == []


def test_an_address_refused_for_good_is_not_tried_again(smtp, ahead):
    server = smtp(answer=lambda line: "550 nobody" if "gone@" in line else "250 ok")
    ask("gone@example.com")
    outgoing_mail.send_due()
    assert server.connections == 1 and waiting() == []


def test_an_address_refused_for_now_is_tried_again_and_does_not_hold_up_the_next(smtp, ahead):
    refusals = iter(["451 later", "451 later"])
    server = smtp(answer=lambda line: next(refusals, "250 ok") if "slow@" in line else "250 ok")
    ask("slow@example.com")
    ask("name@example.com")
    for _ in range(3):
        outgoing_mail.send_due()
        ahead(20)
    assert received(server) == ["name@example.com", "slow@example.com"]


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.com": (550, b"nobody")}), True),
        (smtplib.SMTPRecipientsRefused({"a@b.com": (450, b"later")}), False),
        (smtplib.SMTPDataError(554, b"not such a text"), True),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPAuthenticationError(535, b"wrong password"), False),
        (smtplib.SMTPSenderRefused(550, b"not you", "us@example.com"), False),
        (smtplib.SMTPConnectError(554, b"busy"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
    ],
)
def test_what_the_server_says_of_us_ends_no_mail(error, permanent):
    """A wrong password loses nothing."""
    assert mail._is_permanent(error) is permanent


def test_a_fault_of_one_mail_ends_neither_it_nor_the_others(smtp, ahead, monkeypatch):
    """H14: a code whose row could not be written while DynamoDB was slow was lost."""
    faults = iter([ZeroDivisionError(), UpdateError("slow")])

    def complete(reference: str) -> mail.Completion:
        for fault in faults:
            raise fault
        return mail.Completion()

    monkeypatch.setitem(mail._completions, "faulty", complete)
    server = smtp()
    ask("faulty@example.com", completion="faulty")
    ask("unknown@example.com", completion="of a later version")
    ask("name@example.com")
    for _ in range(3):
        outgoing_mail.send_due()
        ahead(20)
    assert received(server) == ["name@example.com", "faulty@example.com"] and waiting() == ["unknown@example.com"]


def test_a_mail_that_cannot_be_written_is_an_error_of_its_page(smtp, monkeypatch):
    """H14: nothing is lost in silence."""

    def fails(transaction) -> None:
        raise UpdateError("slow")

    smtp()
    monkeypatch.setattr(dynamo.Transaction, "commit", fails)
    with pytest.raises(UpdateError):
        codes.send(fresh_address("slow"), "login")


def test_eight_that_send_at_once_send_each_mail_once(smtp):
    server, addresses = smtp(), [f"name-{number}@example.com" for number in range(12)]
    for address in addresses:
        ask(address)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: outgoing_mail.send_due(), range(8)))
    assert sorted(received(server)) == sorted(addresses) and waiting() == []


KILLED = """
import os, signal, sys
import django; django.setup()
from accounts.sessions import codes
print(codes.send(sys.argv[1], "login"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_mail_of_a_process_that_is_killed_once_it_has_answered_arrives_once(smtp, ahead):
    """H14: the mail server had the connection, and not yet the mail."""
    server, address = smtp(mute=True), fresh_address("killed")
    variables = dict(
        os.environ,
        EMBEDDED="0",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=str(server.port),
        EMAIL_USE_TLS="0",
        AWS_ACCESS_KEY_ID="embedded",
        AWS_SECRET_ACCESS_KEY="embedded",
        DJANGO_SETTINGS_MODULE="imgapis.settings",
    )
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, address], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL and waiting() == [address], killed.stderr
    server.mute = False
    ahead(outbox.LEASE_SECONDS + 120)  # the other process's clock went on meanwhile
    outgoing_mail.send_due()
    outgoing_mail.send_due()
    recipients, text = server.received.get_nowait()
    assert address in recipients[0] and received(server) == [] and waiting() == []
    assert codes.verify(killed.stdout.strip(), "login", code_in(text)) == address


def test_a_code_is_nowhere_until_its_mail_leaves(smtp, monkeypatch):
    """A3, H14: neither in the outbox nor as a digest that could be guessed."""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)
    server, address = smtp(), fresh_address("intent")
    challenge = codes.send(address, "login")
    (row,) = OutgoingMail.scan(consistent_read=True)
    assert Challenge.get(challenge).digest == "" and set(row.context) == {"aim", "minutes", "is_shared"}
    with pytest.raises(codes.WrongCode):
        codes.verify(challenge, "login", "000000")
    outgoing_mail.send_due()
    assert codes.verify(challenge, "login", code_in(server.received.get_nowait()[1])) == address


def test_a_code_that_waited_for_the_mail_server_lives_ten_minutes_from_its_sending(smtp, ahead, monkeypatch):
    """D3, A2"""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)
    server, address = smtp(), fresh_address("late")
    challenge = codes.send(address, "login")
    ahead(700)
    outgoing_mail.send_due()
    ahead(codes.LIFE_SECONDS - 1)
    assert codes.verify(challenge, "login", code_in(server.received.get_nowait()[1])) == address


def test_a_mail_of_which_nobody_knows_whether_it_arrived_goes_out_again_with_the_same_code(smtp, ahead, monkeypatch):
    """D3: its receiver may show either, and a mail system that knows the Message-ID only the first."""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)
    server, address = smtp(silent=1), fresh_address("unsure")
    challenge = codes.send(address, "login")
    for _ in range(2):
        outgoing_mail.send_due()
        ahead(20)
    first, second = (server.received.get_nowait()[1] for _ in range(2))
    message_ids = {re.search(r"(?m)^Message-ID: (.*)$", text)[1] for text in (first, second)}
    assert code_in(first) == code_in(second) and len(message_ids) == 1 and waiting() == []
    assert codes.verify(challenge, "login", code_in(first)) == address


def test_the_mail_of_a_replaced_code_is_not_sent(smtp, monkeypatch):
    monkeypatch.setattr(mail, "dispatch", lambda row: None)
    server = smtp()
    address = fresh_address("hasty")
    challenge = codes.send(address, "login", codes.send(address, "login"))
    outgoing_mail.send_due()
    text = server.received.get_nowait()[1]
    assert received(server) == [] and waiting() == [] and codes.verify(challenge, "login", code_in(text)) == address


def test_a_mail_of_later_is_not_sent_before(smtp, ahead):
    server = smtp()
    mail.send("name@example.com", "A subject", "emails/address_changed.txt", delay=90)
    outgoing_mail.send_due()
    assert received(server) == []
    ahead(91)
    outgoing_mail.send_due()
    assert received(server) == ["name@example.com"]


def test_a_mail_that_waits_is_seen_although_it_is_tried_again_and_again(smtp, ahead):
    """O2"""
    smtp(away=10_000)
    assert outbox.waiting_since() is None
    asked_at = clock.now()
    ask("name@example.com")
    for _ in range(3):
        outgoing_mail.send_due()
        ahead(100)
    assert outbox.waiting_since() == pytest.approx(asked_at)


def test_a_mail_server_may_speak_tls_from_the_first_byte(smtp, settings, monkeypatch, tmp_path):
    """H14: EMAIL_USE_SSL, port 465."""
    front.certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "imgapis.pem", tmp_path / "imgapis.key")
    server = smtp(tls=context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "imgapis.pem"))
    settings.EMAIL_USE_SSL, settings.EMAIL_HOST = True, "localhost"
    ask("name@example.com")
    outgoing_mail.send_due()
    assert received(server) == ["name@example.com"]


def test_the_worker_knows_every_module_that_completes_mails():
    """A mail that one process wrote is completed by another."""
    folders = ("accounts", "telemetry", "billing", "transforms", "imgapis")
    completing_paths = {
        str(path.relative_to(ROOT)).removesuffix(".py").replace("/", ".")
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "@mail.completes(" in path.read_text()
    }
    assert completing_paths == {module.__name__ for module in outgoing_mail.MODULES}
