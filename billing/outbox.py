"""Sending what is due: mails once, the webhook until it takes the notice or the tries are over."""

from collections.abc import Callable

from django.conf import settings

from accounts import store as accounts_store
from accounts.models import Workspace
from billing import hooks, notices, preferences
from billing.hooks import Posting
from billing.rows.notices import Outgoing, Told
from imgapis.base import mail
from imgapis.base.errors import Refusal

Post = Callable[[Posting], int]


def work_off(post: Post) -> int:
    """Send what is due; returns how many notices were processed. `post` sends one posting through the fetch guard and
    returns the status of the response; it raises Refusal where the guard refuses or the network fails."""
    count = 0
    for row in notices.due():
        _send(row, post)
        count += 1
    return count


def _send(row: Outgoing, post: Post) -> None:
    notice = notices.notice_of(row)
    workspace = accounts_store.workspace(notice.workspace_id) if notice else None
    if notice is None or workspace is None:
        notices.finish(row)
        return
    if notice.kind in SUBJECTS and notices.claim_mail(row):
        _mail(notice, workspace)
    if _posted(notice, workspace, post):
        notices.finish(row)
    else:
        notices.put_off(row)


def _posted(notice: Told, workspace: Workspace, post: Post) -> bool:
    """Whether nothing is left to post."""
    hook = hooks.of(notice.workspace_id)
    if hook is None:
        return True
    try:
        status = post(hooks.posting(hook, notice, workspace.namespace))
    except Refusal as refusal:
        hooks.note_outcome(notice.workspace_id, refusal.code)
        return False
    hooks.note_outcome(notice.workspace_id, str(status))
    return 200 <= status < 300


def _usage_subject(facts: dict) -> str:
    quota = "credits" if facts["of"] == "allowance" else f"cap of the {facts['span']}"
    return f"{facts['share']} % of your {quota} on img apis are used"


SUBJECTS = {
    "usage": _usage_subject,
    "burst": lambda facts: "Unusually much billed work on img apis",
}


def _mail(notice: Told, workspace: Workspace) -> None:
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
