"""Custom domains: races of claims, checks and removals are settled here by conditions."""

from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Moment
from transforms.models.handling import ACCOUNT


class DomainsOfWorkspace(GlobalSecondaryIndex):
    """Lists the domains of a workspace; no decision is read from it."""

    class Meta:
        index_name = "workspace"
        projection = AllProjection()

    workspace_id = UnicodeAttribute(hash_key=True)


class DueDomains(GlobalSecondaryIndex):
    """Finds domains to look at again; the lease decides."""

    class Meta:
        index_name = "due"
        projection = AllProjection()

    queue = UnicodeAttribute(hash_key=True)
    due = NumberAttribute(range_key=True)


class Domain(dynamo.Row):
    """The claim of a custom domain: one workspace has it, and serves pictures under it while its proof stands."""

    EVERY = "domains"

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("domains")

    domain = declared(UnicodeAttribute(hash_key=True), "is a host name that pictures are served under", ACCOUNT)
    claim_id = declared(UnicodeAttribute(), "tells this claim from an earlier one", ACCOUNT)
    workspace_id = declared(UnicodeAttribute(), "whose domain it is", ACCOUNT)
    txt_token = declared(UnicodeAttribute(), "is the proof its owner puts into DNS", ACCOUNT)
    state = declared(UnicodeAttribute(), "pending, verified, issuing, active, failing or removing", ACCOUNT)
    reason = declared(UnicodeAttribute(default=""), "why it is in that state, in a sentence", ACCOUNT)
    proven = declared(BooleanAttribute(default=False), "whether pictures are served under it", ACCOUNT)
    proved = declared(Moment(default=0), "when the proof was last seen", ACCOUNT)
    lapses = declared(Moment(default=0), "when an unproven claim may be taken by another", ACCOUNT)
    cloudflare_id = declared(UnicodeAttribute(default=""), "names the custom hostname at Cloudflare", ACCOUNT)
    created = declared(Moment(), "when it was added", ACCOUNT)
    checked = declared(Moment(default=0), "when it was last looked at", ACCOUNT)
    due = declared(Moment(), "when it is looked at again", ACCOUNT)
    queue = declared(UnicodeAttribute(default=EVERY), "lists domains by the time they are due", ACCOUNT)
    workspace_index = DomainsOfWorkspace()
    due_index = DueDomains()


def find(name: str) -> Domain | None:
    """The current row of a claimed domain; None where it is not claimed."""
    return Domain.find(name)


def of_workspace(workspace_id: str) -> list[Domain]:
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


def scan_workspace(workspace_id: str) -> Iterator[Domain]:
    """The domains of a workspace, as they are now, from the whole table: for its erasure."""
    return Domain.scan(Domain.workspace_id == workspace_id, consistent_read=True)
