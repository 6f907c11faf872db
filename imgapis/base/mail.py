"""Mail: plain text from a template, sent by SMTP with retries in the background, or kept as files on this machine."""

import logging
import queue
import threading
import time

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

RETRY_SECONDS = (1, 5, 15, 60, 120, 240, 300)
log = logging.getLogger("imgapis.mail")
_waiting: queue.Queue[EmailMessage] = queue.Queue(maxsize=10_000)
_worker: list[threading.Thread] = []
_making = threading.Lock()


def send(to: str, subject: str, template: str, facts: dict) -> None:
    """Send a mail to one address. The subject is ours and holds no secret (A3). Returns at once: a server that is away
    is tried again for some twelve minutes (D3); what a crash loses can be asked for again, and no secret is kept."""
    body = render_to_string(template, {**facts, "site": settings.SITE_URL, "contact": settings.CONTACT_EMAIL})
    message = EmailMessage(subject, body, settings.MAIL_FROM, [to])
    if settings.EMBEDDED:
        message.send()
        return
    _start()
    _waiting.put_nowait(message)


def _start() -> None:
    with _making:
        if not _worker or not _worker[0].is_alive():
            _worker[:] = [threading.Thread(target=_send_forever, name="mail", daemon=True)]
            _worker[0].start()


def _send_forever() -> None:
    while True:
        _deliver(_waiting.get())


def _deliver(message: EmailMessage) -> None:
    for pause in (*RETRY_SECONDS, None):
        try:
            message.send()
            return
        except OSError:  # smtplib's errors are OSErrors
            log.warning("mail_not_sent")
        if pause is not None:
            time.sleep(pause)
    log.error("mail_given_up")
