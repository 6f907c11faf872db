"""What accounts hold of a workspace and of a person."""

from collections.abc import Iterable

from accounts import audit
from accounts.models import (
    ApiKey,
    AuditEntry,
    Challenge,
    EmailClaim,
    IdempotentRequest,
    Invite,
    InvitedAddress,
    Member,
    Namespace,
    NamespaceCount,
    Ownership,
    Person,
    SessionRow,
    Staff,
    Throttle,
    Workspace,
    namespaces,
    people,
    throttles,
)
from accounts.models import audit as audit_rows
from accounts.teams import members
from imgapis.base.dynamo import Row
from imgapis.base.holdings import Find, Holding, by_attribute, by_hash_key
from imgapis.base.mail import outbox
from imgapis.base.mail.rows import OutgoingMail


def _by_address(model: type[Challenge] | type[InvitedAddress] | type[Invite]) -> Find:
    """A finder of the rows that hold a person's address, which is read from the account and so needs it to exist."""

    def find(person_id: str) -> Iterable[Row]:
        person = people.find(person_id)
        return model.scan(model.email == person.email, consistent_read=True) if person else ()

    return find


def _mails(person_id: str) -> Iterable[OutgoingMail]:
    """Mails to a person, and about their account to an older address."""
    person = people.find(person_id)
    return outbox.of_person(person_id, person.email if person else None)


def _trail(person_id: str) -> Iterable[AuditEntry]:
    return audit_rows.of_log(audit.log_of_person(person_id))


def _counts(owner: str) -> Iterable[Throttle]:
    """Counts that name an id; those of addresses are digests whose key changes with the day."""
    return throttles.naming(owner)


# In the order of erasure: what finds other rows goes last.
HOLDINGS = (
    Holding(OutgoingMail, of_workspace=by_attribute(OutgoingMail, "workspace_id"), of_person=_mails),
    Holding(SessionRow, of_person=by_attribute(SessionRow, "person_id")),
    Holding(Challenge, of_person=_by_address(Challenge)),
    Holding(ApiKey, of_workspace=by_attribute(ApiKey, "workspace_id"), of_person=by_attribute(ApiKey, "person_id")),
    Holding(IdempotentRequest, of_workspace=by_hash_key(IdempotentRequest)),
    Holding(
        InvitedAddress,
        of_workspace=by_attribute(InvitedAddress, "workspace_id"),
        of_person=_by_address(InvitedAddress),
    ),
    Holding(Invite, of_workspace=by_hash_key(Invite), of_person=_by_address(Invite)),
    Holding(
        Member,
        of_workspace=by_hash_key(Member),
        of_person=by_attribute(Member, "person_id"),
        detach=members.erase,
    ),
    Holding(Ownership, of_workspace=by_attribute(Ownership, "workspace_id"), of_person=by_hash_key(Ownership)),
    Holding(Staff, of_person=by_hash_key(Staff)),
    Holding(AuditEntry, of_workspace=by_hash_key(AuditEntry), of_person=_trail),
    Holding(Namespace, of_workspace=by_attribute(Namespace, "workspace_id"), detach=namespaces.retire),
    Holding(Workspace, of_workspace=by_hash_key(Workspace)),
    Holding(NamespaceCount, of_person=by_hash_key(NamespaceCount)),
    Holding(EmailClaim, of_person=by_attribute(EmailClaim, "person_id")),
    Holding(Person, of_person=by_hash_key(Person)),
    Holding(Throttle, of_workspace=_counts, of_person=_counts),
)
