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
from imgapis.base.mail import outbox as mail_outbox

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
    if notice.kind in SUBJECTS and not row.mailed:
        _mail(row, notice, workspace)
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


def _mail(row: PendingNotification, notice: Notification, workspace: Workspace) -> None:
    """Mail a notice to its recipients, once."""
    subject, workspace_id = SUBJECTS[notice.kind](notice.facts), notice.workspace_id
    name = workspace.business_name or workspace.namespace
    mails = [
        mail_outbox.new_mail(
            person.email, subject, f"emails/{notice.kind}.txt",
            {**notice.facts, "namespace": workspace.namespace, "name": name}, completion="notice",
            reference=f"{workspace_id} {person.person_id} {notice.kind}", person_id=person.person_id,
            workspace_id=workspace_id,
        )
        for person in preferences.recipients(workspace_id, notice.kind)
    ]  # fmt: skip
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
        "List-Unsubscribe": f"<{settings.SITE_URL}{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }  # fmt: skip
    return mail.Completion({"link": link}, headers)
