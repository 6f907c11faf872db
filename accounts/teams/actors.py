"""Who acts on a team: a member in person, or by an API key, which may do less (H8)."""

from dataclasses import dataclass

from accounts.models import Member
from accounts.teams import roles
from accounts.teams.roles import NotPermitted


@dataclass(frozen=True)
class Actor:
    """A member as they are now. `scopes` and `key_prefix` are those of the key they act by; None and empty for a member
    in person."""

    workspace_id: str
    person_id: str
    role: str
    scopes: tuple[str, ...] | None = None
    key_prefix: str = ""

    @staticmethod
    def of(who: "Member | Actor") -> "Actor":
        """The actor that a member's row stands for: that member in person."""
        return Actor(who.workspace_id, who.person_id, who.role) if isinstance(who, Member) else who

    @property
    def name(self) -> str:
        """How the audit log names the actor."""
        return f"key:{self.key_prefix}" if self.key_prefix else self.person_id

    @property
    def grantable(self) -> tuple[str, ...]:
        """The roles the actor may give."""
        return roles.grantable(self.role, self.scopes)

    def require_grantable(self, role: str) -> None:
        """Raise NotPermitted, at the field, where the actor may not give a role: nobody vouches for one above their
        own, and no key for one that may do more than the key."""
        if role in self.grantable:
            return
        if self.scopes is not None and role in roles.grantable(self.role):
            raise NotPermitted(_key_refusal(role, self.scopes), param="role", code="out_of_scope")
        raise NotPermitted("You can give the roles " + ", ".join(self.grantable) + ".", param="role")

    def require_reach(self, role: str) -> None:
        """Raise NotPermitted where the actor may not change or remove somebody of a role: only an owner in person
        changes an owner."""
        if role not in roles.grantable(self.role):
            raise NotPermitted("Only an owner can change an owner or make one.")
        if role == "owner" and self.scopes is not None:
            raise NotPermitted("No key changes an owner: an owner does it in the dashboard.", code="out_of_scope")


def _key_refusal(role: str, scopes: tuple[str, ...]) -> str:
    if role == "owner":
        return "No key makes anybody an owner: an owner does it in the dashboard."
    missing = [name for name in roles.permissions(role) if name not in scopes]
    return f"This key cannot give the role {role}, which may do more than the key: it lacks {', '.join(missing)}."
