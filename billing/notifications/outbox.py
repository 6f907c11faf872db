"""Sending what is due: mails once, the webhook until it takes the notice or the tries are over."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from pynamodb.exceptions import PynamoDBException

from accounts.models import Workspace, workspaces
from billing.models import Notification, PendingNotification, Webhook
from billing.notifications import kinds, notifications, outgoing_webhooks, preferences
from billing.notifications.outgoing_webhooks import WebhookRequest
from imgapis.base import rounds
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail
from imgapis.base.mail import outbox as mail_outbox

Post = Callable[[WebhookRequest], int]
SENDERS = 8  # notices at a time
log = logging.getLogger("imgapis.notices")


def process_due(post: Post, seconds: float = 60.0) -> int:
    """Send what is due, SENDERS at a time and for as many seconds; returns how many notices were processed. Any number
    of workers may. `post` sends one posting through the fetch guard and returns the status of the response; it raises
    ApiError where the guard refuses or the network fails."""
    rows, budget = notifications.due(), rounds.Budget(seconds)
    if not rows:
        return 0
    with ThreadPoolExecutor(SENDERS) as senders:
        return sum(senders.map(lambda row: not budget.is_over() and _lease_and_send(row, post), rows))


def _lease_and_send(row: PendingNotification, post: Post) -> bool:
    """Send a notice unless another worker does; what fails leaves it to its next try, and the others to theirs."""
    try:
        if not notifications.lease(row):
            return False
        _send(row, post)
    except (PynamoDBException, OSError):
        log.warning("notice_not_sent")
    except Exception:  # whatever it is, the other notices are sent
        log.exception("notice_not_sent")
    return True


def _send(row: PendingNotification, post: Post) -> None:
    notice = notifications.get_for(row)
    workspace = workspaces.find(notice.workspace_id) if notice else None
    if notice is None or workspace is None:
        notifications.finish(row)
        return
    make_subject = kinds.KINDS[notice.kind].subject
    if make_subject and not row.mailed:
        _mail(row, notice, workspace, make_subject(notice.facts))
    hook = outgoing_webhooks.of(notice.workspace_id)
    if hook is None:
        notifications.finish(row)
    elif not outgoing_webhooks.may_post(hook):
        notifications.postpone(row, notice, outgoing_webhooks.next_try(hook))
    elif _is_taken(hook, notice, workspace, post):
        notifications.finish(row)
    else:
        notifications.retry_later(row, notice)


def _is_taken(hook: Webhook, notice: Notification, workspace: Workspace, post: Post) -> bool:
    """Post a notice; whether its receiver took it."""
    try:
        status = post(outgoing_webhooks.build_request(hook, notice, workspace.namespace))
    except ApiError as refusal:
        outgoing_webhooks.record_failure(notice.workspace_id, refusal.code)
        return False
    if 200 <= status < 300:
        outgoing_webhooks.record_success(notice.workspace_id, str(status))
        return True
    outgoing_webhooks.record_failure(notice.workspace_id, str(status))
    return False


def _mail(row: PendingNotification, notice: Notification, workspace: Workspace, subject: str) -> None:
    """Mail a notice to its recipients, once."""
    workspace_id = notice.workspace_id
    name = workspace.business_name or workspace.namespace
    mails = [
        mail_outbox.new_mail(
            person.email,
            subject,
            f"emails/{notice.kind}.txt",
            {**notice.facts, "namespace": workspace.namespace, "name": name},
            completion="notice",
            reference=f"{workspace_id} {person.person_id} {notice.kind}",
            person_id=person.person_id,
            workspace_id=workspace_id,
        )
        for person in preferences.recipients(workspace_id, notice.kind)
    ]
    if notifications.claim_mails(row, mails):
        for notice_mail in mails:
            mail.dispatch(notice_mail)


@mail.completes("notice")
def _add_unsubscribing(reference: str) -> mail.Completion | None:
    """Add the link that unsubscribes in one click (RFC 8058). None where its recipient has unsubscribed since."""
    workspace_id, person_id, kind = reference.split(" ")
    if not preferences.choices(workspace_id, person_id)[kind]:
        return None
    link = f"/unsubscribe/{preferences.token(workspace_id, person_id, kind)}"
    headers = {
        "List-Unsubscribe": f"<{settings.SITE_URL}{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return mail.Completion({"link": link}, headers)
