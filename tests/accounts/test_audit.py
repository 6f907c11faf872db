"""The audit log: a closed list of actions, opaque ids only, newest first, page by page."""

import re

import pytest

from accounts import audit
from accounts.models import AuditEntry
from accounts.models import workspaces as workspace_rows
from accounts.teams import members, team_changes
from accounts.workspaces import workspaces
from imgapis.base.cursors import InvalidCursor
from tests import people
from tests.accounts import teams

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture
def workspace():
    """A workspace whose log has one entry: `workspace.created`."""
    return teams.new_workspace(teams.new_person("owner"))


def read(workspace) -> list[AuditEntry]:
    """All entries of the log, newest first, read page by page."""
    page = audit.page(workspace.workspace_id)
    entries = list(page.rows)
    while page.cursor:
        page = audit.page(workspace.workspace_id, page.cursor)
        entries += page.rows
    return entries


def test_an_act_that_is_not_on_the_list_is_a_fault_of_ours(workspace):
    with pytest.raises(ValueError, match=r"source\.painted"):
        audit.record(workspace.workspace_id, "system", "source.painted")


def test_entries_come_newest_first_and_each_once_over_the_pages(workspace):
    for number in range(2 * audit.PAGE + 5):
        audit.record(workspace.workspace_id, "system", "source.changed", f"s_{number}")
    rows = read(workspace)
    assert len({row.entry_id for row in rows}) == len(rows) == 2 * audit.PAGE + 6
    moments = [audit.time_of(row) for row in rows]
    assert moments == sorted(moments, reverse=True) and rows[-1].act == "workspace.created"


@pytest.mark.parametrize("cursor", ["x", "gAAAAA", "é", "0" * 500])
def test_a_cursor_that_is_none_of_ours_is_refused_by_name(workspace, cursor):
    with pytest.raises(InvalidCursor) as refusal:
        audit.page(workspace.workspace_id, cursor)
    assert (refusal.value.status, refusal.value.param) == (400, "cursor")


def test_a_cursor_of_another_workspace_is_refused(workspace):
    """A9"""
    other_workspace = teams.new_workspace(teams.new_person("stranger"))
    for number in range(audit.PAGE + 1):
        audit.record(other_workspace.workspace_id, "system", "source.changed", f"s_{number}")
    with pytest.raises(InvalidCursor):
        audit.page(workspace.workspace_id, audit.page(other_workspace.workspace_id).cursor)


def test_a_cursor_tells_nothing(workspace):
    for number in range(audit.PAGE + 1):
        audit.record(workspace.workspace_id, "system", "source.changed", f"s_{number}")
    cursor = audit.page(workspace.workspace_id).cursor
    assert workspace.workspace_id not in cursor


def test_what_a_team_does_stands_there_without_a_name_or_an_address():
    """P02: the log stores opaque ids and no personal values."""
    workspace, staff = teams.whole_team()
    owner = teams.place(workspace, staff["owner"])
    workspaces.change_business_name(workspace, owner.person_id, "Jane Doe")
    workspaces.rename(workspace, owner.person_id, f"{workspace.namespace}-new")
    members.change_role(owner, staff["viewer"].person_id, "admin")
    members.remove(owner, staff["viewer"].person_id)
    members.transfer(owner, staff["admin"].person_id)
    members.leave(teams.place(workspace, staff["billing"]))
    rows = read(workspace)
    assert [row.act for row in reversed(rows)] == [
        "workspace.created",
        "workspace.changed",
        "workspace.renamed",
        "member.changed",
        "member.removed",
        "ownership.transferred",
        "member.left",
    ]
    stored_text = str([row.attribute_values for row in rows])
    assert "Jane Doe" not in stored_text and not any(person.email in stored_text for person in staff.values())
    role_change = next(row for row in rows if row.act == "member.changed")
    assert (role_change.actor, role_change.target) == (owner.person_id, staff["viewer"].person_id)
    assert (role_change.before, role_change.after) == ({"role": "viewer"}, {"role": "admin"})


def test_a_suspension_and_its_end_stand_there_with_their_reasons(workspace):
    """A17"""
    for is_suspended in (True, False):
        workspaces.set_suspended(workspace, "staff:p_x", suspended=is_suspended, reason=f"Because {is_suspended}")
    resumed, suspended = read(workspace)[:2]
    assert (suspended.act, suspended.after, suspended.reason) == (
        "workspace.suspended",
        {"suspended": True},
        "Because True",
    )
    assert (resumed.act, resumed.before, resumed.after) == (
        "workspace.resumed",
        {"suspended": True},
        {"suspended": False},
    )


def test_an_act_that_was_refused_is_not_in_the_log():
    workspace, staff = teams.whole_team()
    with pytest.raises(team_changes.LastOwner):
        members.leave(teams.place(workspace, staff["owner"]))
    assert [row.act for row in read(workspace)] == ["workspace.created"]


@pytest.fixture
def owner(web) -> tuple[people.Browser, str]:
    """The browser of somebody who owns a workspace, and its namespace."""
    browser, address = people.person("keeper")
    return browser, people.namespace_of(address)


def test_a_key_of_the_dashboard_is_shown_once_and_its_entry_has_no_secret(owner):
    """A12: who made it, what it may do, and who ended it."""
    browser, namespace = owner
    workspace, path = workspace_rows.of_namespace(namespace), f"/w/{namespace}/keys"
    page = browser.submit(path, {"name": "deploy", "scopes": ["workspace.view", "cache.purge"], "days": "30"})
    plaintext_key = re.search(r"img_([a-z2-7]{10})_[A-Za-z0-9_-]{43}", page.text)
    assert plaintext_key and plaintext_key[0] not in browser.get(path).text
    browser.post(f"{path}/{plaintext_key[1]}/revoke")
    revoked, created = read(workspace)[:2]
    assert (revoked.act, revoked.target) == ("key.revoked", plaintext_key[1])
    assert (created.act, created.target) == ("key.created", plaintext_key[1])
    assert created.after == {"scopes": ["cache.purge", "workspace.view"]}
    assert created.actor == revoked.actor == read(workspace)[-1].actor
    assert plaintext_key[0].split("_", 2)[2] not in str(created.attribute_values)


def test_support_stands_in_the_log_as_support_with_its_reason(owner):
    """A17: no opaque id of a member of staff is a customer's to read."""
    browser, namespace = owner
    workspace = workspace_rows.of_namespace(namespace)
    audit.record(workspace.workspace_id, "staff:p_ofstaff", "workspace.suspended", reason="A right holder has written")
    page = browser.get(f"/w/{namespace}/audit")
    assert "support" in page.text and "A right holder has written" in page.text and "p_ofstaff" not in page.text


def test_who_has_no_account_any_more_is_a_deleted_user(web):
    """D9: the log keeps the opaque id and the page shows it as a deleted user."""
    owner, _ = people.person("keeper")
    namespace = re.search(r'href="/w/([a-z0-9-]+)/"', owner.get("/workspaces").text)[1]
    workspace = workspace_rows.of_namespace(namespace)
    audit.record(workspace.workspace_id, "p_erasedlongago", "source.created", "shop")
    page = owner.get(f"/w/{namespace}/audit")
    assert "deleted user" in page.text and "p_erasedlongago" not in page.text
