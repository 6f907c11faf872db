"""The audit log of a workspace: a closed list of acts, opaque actors, values before and after without personal data."""

from collections.abc import Callable
from typing import Any

from accounts.models import AuditEntry
from accounts.models import audit as audit_rows
from imgapis.base import clock, cursors, dynamo, tokens
from imgapis.base.cursors import ResultPage

# act → how the log says it
ACTS = {
    "workspace.created": "created the workspace",
    "workspace.renamed": "renamed the workspace",
    "workspace.changed": "changed the workspace's settings",
    "erasure.proposed": "asked for a colleague's consent to an erasure",
    "erasure.asked": "asked for the erasure",
    "erasure.undone": "took the erasure back",
    "export.mailed": "had the link of an export mailed",
    "export.offered": "mailed the person the link of their export",
    "member.joined": "joined",
    "member.changed": "changed a member's role",
    "member.removed": "removed a member",
    "member.left": "left",
    "ownership.transferred": "transferred ownership",
    "invite.sent": "invited somebody",
    "invite.resent": "sent an invite again",
    "invite.changed": "changed the role of an invite and sent it again",
    "invite.revoked": "revoked an invite",
    "source.created": "created a source",
    "source.changed": "changed a source",
    "source.deleted": "deleted a source",
    "access.changed": "changed who may ask",
    "engine.changed": "moved to a newer version of the engine",
    "signing.changed": "changed signing",
    "signing.rotated": "rotated a signing key",
    "preset.saved": "saved a preset",
    "preset.deleted": "deleted a preset",
    "fallback.saved": "saved a fallback",
    "fallback.deleted": "deleted a fallback",
    "fallback.defaults": "changed the default fallbacks",
    "cache.purged": "purged cached pictures",
    "picture.blocked": "blocked pictures after a report",
    "picture.unblocked": "lifted a block of pictures",
    "domain.added": "added a domain",
    "domain.removed": "removed a domain",
    "domain.proven": "saw the proof of a domain",
    "domain.lost": "stopped serving a domain whose proof is gone",
    "plan.changed": "changed the plan",
    "plan.checkout": "began to buy a plan",
    "plan.change_asked": "asked for another plan",
    "plan.cancelled": "cancelled the plan",
    "plan.resumed": "took back a cancellation or a change",
    "plan.duplicate_refunded": "cancelled and refunded a second plan, bought beside the first",
    "credits.granted": "gave credits",
    "credits.taken_back": "took back credits",
    "caps.changed": "changed the caps",
    "workspace.suspended": "suspended the workspace",
    "workspace.resumed": "resumed the workspace",
    "doctor.run": "tested a source",
    "code.sent": "let sign-in codes through again and mailed the way in",
    "sessions.ended": "ended every session",
    "address.revealed": "looked at the e-mail address",
    "request.recorded": "recorded a privacy request",
    "request.confirmed": "confirmed the receipt of a privacy request",
    "request.extended": "told that a privacy request takes longer",
    "request.closed": "closed a privacy request",
    "notice.sent": "sent a policy notice",
    "stripe.replayed": "replayed an event of Stripe's",
    "staff.added": "joined the staff",
    "staff.changed": "got another staff role",
    "staff.reset": "had the second factor taken away",
    "staff.enrolled": "set up the second factor",
    "staff.removed": "left the staff",
    "row.changed": "changed a row",
    "webhook.changed": "changed the webhook",
    "key.created": "made an API key",
    "key.revoked": "revoked an API key",
}
PAGE = 50


def entry(
    workspace_id: str,
    actor: str,
    act: str,
    target: str = "",
    before: Any = None,
    after: Any = None,
    reason: str = "",
) -> AuditEntry:
    """An entry that is not written yet. `actor` is a person's opaque id, `key:<prefix>`, `staff:<id>` or `system`;
    staff give a `reason`. Acts of staff that concern no workspace go to logs of other names, such as
    `log_of_person`. ValueError for an act that is not in ACTS."""
    if act not in ACTS:
        raise ValueError(f"{act} is not on the list of acts.")
    return AuditEntry(
        workspace_id,
        tokens.time_ordered_id(clock.now()),
        actor=actor,
        act=act,
        target=target,
        before=before,
        after=after,
        reason=reason,
    )


def record(*args: Any, **kwargs: Any) -> AuditEntry:
    """Save an entry after its act; the arguments are those of `entry`."""
    row = entry(*args, **kwargs)
    audit_rows.add(row)
    return row


def add_to_transaction(transaction: dynamo.Transaction, row: AuditEntry | None) -> None:
    """Write an entry, if there is one, in the transaction of its act, so that neither exists without the other."""
    if row is not None:
        transaction.save(row, if_absent=True, name="audit entry")


def page(workspace_id: str, cursor: str | None = None) -> ResultPage[AuditEntry]:
    """Entries of a workspace, newest first. Raises InvalidCursor, also for a cursor of another workspace."""
    name = f"audit {workspace_id}"
    return cursors.page_of(name, audit_rows.newest_first(workspace_id, PAGE, cursors.decode(name, cursor)))


def newest(log: str, limit: int) -> list[AuditEntry]:
    """The newest entries of a log, `limit` at most, newest first."""
    return list(audit_rows.newest_first(log, limit))


def log_of_person(person_id: str) -> str:
    """The name of the log of what staff did about a person."""
    return f"person:{person_id}"


def time_of(row: AuditEntry) -> float:
    """When an entry was written, in seconds since 1970."""
    return tokens.moment_of(row.entry_id)


def run_with_entry(row: AuditEntry | None, add_writes: Callable[[dynamo.Transaction], None]) -> bool:
    """Commit an act of one or a few writes, which `add_writes` adds to a transaction, together with its entry. False
    where a condition failed; then neither the act nor the entry is written (A17)."""
    for _ in dynamo.retries():
        try:
            with dynamo.transaction() as transaction:
                add_writes(transaction)
                add_to_transaction(transaction, row)
            return True
        except dynamo.TransactionCanceled as error:
            if error.failed:
                return False
            conflict = error
    raise conflict
