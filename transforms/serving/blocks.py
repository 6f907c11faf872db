"""Blocking by staff after a report: a picture in all its forms, all that begins so, or a source; the cache included."""

from dataclasses import replace

from accounts import audit
from accounts.models import Workspace, members, people, workspaces
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail
from transforms.access import rules
from transforms.models import BlockRule
from transforms.models import blocks as block_rows
from transforms.serving import targets
from transforms.tenant import tenants
from transforms.tenant.block_index import BlockIndex
from transforms.tenant.tenants import Tenant

SCOPES = {
    "picture": "The pictures of one address, in every size and format",
    "prefix": "Everything made of originals whose src begins so",
    "source": "Everything made of a source",
}
MOST_RULES = 1_000


class InvalidBlock(ApiError):
    """The target of a block names nothing that can be blocked."""

    code = "invalid_block"


class TooManyBlocks(ApiError):
    """The workspace has as many blocks as it may: suspend it."""

    status = 409
    code = "too_many_blocks"


def block(row: Workspace, actor: str, scope: str, target: str, reason: str) -> BlockRule:
    """Serve nothing of the target, cached or not, on every server within five seconds. Raises InvalidBlock,
    TooManyBlocks, InvalidTarget, EditConflict."""
    places = _places(tenants.of_row(row, row.namespace), scope, target)
    revision = int(workspaces.require(row.workspace_id).rules_revision)
    now = clock.now()
    if len(block_rows.of_workspace(row.workspace_id)) >= MOST_RULES:
        raise TooManyBlocks(f"A workspace has at most {MOST_RULES:,} blocks: suspend it instead.")
    rule = BlockRule(
        row.workspace_id,
        tokens.time_ordered_id(now),
        scope=scope,
        target=target,
        places=places,
        moment=now,
        reason=reason,
    )
    entry = audit.entry(row.workspace_id, actor, "picture.blocked", scope, reason=reason)
    rules.save(rule, revision, entry)
    _mail_owners(row, rule)
    return rule


def lift(row: Workspace, actor: str, rule: BlockRule, reason: str) -> None:
    """Serve it again, within five seconds. Raises EditConflict."""
    revision = int(workspaces.require(row.workspace_id).rules_revision)
    entry = audit.entry(row.workspace_id, actor, "picture.unblocked", rule.scope, reason=reason)
    rules.delete(rule, revision, entry)


def _mail_owners(row: Workspace, rule: BlockRule) -> None:
    """Tell the owners what was blocked and why, and how to object."""
    context = {
        "namespace": row.namespace,
        "target": rule.target,
        "scope": SCOPES[rule.scope],
        "reason": rule.reason,
    }
    for person in people.of_ids(members.owner_ids(row.workspace_id)):
        mail.send(
            person.email,
            f"Pictures of {row.namespace} are blocked",
            "emails/blocked.txt",
            context,
            person_id=person.person_id,
            workspace_id=row.workspace_id,
        )


def _places(tenant: Tenant, scope: str, target: str) -> list[str]:
    """Where the originals that are meant lie, or what their places begin with. A mark laid over a reported picture is
    not meant. What is blocked already, and a host that the workspace does not allow now, can be named too. Raises
    InvalidBlock, InvalidTarget."""
    tenant = replace(tenant, allowed_sources=("*",), rules=replace(tenant.rules, blocks=BlockIndex()))
    if scope == "source":
        if target not in tenant.sources:
            raise InvalidBlock(f"This workspace has no source named {target[:64]!r}.", param="target")
        return [targets.place_of_beginning(tenant, f"{target}/")]
    if scope == "prefix":
        return [targets.place_of_beginning(tenant, target)]
    plan = targets.of_address(tenant, target)
    return [original.place for original in plan.originals if original.param != "mark"]
