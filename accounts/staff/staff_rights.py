"""Which staff may do what: one pure table, asked by every page of the admin (A17)."""

from accounts.teams.roles import NotPermitted

ROLES = ("support", "billing", "admin")

# right → (what it allows, in a sentence's end; the roles that have it)
RIGHTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "customers.see": ("look at workspaces, people and what belongs to them", ROLES),
    "trail.see": ("read the audit log", ROLES),
    "doctor.run": ("run the source doctor", ("support", "admin")),
    "address.reveal": ("see somebody's e-mail address", ("support", "admin")),
    "code.resend": ("let sign-in codes through again", ("support", "admin")),
    "invite.resend": ("send an invitation again", ("support", "admin")),
    "sessions.end": ("end somebody's sessions", ("support", "admin")),
    "keys.revoke": ("revoke an API key", ("support", "admin")),
    "cache.purge": ("purge a workspace's cache", ("support", "admin")),
    "credits.grant": ("give credits", ROLES),
    "credits.take_back": ("take back credits", ("billing", "admin")),
    "stripe.replay": ("replay a Stripe event", ("billing", "admin")),
    "pictures.block": ("block a picture or a source, and lift the block", ("support", "admin")),
    "workspace.suspend": ("suspend and resume a workspace", ("admin",)),
    "requests.see": ("see privacy requests", ("support", "admin")),
    "requests.work": ("record and work off privacy requests", ("support", "admin")),
    "erasure.ask": ("ask for an erasure, and take it back", ("support", "admin")),
    "notice.send": ("send a policy notice", ("admin",)),
    "staff.see": ("see who is on the staff", ("admin",)),
}

# The most a role gives, or takes back, in one act: whole credits.
MOST_CREDITS = {"support": 1_000, "billing": 100_000, "admin": 1_000_000}


def allows(role: str, right: str) -> bool:
    """Whether a role has a right."""
    return role in RIGHTS[right][1]


def require(role: str, right: str) -> None:
    """Raise NotPermitted where the role lacks the right."""
    if not allows(role, right):
        raise NotPermitted(f"Your staff role, {role}, does not allow you to {RIGHTS[right][0]}.")
