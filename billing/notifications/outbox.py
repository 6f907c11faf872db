"""Sending what is due: mails once, the webhook until it takes the notice or the tries are over."""

from collections.abc import Callable

from django.conf import settings

from accounts import store as accounts_store
from accounts.models import Workspace
from billing.notifications import notifications, outgoing_webhooks, preferences
from billing.notifications.outgoing_webhooks import WebhookRequest
from billing.rows.notifications import Notification, PendingNotification
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail

Post = Callable[[WebhookRequest], int]


def process_due(post: Post) -> int:
    """Send what is due; returns how many notices were processed. `post` sends one posting through the fetch guard and
    returns the status of the response; it raises ApiError where the guard refuses or the network fails."""
    count = 0
    for row in notifications.claim_due():
        _send(row, post)
        count += 1
    return count


def _send(row: PendingNotification, post: Post) -> None:
    notice = notifications.get_for(row)
    workspace = accounts_store.workspace(notice.workspace_id) if notice else None
    if notice is None or workspace is None:
        notifications.finish(row)
        return
    if notice.kind in SUBJECTS and notifications.claim_mail(row):
        _mail(notice, workspace)
    if _delivered(notice, workspace, post):
        notifications.finish(row)
    else:
        notifications.retry_later(row)


def _delivered(notice: Notification, workspace: Workspace, post: Post) -> bool:
    """Whether nothing is left to post."""
    hook = outgoing_webhooks.of(notice.workspace_id)
    if hook is None:
        return True
    try:
        status = post(outgoing_webhooks.build_request(hook, notice, workspace.namespace))
    except ApiError as refusal:
        outgoing_webhooks.record_outcome(notice.workspace_id, refusal.code)
        return False
    outgoing_webhooks.record_outcome(notice.workspace_id, str(status))
    return 200 <= status < 300


def _usage_subject(facts: dict) -> str:
    quota = "credits" if facts["of"] == "allowance" else f"cap of the {facts['span']}"
    return f"{facts['share']} % of your {quota} on img apis are used"


SUBJECTS = {
    "usage": _usage_subject,
    "burst": lambda facts: "Unusually much billed work on img apis",
}


def _mail(notice: Notification, workspace: Workspace) -> None:
    """Send the mails of a notice to its recipients, with a link that unsubscribes in one click (RFC 8058)."""
    subject = SUBJECTS[notice.kind](notice.facts)
    for person in preferences.recipients(notice.workspace_id, notice.kind):
        link = f"/unsubscribe/{preferences.token(notice.workspace_id, person.person_id, notice.kind)}"
        context = {
            **notice.facts, "namespace": workspace.namespace, "name": workspace.business_name or workspace.namespace,
            "link": link,
        }  # fmt: skip
        headers = {
            "List-Unsubscribe": f"<{settings.SITE_URL}{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }  # fmt: skip
        mail.send(person.email, subject, f"emails/{notice.kind}.txt", context, headers=headers)
