"""The outbox: every mail is a row before the page answers, until the mail server has it. Any number of processes send
from it: the lease of a row decides which of them does."""

from collections.abc import Iterator
from typing import Any

from imgapis.base import clock, tokens
from imgapis.base.mail.rows import OutgoingMail

LEASE_SECONDS = 120.0  # longer than a mail server that answers each command late can take
LIFE_SECONDS = 2 * clock.DAY
SWEEP_SECONDS = clock.DAY
MOST_LOOKED_AT = 50


def new_mail(
    to: str,
    subject: str,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    completion: str = "",
    reference: str = "",
    delay: float = 0,
    life: float = LIFE_SECONDS,
    person_id: str = "",
    workspace_id: str = "",
) -> OutgoingMail:
    """A mail to one address that is not written yet: due after `delay` seconds, given up `life` seconds after that.

    The subject is ours, and neither it nor `context` holds a code or a secret (A3): those are made when the mail leaves
    by the function that is registered as `completion`, for the row that `reference` names.
    """
    now = clock.now()
    ends = now + delay + life
    return OutgoingMail(
        tokens.time_ordered_id(now),
        email=to,
        subject=subject,
        template=template,
        context=context or {},
        completion=completion,
        reference=reference,
        person_id=person_id,
        workspace_id=workspace_id,
        first_due=now + delay,
        due=now + delay,
        ends=ends,
        expires=clock.utc(int(ends) + SWEEP_SECONDS),
    )


def add(row: OutgoingMail) -> None:
    """Write a mail that belongs to no transaction."""
    row.save(condition=OutgoingMail.is_absent())


def find(mail_id: str) -> OutgoingMail | None:
    """A mail that has not left; None once it has."""
    return OutgoingMail.find(mail_id)


def of_person(person_id: str, address: str | None = None) -> Iterator[OutgoingMail]:
    """The mails to a person that have not left, and with an `address` those to it."""
    condition = OutgoingMail.person_id == person_id
    if address is not None:
        condition |= OutgoingMail.email == address
    return OutgoingMail.scan(condition, consistent_read=True)


def due(limit: int) -> Iterator[OutgoingMail]:
    """The mails that are due, longest first."""
    return OutgoingMail.due_mails.query(OutgoingMail.EVERY, OutgoingMail.due <= clock.now(), limit=limit)


def waiting_since() -> float | None:
    """When the mail that has waited longest was to be sent, in seconds since 1970, among those that are tried next;
    None where none waits."""
    next_rows = OutgoingMail.due_mails.query(OutgoingMail.EVERY, limit=MOST_LOOKED_AT)
    return min((float(row.first_due) for row in next_rows), default=None)


def lease(row: OutgoingMail) -> bool:
    """Whether this process may send a mail now: nobody else does within LEASE_SECONDS."""
    return row.update_if(OutgoingMail.due == row.due, [OutgoingMail.attempts.add(1)], due=clock.now() + LEASE_SECONDS)


def retry_later(row: OutgoingMail, seconds: float) -> None:
    """Try a leased mail again; nothing where its lease ran out and another process has it."""
    row.update_if(OutgoingMail.due == row.due, due=clock.now() + seconds)


def bring_forward(row: OutgoingMail, due: float) -> bool:
    """Make a mail that nobody has begun to send due earlier, with the time it had; False where somebody has."""
    ends = due + (row.ends - row.first_due)
    return row.update_if(OutgoingMail.due == row.first_due, first_due=due, due=due, ends=ends)


def remove(row: OutgoingMail) -> None:
    """The mail has left, or is given up."""
    row.delete_if(OutgoingMail.due == row.due)
