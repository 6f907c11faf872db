"""Who gets which billing mails: owners and billing members, unless they said no; by a link without signing in."""

from django.core import signing

from accounts.models import Person, members, people
from billing.models import opt_outs
from billing.notifications import kinds
from imgapis.base.errors import ApiError

ROLES = ("owner", "billing")
SALT = "billing.preferences"


class InvalidLink(ApiError):
    """The link of a mail was changed."""

    status = 404
    code = "unknown_link"

    def __init__(self) -> None:
        super().__init__("This link is not whole. Use the one in the mail, or the billing page.")


def recipients(workspace_id: str, kind: str) -> list[Person]:
    """The people a mail of a kind goes to, by id."""
    member_rows = [row for row in members.of_workspace(workspace_id) if row.role in ROLES]
    declined = opt_outs.choices(workspace_id)
    person_ids = [row.person_id for row in member_rows if f"{kind} {row.person_id}" not in declined]
    return sorted(people.of_ids(person_ids), key=lambda person: person.person_id)


def choices(workspace_id: str, person_id: str) -> dict[str, bool]:
    """What a member gets, by kind."""
    declined = opt_outs.choices(workspace_id)
    return {kind: f"{kind} {person_id}" not in declined for kind in kinds.MAILS}


def choose(workspace_id: str, person_id: str, kind: str, *, enabled: bool) -> None:
    """Get mails of a kind, or none. Choosing the same twice is no error. KeyError for a kind that is none."""
    choice = f"{kind} {person_id}" if kinds.MAILS[kind] else ""
    if enabled:
        opt_outs.delete(workspace_id, choice)
    else:
        opt_outs.add(workspace_id, choice)


def token(workspace_id: str, person_id: str, kind: str) -> str:
    """The signed token in the link of a mail: it ends one kind of mail in one workspace, and nothing else."""
    return signing.dumps([workspace_id, person_id, kind], salt=SALT)


def read_token(text: str) -> tuple[str, str, str]:
    """The workspace, the person and the kind of a token. Raises InvalidLink. It does not expire."""
    try:
        workspace_id, person_id, kind = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise InvalidLink from error
    return workspace_id, person_id, kind
