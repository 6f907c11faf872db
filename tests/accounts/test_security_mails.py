"""Who is told by mail of a key, an owner, an address or a second factor that is new (H29); no secret is in it."""

import re

import pytest

from accounts.keys import apikeys
from accounts.sessions import codes
from accounts.staff import second_factor, staff
from accounts.teams import invites, members
from tests.accounts import teams
from tests.accounts.test_rest import Client
from tests.accounts.visitor import somebody
from tests.people import mails, newest_code
from tests.support.conftest import code_of

pytestmark = pytest.mark.usefixtures("dynamodb")


def texts(email: str, subject: str) -> list[str]:
    """The bodies of the mails to an address under a subject."""
    return [message.get_body().get_content() for message in mails(email) if subject in message["Subject"]]


def test_owners_and_the_maker_are_told_of_a_key_and_nobody_else():
    workspace, staff_by_role = teams.whole_team()
    maker = staff_by_role["developer"]
    key, row = apikeys.create(
        workspace.workspace_id, maker.person_id, "developer", name="deploy", scopes=["workspace.view"], days=30
    )
    for role in ("owner", "developer"):
        (text,) = texts(staff_by_role[role].email, "API key")
        assert "deploy" in text and f"img_{row.prefix}" in text and maker.email in text and "workspace.view" in text
        assert key not in text and key.split("_", 2)[2] not in text
    assert not any(texts(staff_by_role[role].email, "API key") for role in ("admin", "billing", "viewer"))


def test_a_key_made_by_a_key_names_that_key(web):
    client = Client()
    person = teams.new_person("second")
    teams.add(client.workspace, person, "owner")
    reply, _ = client.ask("POST", "/keys", {"name": "child", "scopes": ["workspace.view"]})
    assert reply.status == 201
    assert f"By:     the API key img_{client.row.prefix}_" in texts(person.email, "API key")[-1]


@pytest.mark.parametrize("way", ["role", "transfer", "invitation"])
def test_every_owner_old_and_new_is_told_of_an_owner_in_whichever_way_one_comes(way):
    workspace, staff_by_role = teams.whole_team()
    owner, heir = staff_by_role["owner"], staff_by_role["admin"]
    if way == "role":
        members.change_role(teams.place(workspace, owner), heir.person_id, "owner")
    elif way == "transfer":
        members.transfer(teams.place(workspace, owner), heir.person_id)
    else:
        heir = teams.new_person("heir")
        invites.accept(teams.invited(workspace, owner, heir.email, "owner"), heir)
    for person in (owner, heir):
        (text,) = texts(person.email, "owner")
        assert f"{heir.email} is now an owner" in text and f"/w/{workspace.namespace}/team" in text
    assert texts(staff_by_role["developer"].email, "owner") == []


def test_nobody_is_told_of_a_role_below_owner():
    workspace, staff_by_role = teams.whole_team()
    members.change_role(teams.place(workspace, staff_by_role["owner"]), staff_by_role["viewer"].person_id, "admin")
    assert not any(texts(person.email, "owner") for person in staff_by_role.values())


def test_a_member_of_staff_is_told_when_the_second_factor_is_set_up_and_taken_away():
    person = teams.new_person("staff")
    row = staff.add(person.email, "support")
    recovery_codes = second_factor.enrol(row, code_of(person.email))
    (text,) = texts(person.email, "second factor")
    assert "was set up" in text and staff.base32_secret(row) not in text
    assert not any(code.replace(" ", "") in text.replace(" ", "") for code in recovery_codes)
    staff.reset(person.email)
    assert "taken away" in texts(person.email, "second factor")[-1]
    assert len(texts(person.email, "second factor")) == 2


def test_the_old_address_is_told_that_it_no_longer_signs_in(web):
    person, new_address = somebody("mover").sign_in(), somebody("moved").email
    person.submit("/account/email", {"email": new_address})
    person.submit("/account/email/code", {"code": newest_code(new_address)})
    (text,) = texts(person.email, "address has changed")
    assert new_address not in text and not re.search(r"\b[0-9]{8}\b", text) and texts(new_address, "changed") == []
    assert codes.DIGITS == 8
