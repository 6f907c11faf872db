"""Mail: plain text from a template, sent by SMTP with retries in the background, or kept as files on this machine."""

import itertools
import logging
import queue
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils.module_loading import import_string

# Some twelve minutes in all; every pause is waited once.
RETRY_SECONDS = (1, 5, 15, 60, 120, 240, 300)
log = logging.getLogger("imgapis.mail")
_numbers = itertools.count()


@dataclass(order=True)
class QueuedMail:
    """A mail in the queue: when it is due on the monotonic clock, which try it is, and whether it is still wanted."""

    due: float
    number: int = field(default_factory=_numbers.__next__)
    attempt: int = 0
    message: EmailMessage | None = field(default=None, compare=False)
    wanted: Callable[[], bool] | None = field(default=None, compare=False)


class NotAccepted(Exception):
    """The mail has certainly not been taken; `permanent` where the server will never take it."""

    def __init__(self, permanent: bool):
        super().__init__("The mail server did not take the mail.")
        self.permanent = permanent


class MailServerUnavailable(NotAccepted):
    """No mail server answers: no other mail would be taken either."""

    def __init__(self):
        super().__init__(permanent=False)


class DeliveryUnknown(Exception):
    """The connection broke off before the server said whether it has the mail."""


_waiting: queue.PriorityQueue[QueuedMail] = queue.PriorityQueue(maxsize=10_000)
_worker: list[threading.Thread] = []
_making = threading.Lock()


def send(
    to: str,
    subject: str,
    template: str,
    context: dict,
    *,
    delay: float = 0,
    wanted: Callable[[], bool] | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    """Send a mail to one address, after `delay` seconds. The subject is ours and holds no secret (A3).

    Returns at once: an unreachable server is retried for some twelve minutes (D3). `wanted` is called before each
    attempt; where it returns False, the mail is dropped. The queue is in memory: a mail that a crash loses can be
    requested again, and no secret of a mail is stored. `context` is that of the template.
    """
    message = EmailMessage(subject, text(template, context), settings.MAIL_FROM, [to], headers=headers)
    if settings.EMBEDDED and not delay:
        message.send()
        return
    _start()
    _waiting.put_nowait(QueuedMail(time.monotonic() + delay, message=message, wanted=wanted))


def text(template: str, context: dict) -> str:
    """The text of a mail; its last line is the contact for questions about privacy (P24)."""
    body = render_to_string(template, {**context, "site": settings.SITE_URL, "contact": settings.CONTACT_EMAIL})
    return f"{body.rstrip()}\nQuestions about privacy: {settings.CONTACT_EMAIL}\n"


def send_now(to: str, subject: str, body: str, mail_id: str) -> None:
    """Send a mail now, under the caller's Message-ID, and return once the server has accepted it. Raises NotAccepted
    where it certainly was not accepted, Away where no server is reachable, Unsure where that is unknown. Never
    retries."""
    sender_domain = settings.MAIL_FROM.rpartition("@")[2].strip("> ")
    headers = {"Message-ID": f"<{mail_id}@{sender_domain}>"}
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        raise MailServerUnavailable from error
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


def _close(connection) -> None:
    try:
        connection.close()
    except OSError:
        log.warning("mail_not_closed")


def deduplicates_ids() -> bool:
    """Whether a mail sent twice under one Message-ID arrives once: true of the file backend, not of SMTP."""
    return getattr(import_string(settings.EMAIL_BACKEND), "KNOWS_IDS", False)


def _start() -> None:
    with _making:
        if not _worker or not _worker[0].is_alive():
            _worker[:] = [threading.Thread(target=_send_forever, name="mail", daemon=True)]
            _worker[0].start()


def _send_forever() -> None:
    while True:
        queued = _waiting.get()
        pause = queued.due - time.monotonic()
        if pause > 0:
            # Another mail may become due earlier, so the queue is looked at again within the second.
            _waiting.put(queued)
            time.sleep(min(pause, 0.5))
            continue
        try:
            _deliver(queued)
        except Exception:  # one mail's fault must not end the thread that sends the others
            log.exception("mail_failed")


def _deliver(queued: QueuedMail) -> None:
    """One attempt; a transient fault puts the mail back into the queue, a permanent one drops it."""
    if queued.wanted and not queued.wanted():
        return
    try:
        queued.message.send()
    except OSError as error:  # smtplib's errors are OSErrors
        if _is_permanent(error) or queued.attempt >= len(RETRY_SECONDS):
            log.error("mail_given_up")
            return
        log.warning("mail_not_sent")
        due = time.monotonic() + RETRY_SECONDS[queued.attempt]
        _waiting.put(QueuedMail(due, attempt=queued.attempt + 1, message=queued.message, wanted=queued.wanted))


def _is_permanent(error: OSError) -> bool:
    """Whether the server has said that this mail will never be taken (RFC 5321, 5yz)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and 500 <= error.smtp_code < 600
