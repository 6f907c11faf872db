"""What can be asked of custom domains; claims, checks and removals race here and are settled by conditions."""

from transforms.models import Domain


def domain(name: str) -> Domain | None:
    """The claim of a domain, as it is now."""
    return Domain.find(name)


def domains(workspace_id: str) -> list[Domain]:
    """The domains of a workspace, by name; from an index, so a second behind."""
    return sorted(Domain.workspace_index.query(workspace_id), key=lambda row: row.domain)


def due(now: float, limit: int) -> list[Domain]:
    """Candidates for a check; whoever wants to do one leases it first."""
    rows = Domain.due_index.query(Domain.EVERY, Domain.due <= now, limit=limit, page_size=limit)
    return list(rows)


def claim(row: Domain, now: float) -> bool:
    """Claim a domain: free, or left unproven past its term. False where somebody has it."""
    claim_lapsed = (Domain.proven == False) & (Domain.lapses < now)  # noqa: E712 - a condition, not a comparison
    return row.save_if(Domain.domain.does_not_exist() | claim_lapsed)


def lease(row: Domain, until: float) -> bool:
    """Take a check upon oneself until a moment; False where another process did, or the claim has ended."""
    return row.update_if((Domain.claim_id == row.claim_id) & (Domain.due == row.due), due=until)


def settle(row: Domain, **values) -> bool:
    """Write what a check found; False where the domain was removed or claimed anew meanwhile."""
    return row.update_if((Domain.claim_id == row.claim_id) & (Domain.state != "removing"), **values)


def mark_removing(row: Domain, now: float) -> bool:
    """Stop serving a domain; what is left of it elsewhere is cleared next. False where it is gone already."""
    return row.update_if(Domain.claim_id == row.claim_id, state="removing", reason="", proven=False, due=now)


def forget(row: Domain) -> None:
    """Free a domain; twice is no error, and a later claim of it stays."""
    row.delete_if(Domain.claim_id == row.claim_id)
