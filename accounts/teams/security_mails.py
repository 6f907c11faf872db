"""Mails that tell people of a change in who may do what: a key, an owner. They hold no secret."""

from collections.abc import Iterable

from django.urls import reverse

from accounts.models import ApiKey, Workspace, members, people, workspaces
from accounts.workspaces.transfers import BillOfTransfer
from imgapis.base import clock
from imgapis.base.mail import mail


def key_created(row: ApiKey) -> None:
    """Tell the owners of a workspace, and who made it, of a new API key."""
    workspace = workspaces.find(row.workspace_id)
    if workspace is None:
        return
    maker = f"the API key img_{row.ancestors[-1]}_…" if row.ancestors else _address(row.person_id)
    context = {
        "name": row.name,
        "prefix": f"img_{row.prefix}_…",
        "maker": maker,
        "scopes": ", ".join(row.scopes),
        "ends": clock.stamp(row.expires) if row.expires else "",
        "page": reverse("keys", args=[workspace.namespace]),
    }
    recipients = {*members.owner_ids(row.workspace_id), row.person_id}
    _send(workspace, recipients, "A new API key on img apis", "emails/key_created.txt", context)


def owner_added(
    workspace: Workspace, person_id: str, former_owner_id: str = "", bill: BillOfTransfer | None = None
) -> None:
    """Tell every owner of a workspace, and one who has handed it over, that a person is an owner now; those two also
    what that means for the bill."""
    context = {"address": _address(person_id), "page": reverse("team", args=[workspace.namespace])}
    bill = bill or BillOfTransfer()
    sentences = {person_id: bill.new, former_owner_id: bill.former}
    for recipient in sorted({*members.owner_ids(workspace.workspace_id), *sentences} - {""}):
        own_context = context | {"bill": sentences.get(recipient, "")}
        _send(workspace, [recipient], "A new owner of a workspace on img apis", "emails/owner_added.txt", own_context)


def _address(person_id: str) -> str:
    person = people.find(person_id)
    return person.email if person else "somebody whose account is deleted"


def _send(workspace: Workspace, person_ids: Iterable[str], subject: str, template: str, context: dict) -> None:
    context = {"workspace": workspace.business_name or workspace.namespace, **context}
    for person in people.of_ids(sorted(person_ids)):
        mail.send(
            person.email, subject, template, context, person_id=person.person_id, workspace_id=workspace.workspace_id
        )
