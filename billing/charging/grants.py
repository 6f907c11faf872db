"""Credits given beside the plan and taken back: by whom and why, in the counter and on record in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts import audit
from accounts.models import Workspace
from billing.charging import entitlement_change
from billing.charging.balance import Balance
from billing.charging.entitlement_change import Draft, ExtraWrites, TermsChange
from billing.models import Grant
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError

SHORTEST_REASON = 10
LONGEST_REASON = 500
MOST_HALVES = 20_000_000


class InvalidGrant(ApiError):
    """A grant without a reason, or of no sensible amount."""

    code = "invalid_grant"


@dataclass(frozen=True)
class GrantResult:
    """A grant as it was written: its id, and the half-credits it changed, below 0 where they were taken back."""

    grant_id: str
    halves: int
    period: str


def grant(
    workspace_id: str, halves: int, reason: str, actor: str, *, grant_id: str = "", within: ExtraWrites | None = None
) -> GrantResult:
    """Give half-credits to the running period. `actor` is opaque, `staff:<id>` or `stripe`; `grant_id` names what is
    given only once. Raises InvalidGrant, AlreadyApplied where that id, or an item of the caller's, is there already."""
    return _write(workspace_id, _checked(halves, reason), reason, actor, grant_id, within)


def take_back(
    workspace_id: str, halves: int, reason: str, actor: str, *, grant_id: str = "", within: ExtraWrites | None = None
) -> GrantResult:
    """Take back as many half-credits as are paid for and not used, `halves` at most; never below 0 (B15). Raises as
    `grant` does."""
    return _write(workspace_id, -_checked(halves, reason), reason, actor, grant_id, within)


def _checked(halves: int, reason: str) -> int:
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON:
        raise InvalidGrant(f"Say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters.", param="reason")
    if not 0 < halves <= MOST_HALVES:
        raise InvalidGrant(f"An amount is 0.5 to {MOST_HALVES // 2} credits.", param="credits")
    return halves


def adjust(
    workspace_id: str,
    halves: int,
    reason: str,
    period: str,
    note: Callable[[dynamo.Transaction, int], None] | None = None,
    *,
    grant_id: str = "",
) -> GrantResult:
    """Give half-credits to an open period, the running one or another, or take back as many of them as are not used
    where they are below 0, as Stripe's money came or went. `note` puts the caller's items into the transaction and is
    told the half-credits that changed. Raises AlreadyApplied, WorkspaceGone, CreditsBusy."""
    return _write(workspace_id, halves, reason, "stripe", grant_id, period=period, note=note)


def _write(
    workspace_id: str,
    halves: int,
    reason: str,
    actor: str,
    grant_id: str,
    within: ExtraWrites | None = None,
    period: str = "",
    note: Callable[[dynamo.Transaction, int], None] | None = None,
) -> GrantResult:
    grant_id = grant_id or tokens.time_ordered_id(clock.now())

    def change(balance: Balance) -> Balance:
        return balance.with_grant(halves) if halves > 0 else balance.with_deduction(-halves)

    def record(transaction: dynamo.Transaction, outcome: TermsChange) -> None:
        changed = outcome.after.extra - outcome.before.extra
        row = Grant(
            workspace_id,
            grant_id,
            period=outcome.period.name,
            halves=changed,
            reason=reason.strip(),
            actor=actor,
            moment=clock.now(),
        )
        transaction.save(row, if_absent=True)
        act = "credits.granted" if halves > 0 else "credits.taken_back"
        entry = audit.entry(workspace_id, actor, act, grant_id, None, {"halves": changed}, row.reason)
        audit.add_to_transaction(transaction, entry)
        if note:
            note(transaction, changed)

    def decide(row: Workspace) -> Draft:
        return Draft(balance=change, record=record, keeps_paid=halves < 0, period=period)

    outcome = entitlement_change.update_terms(workspace_id, decide, within)
    return GrantResult(grant_id, outcome.after.extra - outcome.before.extra, outcome.period.name)
