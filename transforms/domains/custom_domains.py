"""Custom domains: adding, checking, removing, and the periodic recheck of those that are due."""

import secrets

from accounts import audit
from accounts.workspaces import counted, entitlements
from accounts.workspaces.counted import Counted
from imgapis.base import clock, rounds, tokens, waiting
from imgapis.base.errors import ApiError
from transforms.domains import custom_hostnames, domain_checks, domain_names
from transforms.models import Domain, domains

PENDING_SECONDS = 3 * clock.DAY  # after this an unproven claim no longer blocks another
LEASE_SECONDS = 120
PAUSE_SECONDS = 5  # between two checks by hand
RETRY_SECONDS = 60


class DomainTaken(ApiError):
    """A workspace has the domain."""

    status = 409
    code = "domain_taken"


class TooManyDomains(ApiError):
    """The workspace has as many domains as it may."""

    status = 409
    code = "too_many_domains"


def _is_claimed(name: str) -> bool:
    return domains.find(name) is not None


DOMAINS = Counted(
    kind="domain",
    listed=lambda workspace_id: [row.domain for row in domains.of_workspace(workspace_id)],
    exists=_is_claimed,
    limit_of=lambda workspace: entitlements.of(workspace).domains,
    refusal=lambda limit: TooManyDomains(
        f"The plan of this workspace allows {limit} custom domains. A larger plan allows more.", param="domain"
    ),
)


def add(workspace_id: str, domain: str, actor: str) -> Domain:
    """Claim a domain for a workspace. Raises InvalidDomain, DomainTaken, TooManyDomains,
    EditConflict."""
    name = domain_names.canonical(domain)
    now = round(clock.now())
    row = Domain(
        name,
        claim_id=tokens.random_id("dom"),
        workspace_id=workspace_id,
        txt_token=secrets.token_hex(16),
        state="pending",
        reason="",
        created=now,
        due=now + 30,
        lapses=now + PENDING_SECONDS,
    )
    entry = audit.entry(workspace_id, actor, "domain.added", name)
    if not counted.add(DOMAINS, workspace_id, name, lambda claim: domains.claim(claim, row, now), entry):
        raise _conflict(name, workspace_id)
    return row


def _conflict(name: str, workspace_id: str) -> DomainTaken:
    """The refusal; which workspace owns the domain is disclosed to that workspace alone."""
    row = domains.find(name)
    if row is not None and row.workspace_id == workspace_id:
        return DomainTaken(f"This workspace has the domain {name} already.", param="domain")
    return DomainTaken(
        f"The domain {name} is set up in another workspace. Remove it there first, or write to support.", param="domain"
    )


def of_workspace(workspace_id: str, name: str) -> Domain | None:
    """A domain of a workspace; None for a domain of another workspace."""
    row = domains.find(name)
    return row if row is not None and row.workspace_id == workspace_id else None


def check_now(row: Domain) -> Domain | None:
    """Check a domain unless a check is running or just ran; the row afterwards, None where it is gone."""
    now = round(clock.now())
    with waiting.place(row.workspace_id):
        if now - row.checked >= PAUSE_SECONDS and domains.lease(row, now + LEASE_SECONDS):
            _examine(row, now)
    return domains.find(row.domain)


def check_due(limit: int = 3, seconds: float = rounds.UNLIMITED) -> int:
    """Check at most `limit` domains that are due, those that have waited longest first and for as many seconds; returns
    how many. Safe to run in several processes at once."""
    budget, now, count = rounds.Budget(seconds), round(clock.now()), 0
    for row in budget.within(domains.due(now, limit)):
        if domains.lease(row, round(clock.now()) + LEASE_SECONDS):
            _examine(row, now)
            count += 1
    return count


def remove(row: Domain, actor: str) -> None:
    """Stop serving a domain and free it; a failure at Cloudflare is retried by the background worker."""
    now = round(clock.now())
    if domains.mark_removing(row, now):
        audit.record(row.workspace_id, actor, "domain.removed", row.domain)
        with waiting.place(row.workspace_id):
            _finish_removal(row, now)


def _examine(row: Domain, now: float) -> None:
    if row.state == "removing":
        _finish_removal(row, now)
        return
    was_proven, previous_id = bool(row.proven), row.cloudflare_id
    values = domain_checks.next_state(row, domain_checks.check_dns(row.domain, row.txt_token), now)
    if not domains.save_check(row, **values):
        _rollback(str(values.get("cloudflare_id", "")), previous_id)
    elif values.get("proven", was_proven) != was_proven:
        action = "domain.proven" if values["proven"] else "domain.lost"
        audit.record(row.workspace_id, "system", action, row.domain)


def _rollback(new_id: str, previous_id: str) -> None:
    """Delete the hostname at Cloudflare of a domain that was removed while its certificate was being ordered."""
    if new_id and new_id != previous_id:
        try:
            custom_hostnames.delete(new_id)
        except custom_hostnames.CloudflareFailed:
            return  # the next claim of the domain reuses it


def _finish_removal(row: Domain, now: float) -> None:
    if row.cloudflare_id and custom_hostnames.configured():
        try:
            custom_hostnames.delete(row.cloudflare_id)
        except custom_hostnames.CloudflareFailed:
            domains.lease(row, now + RETRY_SECONDS)
            return
    domains.delete(row)
