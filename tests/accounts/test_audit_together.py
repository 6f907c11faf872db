"""An action and its audit entry are one transaction: neither is written without the other."""

import pytest

from accounts import audit
from accounts.models import members as membership_rows
from accounts.models import workspaces as workspace_rows
from accounts.teams import invites, members, team_changes
from accounts.workspaces import workspaces
from imgapis.base import tokens
from imgapis.models import erasures
from imgapis.privacy import erasure
from tests.accounts import teams

pytestmark = pytest.mark.usefixtures("dynamodb")


class Team:
    """A workspace with an owner and an admin, and the state that an action on it can change."""

    def __init__(self):
        self.owner, self.admin = teams.new_person("together"), teams.new_person("together")
        self.workspace = teams.new_workspace(self.owner)
        teams.add(self.workspace, self.admin, "admin")
        self.id = self.workspace.workspace_id

    def place(self, person):
        """The person's current membership."""
        return teams.place(self.workspace, person)

    def ask(self) -> None:
        """Ask for the erasure, as the dashboard does."""
        erasure.request(
            "workspace", self.id, entry=audit.entry(self.id, self.owner.person_id, "erasure.asked", self.id)
        )

    def undo(self) -> None:
        """Undo the erasure."""
        erasure.undo(self.id, audit.entry(self.id, self.owner.person_id, "erasure.undone", self.id))

    def join(self) -> None:
        """Accept an invitation."""
        guest = teams.new_person("guest")
        invites.accept(teams.invited(self.workspace, self.owner, guest.email), guest)

    def state(self) -> tuple:
        """(roles, fields of the workspace row, state of the erasure): all that the actions of this file change."""
        row, erasure_row = workspace_rows.find(self.id), erasures.find(self.id)
        roles = sorted((member.person_id, member.role) for member in membership_rows.of_workspace(self.id))
        fields = (row.namespace, row.business_name, bool(row.suspended), int(row.owners))
        return (roles, fields, erasure_row and erasure_row.state)


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
    "suspending": lambda team: workspaces.set_suspended(team.workspace, "staff:p_x", suspended=True, reason="why"),
    "erasure": lambda team: team.ask(),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_entry_that_cannot_be_written_stops_its_act(name, monkeypatch):
    """The id of the new entry is in use, so its write fails: the action has changed nothing then."""
    team = Team()
    state_before, entry_count = team.state(), len(audit.page(team.id).rows)
    existing_id = audit.newest(team.id, 1)[0].entry_id
    real_entry = audit.entry

    def clashing_entry(*args, **kwargs):
        entry = real_entry(*args, **kwargs)
        entry.entry_id = existing_id
        return entry

    monkeypatch.setattr(audit, "entry", clashing_entry)
    try:
        ACTS[name](team)
    except Exception as error:  # each act refuses in its own words
        assert not isinstance(error, AssertionError)
    monkeypatch.undo()
    state = team.state()
    assert state == state_before, name
    assert len(audit.page(team.id).rows) in (entry_count, entry_count + 1), (
        "the invitation of the joiner was written before"
    )
    ACTS[name](team)
    assert team.state() != state_before, "with its entry it goes through"


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
    entry_count = len(audit.page(team.id).rows)
    with pytest.raises(team_changes.LastOwner):
        members.leave(team.place(team.owner))
    assert len(audit.page(team.id).rows) == entry_count
