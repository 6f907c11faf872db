"""Notices: written down once, with what is still to be sent, in one transaction."""

import zlib
from collections.abc import Sequence
from typing import Any

from accounts.models import Workspace
from billing.models import Notification, PendingNotification
from billing.models import notifications as notification_rows
from imgapis.base import clock, dynamo
from imgapis.base.mail.rows import OutgoingMail

SHARDS = 4
KEPT_SECONDS = 400 * clock.DAY
LEASE_SECONDS = 60.0
LONGEST_SECONDS = 2 * clock.DAY
# Some eleven hours in all, then it is given up.
RETRY_SECONDS = (30, 120, 480, 1_800, 7_200, 14_400, 14_400)


def create(workspace_id: str, notice_id: str, kind: str, facts: dict[str, Any]) -> bool:
    """Write a notice and its outgoing row; False where the notice exists already, or the workspace is gone (D8)."""
    now = clock.now()
    expires = clock.utc(int(now) + KEPT_SECONDS)
    row = Notification(workspace_id, notice_id, kind=kind, facts=facts, moment=now, expires=expires)
    place = f"{workspace_id} {notice_id}"
    outgoing = PendingNotification(_shard(place), place, due=now, attempts=0, mailed=False)
    try:
        with dynamo.transaction() as transaction:
            transaction.check(Workspace, workspace_id, condition=Workspace.is_present())
            transaction.save(row, if_absent=True)
            transaction.save(outgoing, if_absent=True)
    except dynamo.TransactionCanceled as error:
        if error.failed:
            return False
        raise
    return True


def get(workspace_id: str, notice_id: str) -> Notification | None:
    """A notice of a workspace."""
    return notification_rows.find(workspace_id, notice_id)


def of_workspace(workspace_id: str) -> list[Notification]:
    """Every notice of a workspace, in order of name."""
    return notification_rows.of_workspace(workspace_id)


def due(limit: int = 200) -> list[PendingNotification]:
    """Notices to be sent now, those that have waited longest first, `limit` at most."""
    return notification_rows.pending(SHARDS, clock.now())[:limit]


def lease(row: PendingNotification) -> bool:
    """Whether this worker may send a notice now: nobody else does for a minute."""
    return notification_rows.lease(row, clock.now() + LEASE_SECONDS)


def get_for(row: PendingNotification) -> Notification | None:
    """The notice that is to be sent."""
    return get(*row.place.split(" ", 1))


def claim_mails(row: PendingNotification, mails: Sequence[OutgoingMail]) -> bool:
    """Put the mails of a notice into the outbox, all of them once, whatever crashes (D3); False where they were put
    there before."""
    try:
        with dynamo.transaction() as transaction:
            is_first = PendingNotification.mailed == False  # noqa: E712 - a condition of DynamoDB's
            transaction.update(row, [PendingNotification.mailed.set(True)], condition=is_first)
            for notice_mail in mails:
                transaction.save(notice_mail, if_absent=True)
    except dynamo.TransactionCanceled as error:
        if error.failed:
            return False
        raise
    return True


def finish(row: PendingNotification) -> None:
    """Nothing is left to be sent of a notice."""
    notification_rows.delete_pending(row)


def retry_later(row: PendingNotification, notice: Notification) -> None:
    """Try again later, a bounded number of times and for two days."""
    attempts = int(row.attempts)
    if attempts >= len(RETRY_SECONDS) or _is_old(notice):
        finish(row)
    else:
        due_at = clock.now() + RETRY_SECONDS[attempts]
        notification_rows.postpone(row, due_at, attempts=attempts + 1)


def postpone(row: PendingNotification, notice: Notification, until: float) -> None:
    """Wait for a receiver that rests, without counting a try, for two days."""
    if _is_old(notice):
        finish(row)
    else:
        notification_rows.postpone(row, until)


def _is_old(notice: Notification) -> bool:
    return clock.now() > notice.moment + LONGEST_SECONDS


def _shard(place: str) -> str:
    return str(zlib.crc32(place.encode()) % SHARDS)
