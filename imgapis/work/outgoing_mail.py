"""Sending what is left in the outbox: mails of a process that ended, or was busy, those to be sent later, retries."""

import accounts.sessions.codes
import accounts.teams.invites
import billing.notifications.outbox
import billing.stripe.receipts
import imgapis.privacy.links
from imgapis.base.mail import mail

# A mail is completed by a function of its own module; a test finds the module that is missing here.
MODULES = (
    accounts.sessions.codes,
    accounts.teams.invites,
    billing.notifications.outbox,
    billing.stripe.receipts,
    imgapis.privacy.links,
)


def send_due(seconds: float = 30.0) -> int:
    """Send what is due, for as many seconds; returns how many mails were worked on."""
    return mail.send_due(seconds)
