"""The tables of accounts, each with its queries: people, sessions, workspaces, teams, keys and staff."""

from accounts.models.audit import AuditEntry
from accounts.models.codes import Challenge
from accounts.models.idempotency import IdempotentRequest
from accounts.models.invites import Invite, InvitedAddress
from accounts.models.keys import ApiKey
from accounts.models.members import Member, Ownership
from accounts.models.namespaces import Namespace, NamespaceCount
from accounts.models.people import EmailClaim, Person
from accounts.models.sessions import SessionRow
from accounts.models.staff import Staff
from accounts.models.throttles import Throttle
from accounts.models.users import User
from accounts.models.workspaces import Workspace

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Challenge",
    "EmailClaim",
    "IdempotentRequest",
    "Invite",
    "InvitedAddress",
    "Member",
    "Namespace",
    "NamespaceCount",
    "Ownership",
    "Person",
    "SessionRow",
    "Staff",
    "Throttle",
    "User",
    "Workspace",
]
