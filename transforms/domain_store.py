"""Queries and conditional writes of custom domains: races of claims, checks and removals are settled here."""

from typing import Any

from imgapis.base import dynamo
from transforms.models import Domain


def domain(name: str) -> Domain | None:
    """The current row of a claimed domain; None where it is not claimed."""
    return Domain.find(name)


def domains(workspace_id: str) -> list[Domain]:
    """The domains of a workspace, by name; from an index, so eventually consistent."""
    return sorted(Domain.workspace_index.query(workspace_id), key=lambda row: row.domain)


def due(now: float, limit: int) -> list[Domain]:
    """Rows due for a check at `now`, at most `limit`; the caller leases each before checking it."""
    rows = Domain.due_index.query(Domain.EVERY, Domain.due <= now, limit=limit, page_size=limit)
    return list(rows)


def claim(transaction: dynamo.Transaction, row: Domain, now: float) -> None:
    """Claim a domain in a transaction, where it is free, or unproven past its term."""
    claim_lapsed = (Domain.proven == False) & (Domain.lapses < now)  # noqa: E712 - a condition, not a comparison
    transaction.save(row, condition=Domain.is_absent() | claim_lapsed)


def lease(row: Domain, until: float) -> bool:
    """Lease a check until `until`; False where another process leased it, or the claim has ended."""
    return row.update_if((Domain.claim_id == row.claim_id) & (Domain.due == row.due), due=until)


def save_check(row: Domain, **values: Any) -> bool:
    """Write the result of a check; False where the domain was removed or claimed again meanwhile."""
    return row.update_if((Domain.claim_id == row.claim_id) & (Domain.state != "removing"), **values)


def mark_removing(row: Domain, now: float) -> bool:
    """Stop serving a domain; its hostname at Cloudflare is deleted next. False where it is gone already."""
    return row.update_if(Domain.claim_id == row.claim_id, state="removing", reason="", proven=False, due=now)


def delete(row: Domain) -> None:
    """Delete the claim of a domain; idempotent, and a later claim of it stays."""
    row.delete_if(Domain.claim_id == row.claim_id)
