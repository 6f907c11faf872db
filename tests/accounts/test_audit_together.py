"""An act and its entry of the audit log are one transaction: neither is there without the other."""

import pytest

from accounts import audit, invites, members, store, team_store, workspaces
from imgapis.base import tokens
from imgapis.privacy import erasure
from imgapis.privacy import store as erasures
from tests.accounts import teams

pytestmark = pytest.mark.usefixtures("dynamodb")


class Team:
    """A workspace with an owner and an admin, and what an act on it could change."""

    def __init__(self):
        self.owner, self.admin = teams.new_person("together"), teams.new_person("together")
        self.workspace = teams.new_workspace(self.owner)
        teams.add(self.workspace, self.admin, "admin")
        self.id = self.workspace.workspace_id

    def place(self, person):
        """Somebody's place, as it is now."""
        return teams.place(self.workspace, person)

    def ask(self) -> None:
        """Ask for the erasure, as the dashboard does."""
        erasure.ask("workspace", self.id, entry=audit.entry(self.id, self.owner.person_id, "erasure.asked", self.id))

    def undo(self) -> None:
        """Take it back."""
        erasure.undo(self.id, audit.entry(self.id, self.owner.person_id, "erasure.undone", self.id))

    def join(self) -> None:
        """Accept an invitation."""
        guest = teams.new_person("guest")
        invites.accept(teams.invited(self.workspace, self.owner, guest.email), guest)

    def state(self) -> tuple:
        """All that the acts of this file change."""
        row, pending = store.workspace(self.id), erasures.erasure(self.id)
        roles = sorted((place.person_id, place.role) for place in team_store.members(self.id))
        facts = (row.namespace, row.business_name, bool(row.suspended), int(row.owners))
        return (roles, facts, pending and pending.state)


ACTS = {
    "role": lambda team: members.change_role(team.place(team.owner), team.admin.person_id, "viewer"),
    "removal": lambda team: members.remove(team.place(team.owner), team.admin.person_id),
    "leaving": lambda team: members.leave(team.place(team.admin)),
    "transfer": lambda team: members.transfer(team.place(team.owner), team.admin.person_id),
    "joining": lambda team: team.join(),
    "renaming": lambda team: workspaces.rename(
        team.workspace, team.owner.person_id, f"n-{tokens.random_id('x')[2:12]}"
    ),
    "business name": lambda team: workspaces.change_business_name(team.workspace, team.owner.person_id, "Another"),
    "suspending": lambda team: workspaces.suspend(team.workspace, "staff:p_x", True, "why"),
    "erasure": lambda team: team.ask(),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_entry_that_cannot_be_written_stops_its_act(name, monkeypatch):
    """The entry's id is taken, as if its write failed: nothing has happened then."""
    team = Team()
    before, count = team.state(), len(audit.page(team.id).rows)
    taken = audit.newest(team.id, 1)[0].entry_id
    real = audit.entry

    def clashing(*facts, **more):
        made = real(*facts, **more)
        made.entry_id = taken
        return made

    monkeypatch.setattr(audit, "entry", clashing)
    try:
        ACTS[name](team)
    except Exception as error:  # each act refuses in its own words
        assert not isinstance(error, AssertionError)
    monkeypatch.undo()
    state = team.state()
    assert state == before, name
    assert len(audit.page(team.id).rows) in (count, count + 1), "the invitation of the joiner was written before"
    ACTS[name](team)
    assert team.state() != before, "with its entry it goes through"


def test_an_erasure_is_taken_back_with_its_entry_and_a_second_asking_leaves_none():
    team = Team()
    team.ask()
    team.ask()
    team.undo()
    acts = [entry.act for entry in audit.page(team.id).rows]
    assert acts.count("erasure.asked") == acts.count("erasure.undone") == 1
    with pytest.raises(erasure.NoErasure):
        team.undo()
    assert [entry.act for entry in audit.page(team.id).rows] == acts


def test_a_refused_act_leaves_no_entry():
    """The last owner cannot leave, and the log does not say that they did."""
    team = Team()
    count = len(audit.page(team.id).rows)
    with pytest.raises(team_store.LastOwner):
        members.leave(team.place(team.owner))
    assert len(audit.page(team.id).rows) == count
