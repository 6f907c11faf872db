"""Mail: plain text from a template, kept in the outbox until the mail server has it, or as files on this machine.

A page writes the mail before it answers; the process that wrote it sends it at once where it can, and `manage.py work`
whatever is left (D3).
"""

import logging
import random
import smtplib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from pynamodb.exceptions import PynamoDBException

from imgapis.base import clock, rounds
from imgapis.base.mail import outbox
from imgapis.base.mail.rows import OutgoingMail

# The pauses after the first attempts, in seconds; the last one is repeated until the mail is given up.
RETRY_SECONDS = (2, 10, 30, 60, 120, 240, 600)
LEAST_TRIES = 10
SENDERS = 4  # how many mails a process sends at a time
BATCH = 50
log = logging.getLogger("imgapis.mail")
_senders = threading.BoundedSemaphore(SENDERS)


@dataclass(frozen=True)
class Completion:
    """What is added to a mail when it leaves: words of its text, and headers."""

    context: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


# From the reference of a mail to what completes it; None where the mail is not wanted any more.
Complete = Callable[[str], Completion | None]
_completions: dict[str, Complete] = {}


class NotAccepted(Exception):
    """The mail has certainly not been taken; `permanent` where the server will never take it."""

    def __init__(self, permanent: bool):
        super().__init__("The mail server did not take the mail.")
        self.permanent = permanent


class MailServerUnavailable(NotAccepted):
    """No mail server answers: no other mail would be taken either."""

    def __init__(self) -> None:
        super().__init__(permanent=False)


class DeliveryUnknown(Exception):
    """The connection broke off before the server said whether it has the mail."""


def completes(name: str) -> Callable[[Complete], Complete]:
    """Register a function that completes the mails of a `completion` when they leave."""

    def register(complete: Complete) -> Complete:
        _completions[name] = complete
        return complete

    return register


def send(to: str, subject: str, template: str, context: dict[str, Any] | None = None, **options: Any) -> None:
    """Put a mail into the outbox and have it sent; the arguments are those of `outbox.new_mail`. It is safe in the
    outbox when this returns. Raises PynamoDBException where it is not."""
    put(outbox.new_mail(to, subject, template, context, **options))


def put(row: OutgoingMail) -> None:
    """Put a mail that belongs to no transaction into the outbox and have it sent, as `send` does."""
    outbox.add(row)
    dispatch(row)


def dispatch(row: OutgoingMail) -> None:
    """Have a mail that is in the outbox sent by this process, which does not wait for it; where it is busy, or the mail
    is not due, `manage.py work` sends it. Embedded, the mail is a file when this returns."""
    if row.first_due > clock.now():
        return
    if settings.EMBEDDED:
        _deliver_logged(row)
    elif _senders.acquire(blocking=False):
        try:
            threading.Thread(target=_deliver_and_release, args=(row,), name="mail", daemon=True).start()
        except RuntimeError:  # the process may start no more threads
            _senders.release()


def _deliver_and_release(row: OutgoingMail) -> None:
    try:
        _deliver_logged(row)
    finally:
        _senders.release()


def _deliver_logged(row: OutgoingMail) -> bool:
    """Try to deliver; returns whether it was this process's turn. A fault of any kind leaves the mail to its next
    try."""
    try:
        return deliver(row)
    except PynamoDBException:
        log.warning("mail_not_sent")
    except Exception:  # one mail's fault must not end what sends the others, nor the page that asked for it
        log.exception("mail_failed")
    return True


def send_due(seconds: float = 30.0) -> int:
    """Send what is due, for as many seconds; returns how many mails were worked on. Any number of processes may."""
    budget, count = rounds.Budget(seconds), 0
    while not budget.is_over() and (rows := list(outbox.due(BATCH))):
        with ThreadPoolExecutor(SENDERS) as senders:
            leased_count = sum(senders.map(lambda row: not budget.is_over() and _deliver_logged(row), rows))
        if not leased_count:
            break  # other processes have all of them
        count += leased_count
    return count


def deliver(row: OutgoingMail) -> bool:
    """Send a mail, where no other process does: complete it, render it, hand it over; returns whether it was this
    process's turn. A try whose outcome is unknown may have been taken, so a completion makes the same code or link at
    each. A mail leaves the outbox when the server has it or refuses it for good, when nobody wants it any
    more, and when its time is over."""
    if not outbox.lease(row):
        return False
    try:
        completion = _completions[row.completion](row.reference) if row.completion else Completion()
        if completion is not None:
            _message(row, completion).send()
    except smtplib.SMTPException as error:
        _not_sent(row, _is_permanent(error))
    except OSError:
        _not_sent(row)
    except Exception:
        _not_sent(row)
        raise
    else:
        outbox.remove(row)
    return True


def _message(row: OutgoingMail, completion: Completion) -> EmailMessage:
    headers = {"Message-ID": _message_id(row.mail_id), **completion.headers}
    body = text(row.template, {**row.context, **completion.context})
    return EmailMessage(row.subject, body, settings.MAIL_FROM, [row.email], headers=headers)


def _not_sent(row: OutgoingMail, permanent: bool = False) -> None:
    rest, life = row.ends - clock.now(), row.ends - row.first_due
    pause = RETRY_SECONDS[min(int(row.attempts), len(RETRY_SECONDS)) - 1] * random.uniform(0.75, 1.25)
    if permanent or rest <= 0:
        log.error("mail_given_up", exc_info=True)
        outbox.remove(row)
    else:
        log.warning("mail_not_sent", exc_info=True)
        outbox.retry_later(row, min(pause, life / LEAST_TRIES, rest))  # the last try is at its end


def text(template: str, context: dict[str, Any]) -> str:
    """The text of a mail; its last line is the contact for questions about privacy (P24)."""
    body = render_to_string(template, {**context, "site": settings.SITE_URL, "contact": settings.CONTACT_EMAIL})
    return f"{body.rstrip()}\nQuestions about privacy: {settings.CONTACT_EMAIL}\n"


def send_now(to: str, subject: str, body: str, mail_id: str) -> None:
    """Send a mail now, under the caller's Message-ID, and return once the server has accepted it. Raises NotAccepted
    where it certainly was not accepted, MailServerUnavailable where no server is reachable, DeliveryUnknown where that
    is unknown. Never retries."""
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        raise MailServerUnavailable from error
    headers = {"Message-ID": _message_id(mail_id)}
    try:
        EmailMessage(subject, body, settings.MAIL_FROM, [to], headers=headers, connection=connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        raise NotAccepted(_is_permanent(error)) from error
    except smtplib.SMTPResponseException as error:
        raise NotAccepted(permanent=False) from error  # of the sender or the text: the person can still be reached
    except OSError as error:
        raise DeliveryUnknown from error
    finally:
        _close(connection)


def _message_id(mail_id: str) -> str:
    sender_domain = settings.MAIL_FROM.rpartition("@")[2].strip("> ")
    return f"<{mail_id}@{sender_domain}>"


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except OSError:
        log.warning("mail_not_closed")


def deduplicates_ids() -> bool:
    """Whether a mail sent twice under one Message-ID arrives once: true of the file backend, not of SMTP."""
    return getattr(import_string(settings.EMAIL_BACKEND), "KNOWS_IDS", False)


def _is_permanent(error: smtplib.SMTPException) -> bool:
    """Whether the server has said that this mail will never be taken: its recipient or its text is refused (RFC 5321,
    5yz). What the server says of us, as of our password, is no fault of the mail's."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600
