"""The open invitations of a person, for the page that lists them: by pages, the newest first, and of one inviter a few
with the number of the others, so that no flood of a stranger's hides somebody else's (H11)."""

from dataclasses import dataclass

from accounts.models import Invite, Person, Workspace, members
from accounts.models import invites as invite_rows
from accounts.models import workspaces as workspace_rows
from accounts.teams import invites
from imgapis.base import cursors
from imgapis.base.cursors import ResultPage

BATCH = 50  # invitations that are read at a time
LEAST_SHOWN = 20  # a page reads on until it shows so many, or has looked at MOST_READ
MOST_READ = 500
SHOWN_OF_INVITER = 3


@dataclass(frozen=True)
class Offer:
    """An open invite of a person, with its workspace."""

    invite: Invite
    workspace: Workspace


@dataclass(frozen=True)
class InviterOffers:
    """Offers of one inviter on a page, newest first, and how many more there are of them."""

    shown: list[Offer]
    more: int


def page(person: Person, cursor: str = "", inviter_of: str = "") -> ResultPage[InviterOffers]:
    """Open invites of the address that a person proved, to workspaces they are not in. `inviter_of` names one of them,
    as `<workspace_id>.<invite_id>`: then all of its inviter's, and no others. Raises InvalidCursor, also for a cursor
    of somebody else; InvalidInvite."""
    inviter_id = _inviter_id(person, inviter_of) if inviter_of else ""
    name = f"invitations {person.person_id} {inviter_of}"
    joined = {row.workspace_id for row in members.of_person(person.person_id)}
    key = cursors.decode(name, cursor)
    groups: dict[str, list[Offer]] = {}
    for _ in range(MOST_READ // BATCH):
        rows, key = invite_rows.of_address(person.email, BATCH, key)
        for offer in _offers(rows, person, joined):
            if inviter_id in ("", offer.invite.invited_by):
                groups.setdefault(offer.invite.invited_by, []).append(offer)
        listed = [_listed(group, len(group) if inviter_id else SHOWN_OF_INVITER) for group in groups.values()]
        if key is None or sum(len(group.shown) for group in listed) >= LEAST_SHOWN:
            break
    return ResultPage(listed, cursors.encode(name, key))


def _inviter_id(person: Person, reference: str) -> str:
    """Who sent an invite. Raises InvalidInvite where it is not one of the person's that are open."""
    workspace_id, _, invite_id = reference.partition(".")
    row = invites.find(workspace_id, invite_id)
    if row is None or not invites.is_open(row, person):
        raise invites.InvalidInvite
    return row.invited_by


def _offers(rows: list[Invite], person: Person, joined: set[str]) -> list[Offer]:
    rows = [row for row in rows if invites.is_open(row, person) and row.workspace_id not in joined]
    workspaces = {row.workspace_id: row for row in workspace_rows.of_ids([row.workspace_id for row in rows])}
    return [Offer(row, workspaces[row.workspace_id]) for row in rows if row.workspace_id in workspaces]


def _listed(offers: list[Offer], most: int) -> InviterOffers:
    return InviterOffers(offers[:most], max(0, len(offers) - most))
