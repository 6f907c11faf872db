"""The second factor: each code once, counted before it is compared, locked after twenty tries, with an end (A16)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import Staff
from accounts.models import people as person_rows
from accounts.people import people
from accounts.staff import second_factor, staff
from imgapis.base import clock
from tests.people import Browser, fresh_address, sign_in
from tests.support.conftest import code_of, hire, rewind

pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def member(dynamodb):
    """(address, row, recovery codes) of a staff member with a second factor, made without the pages."""
    address = fresh_address("factor")
    people.create(address)
    row = staff.add(address, "support")
    recovery = second_factor.enrol(row, code_of(address))
    rewind(address)
    return address, staff.member(row.person_id), recovery


def outcome(row: Staff, code: str) -> str:
    """`in`, or the code of the refusal."""
    try:
        second_factor.verify(staff.member(row.person_id), code)
    except (second_factor.WrongFactor, second_factor.Locked) as refusal:
        return refusal.code
    return "in"


def test_the_same_code_twice_in_parallel_lets_one_in(member):
    """A16"""
    address, row, _ = member
    code = code_of(address)
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: outcome(row, code), range(8)))
    assert outcomes.count("in") == 1 and set(outcomes) == {"in", "wrong_second_factor"}


def test_the_same_code_twice_in_parallel_signs_in_one_browser():
    """A16: over HTTP."""
    staff_browser = hire("support")
    browsers = [Browser() for _ in range(4)]
    for browser in browsers:
        sign_in(browser, staff_browser.address)
        browser.get("/admin/login/")
    rewind(staff_browser.address)
    code = code_of(staff_browser.address)
    with ThreadPoolExecutor(4) as threads:
        statuses = [
            page.status for page in threads.map(lambda browser: browser.post("/admin/login/", {"code": code}), browsers)
        ]
    assert sorted(statuses) == [302, 400, 400, 400]
    assert [browser.get("/admin/").status for browser in browsers].count(200) == 1


def test_a_code_of_an_earlier_step_is_refused_after_a_later_one(member):
    address, row, _ = member
    assert outcome(row, code_of(address, 1)) == "in"
    assert outcome(row, code_of(address)) == "wrong_second_factor"


def test_twenty_wrong_codes_lock_and_a_right_one_is_refused_too(member):
    """A16"""
    address, row, _ = member
    wrong_code = "000000" if code_of(address) != "000000" else "111111"
    assert {outcome(row, wrong_code) for _ in range(second_factor.MOST_TRIES)} == {"wrong_second_factor"}
    assert outcome(row, code_of(address)) == "second_factor_locked"
    locked_row = staff.member(row.person_id)
    assert 3_500 < locked_row.locked_until - clock.now() <= second_factor.LOCK_SECONDS


def test_a_lock_ends_after_an_hour(member, monkeypatch):
    address, row, _ = member
    for _ in range(second_factor.MOST_TRIES + 1):
        outcome(row, "000000")
    later = clock.now() + second_factor.LOCK_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    assert outcome(row, code_of(address)) == "in"


def test_many_wrong_codes_at_once_are_counted_each(member):
    _, row, _ = member
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(lambda number: outcome(row, f"{number:06d}"), range(30)))
    assert outcomes.count("second_factor_locked") >= 10 - outcomes.count("in")


def test_a_recovery_code_works_once_and_the_others_go_on_working(member):
    _, row, recovery = member
    assert len(recovery) == second_factor.RECOVERY_CODES
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: outcome(row, recovery[0]), range(4)))
    assert outcomes.count("in") == 1
    assert outcome(row, recovery[1].upper()) == "in"
    assert len(staff.member(row.person_id).recovery) == 8


def test_no_recovery_code_and_no_secret_stands_in_the_row(member):
    _, row, recovery = member
    row_text = str(staff.member(row.person_id).attribute_values)
    assert not any(code.replace(" ", "") in row_text or code in row_text for code in recovery)
    assert staff.base32_secret(row) not in row_text


def test_two_enrolments_at_once_are_one(dynamodb):
    address = fresh_address("twice")
    people.create(address)
    row = staff.add(address, "support")

    def attempt(_) -> bool:
        try:
            second_factor.enrol(staff.member(row.person_id), code_of(address))
        except (second_factor.EnrolmentExpired, second_factor.WrongFactor):
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(attempt, range(4))).count(True) == 1


def test_who_does_not_set_up_within_a_day_is_told_to_ask(dynamodb, monkeypatch):
    address = fresh_address("late")
    people.create(address)
    row = staff.add(address, "support")
    later = clock.now() + staff.ENROL_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(second_factor.EnrolmentExpired):
        second_factor.enrol(row, code_of(address))


def test_a_proof_ends_after_eight_hours_and_with_another_factor(member, monkeypatch):
    address, row, _ = member
    proof = second_factor.session_proof(row)
    assert second_factor.is_verified(row, proof)
    assert not second_factor.is_verified(row, None) and not second_factor.is_verified(row, {})
    later = clock.now() + second_factor.LIFE_SECONDS + 1
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert not second_factor.is_verified(row, proof)
    assert not second_factor.is_verified(staff.reset(address), proof)
    second_factor.enrol(staff.member(row.person_id), code_of(address))
    assert not second_factor.is_verified(staff.member(row.person_id), proof)


def test_a_reset_and_a_removal_close_the_admin_at_once():
    staff_browser = hire("admin")
    assert staff_browser.get("/admin/").status == 200
    staff.reset(staff_browser.address)
    assert staff_browser.get("/admin/").status == 302
    removed_browser = hire("admin")
    staff.remove(removed_browser.address)
    assert removed_browser.get("/admin/").status == 302
    assert staff.member(people.of_email(removed_browser.address).person_id) is None
    assert person_rows.find(people.of_email(removed_browser.address).person_id).is_staff is False


def test_a_code_in_another_session_opens_nothing_in_this_one():
    staff_browser = hire("admin")
    second_browser = Browser()
    sign_in(second_browser, staff_browser.address)
    assert second_browser.get("/admin/").status == 302


@pytest.mark.parametrize(("address", "role", "code"), [("no-one@example.com", "support", "unknown_person")])
def test_only_somebody_with_an_account_joins_the_staff(address, role, code, dynamodb):
    with pytest.raises(staff.UnknownPerson) as refusal:
        staff.add(address, role)
    assert refusal.value.code == code


def test_a_role_that_is_none_is_refused(dynamodb):
    address = fresh_address("role")
    people.create(address)
    with pytest.raises(staff.InvalidStaff):
        staff.add(address, "root")
