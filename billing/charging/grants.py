"""Credits given beside the plan and taken back: by whom and why, in the counter and on record in one transaction."""

from dataclasses import dataclass

from accounts import audit
from accounts.models import Workspace
from billing.charging import entitlement_change
from billing.charging.balance import Balance
from billing.charging.entitlement_change import Draft, ExtraWrites, TermsChange
from billing.models import Grant
from imgapis.base import clock, tokens
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


def _write(
    workspace_id: str, halves: int, reason: str, actor: str, grant_id: str, within: ExtraWrites | None
) -> GrantResult:  # fmt: skip
    grant_id = grant_id or tokens.time_ordered_id(clock.now())

    def change(balance: Balance) -> Balance:
        return balance.with_grant(halves) if halves > 0 else balance.with_deduction(-halves)

    def record(transaction, outcome: TermsChange) -> None:
        row = Grant(
            workspace_id, grant_id, period=outcome.period.name, halves=outcome.after.extra - outcome.before.extra,
            reason=reason.strip(), actor=actor, moment=clock.now(),
        )  # fmt: skip
        transaction.save(row, if_absent=True)
        act = "credits.granted" if halves > 0 else "credits.taken_back"
        details = {"halves": int(row.halves)}
        audit.add_to_transaction(
            transaction, audit.entry(workspace_id, actor, act, grant_id, None, details, row.reason)
        )

    def decide(row: Workspace) -> Draft:
        return Draft(balance=change, record=record, keeps_paid=halves < 0)

    outcome = entitlement_change.update_terms(workspace_id, decide, within)
    return GrantResult(grant_id, outcome.after.extra - outcome.before.extra, outcome.period.name)
