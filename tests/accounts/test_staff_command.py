"""`manage.py staff`: who is on the staff, changed from the shell."""

import pytest
from django.core.management import CommandError

from accounts import audit
from accounts.models import people as person_rows
from accounts.models import staff as staff_rows
from accounts.sessions.sessions import SessionStore
from accounts.staff import staff
from tests import people
from tests.accounts import teams
from tests.commands import run

pytestmark = pytest.mark.usefixtures("dynamodb")
NEXT_STEP = "set up the second factor at /admin/ within a day"


@pytest.fixture
def person():
    """Somebody with an account."""
    return teams.new_person("staffed")


def acts_about(person) -> list[str]:
    """What the log of the staff says of somebody, oldest first."""
    return [entry.act for entry in reversed(audit.newest(staff.LOG, 50)) if entry.target == person.person_id]


def test_somebody_with_an_account_joins_the_staff_and_is_listed_as_not_enrolled(person):
    assert run("staff", "add", person.email, "--role", "billing") == f"{person.email}: {NEXT_STEP}\n"
    row = staff_rows.find(person.person_id)
    assert (row.role, row.enrolled) == ("billing", 0)
    assert person_rows.find(person.person_id).is_staff
    assert f"{person.person_id} billing not enrolled" in run("staff", "list").splitlines()
    assert acts_about(person) == ["staff.added"]


def test_support_is_the_role_of_whom_none_is_named_for(person):
    run("staff", "add", person.email)
    assert staff_rows.find(person.person_id).role == "support"


def test_adding_somebody_again_changes_the_role_and_leaves_the_second_factor(person):
    run("staff", "add", person.email, "--role", "billing")
    secret = staff.secret(staff_rows.find(person.person_id))
    run("staff", "add", person.email, "--role", "admin")
    row = staff_rows.find(person.person_id)
    assert row.role == "admin" and staff.secret(row) == secret
    entry = next(entry for entry in audit.newest(staff.LOG, 50) if entry.target == person.person_id)
    assert (entry.act, entry.before, entry.after) == ("staff.changed", {"role": "billing"}, {"role": "admin"})


def test_a_reset_takes_the_second_factor_ends_the_sessions_and_is_mailed(person):
    run("staff", "add", person.email)
    row = staff_rows.find(person.person_id)
    secret = staff.secret(row)
    row.update(actions=[type(row).enrolled.set(1)])
    assert f"{person.person_id} support enrolled" in run("staff", "list").splitlines()
    session_key = people.new_session(person)
    assert run("staff", "reset", person.email) == f"{person.email}: {NEXT_STEP}\n"
    row = staff_rows.find(person.person_id)
    assert row.enrolled == 0 and staff.secret(row) != secret
    assert not SessionStore(session_key).load()
    assert "taken away by an operator" in people.mails(person.email)[-1].get_body().get_content()
    assert acts_about(person) == ["staff.added", "staff.reset"]


def test_who_is_removed_is_no_member_of_the_staff_and_signed_out(person):
    run("staff", "add", person.email)
    session_key = people.new_session(person)
    assert run("staff", "remove", person.email) == f"{person.email}: removed\n"
    assert staff_rows.find(person.person_id) is None
    assert not person_rows.find(person.person_id).is_staff
    assert not SessionStore(session_key).load()
    assert person.person_id not in run("staff", "list")
    assert acts_about(person) == ["staff.added", "staff.removed"]


@pytest.mark.parametrize("verb", ["add", "reset", "remove"])
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nobody-has-this@example.com", "nobody-has-this@example.com: Nobody of this address has an account"),
        ("ann at example.com", "ann at example.com: That is not an e-mail address"),
        ("", "needs the address"),
    ],
)
def test_an_address_of_nobody_is_refused_by_name(verb, address, reason):
    before = len(staff.list_all())
    with pytest.raises(CommandError, match=reason):
        run("staff", verb, address)
    assert len(staff.list_all()) == before


@pytest.mark.parametrize("verb", ["reset", "remove"])
def test_who_is_not_on_the_staff_is_neither_reset_nor_removed(person, verb):
    session_key = people.new_session(person)
    with pytest.raises(CommandError, match="not on the staff"):
        run("staff", verb, person.email)
    assert staff_rows.find(person.person_id) is None and SessionStore(session_key).load()


def test_a_role_that_there_is_not_is_refused_by_name(person):
    with pytest.raises(CommandError, match="owner"):
        run("staff", "add", person.email, "--role", "owner")
    assert staff_rows.find(person.person_id) is None
