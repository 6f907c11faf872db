"""A shared code that somebody captured by waiting leaves earlier for whoever works for it (H9)."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.sessions import codes, throttles, work
from imgapis.base import clock
from imgapis.base.mail import mail, outbox
from imgapis.base.mail.rows import OutgoingMail
from tests.accounts import teams
from tests.accounts.test_shared_codes import MIDNIGHT, ask, ask_by_work, enter, new_browser, use_up_free
from tests.people import fresh_address, mails, newest_code

pytestmark = pytest.mark.usefixtures("dynamodb")
_days = itertools.count(1_000)


@pytest.fixture(autouse=True)
def light_work(monkeypatch):
    """Challenges of any level are solved in a moment."""
    monkeypatch.setattr(work, "LEAST_ITERATIONS", 1)


@pytest.fixture
def moment(monkeypatch):
    """A clock that a test sets: `moment[0]` is now."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


@pytest.fixture
def flooded(moment, settings):
    """Eight mails a minute to known addresses, of which those who wait have used up their part of the next nine; each
    test has a day of its own."""
    settings.MAILS_PER_HOUR = 960
    moment[0] = MIDNIGHT + next(_days) * clock.DAY + 43_200
    for _ in range(2 * 9):
        throttles.next_slot("waited", known=True)
    return moment


def mails_of(email: str) -> list[OutgoingMail]:
    """The mails to an address that have not left."""
    return [row for row in OutgoingMail.scan(consistent_read=True) if row.email == email]


def capture(email: str) -> str:
    """Have a stranger who waited be told of an address's code, whose mail leaves in nine minutes; the challenge."""
    challenge = codes.send_shared(email, None, "waited")
    assert [row.first_due - clock.now() for row in mails_of(email)] == [540] and mails(email) == []
    return challenge


def test_whoever_works_has_the_code_of_a_stranger_who_waited_mailed_at_once(flooded):
    email, stranger, owner = teams.new_person("owner").email, new_browser(), new_browser()
    use_up_free(email)
    ticket = re.search(r'name="ticket" value="([^"]+)"', ask(stranger, email).content.decode())[1]
    flooded[0] += work.WAIT_SECONDS
    for _ in range(2 * 2):
        throttles.next_slot("waited", known=True)
    assert ask(stranger, email, ticket=ticket)["location"] == "/login/code" and mails(email) == []
    assert ask_by_work(owner, email)["location"] == "/login/code"
    assert enter(owner, newest_code(email))["location"] == "/workspaces"


@pytest.mark.parametrize("first", ["waited", "worked"])
def test_both_take_the_code_and_one_mail_is_sent(flooded, first):
    """A20"""
    email = teams.new_person("owner").email
    challenges = {"waited": capture(email), "worked": codes.send_shared(email, None, "worked")}
    code = newest_code(email)
    assert codes.verify(challenges[first], "login", code) == email
    flooded[0] += 700
    mail.send_due()
    assert len(mails(email)) == 1 and mails_of(email) == []


def test_the_mail_is_brought_forward_to_the_first_minute_that_has_room_for_work(flooded):
    email = teams.new_person("owner").email
    capture(email)
    used_up = [throttles.next_slot("worked", known=True) for _ in range(6 * 3)]
    assert used_up == [0] * 6 + [60] * 6 + [120] * 6
    codes.send_shared(email, None, "worked")
    (row,) = mails_of(email)
    assert row.first_due - clock.now() == row.due - clock.now() == 180 and mails(email) == []
    assert row.ends - row.first_due == codes.MAIL_SECONDS
    flooded[0] += 181
    mail.send_due()
    assert len(newest_code(email)) == codes.SHARED_DIGITS


def test_where_no_earlier_minute_has_room_the_mail_stays_where_it_is(flooded):
    email = teams.new_person("owner").email
    capture(email)
    while (slot := throttles.next_slot("worked", known=True)) is not None and slot < 480:
        pass
    for _ in range(5):
        throttles.next_slot("worked", known=True)
    codes.send_shared(email, None, "worked")
    assert [row.first_due - clock.now() for row in mails_of(email)] == [540]
    places = [throttles.next_slot("worked", known=True) for _ in range(8)]
    assert places == [540] * 7 + [None], "and takes no second place of its minute"


def test_of_many_who_work_at_once_one_takes_a_place_of_an_earlier_minute(flooded):
    email = teams.new_person("owner").email
    capture(email)
    with ThreadPoolExecutor(8) as threads:
        challenges = list(threads.map(lambda _: codes.send_shared(email, None, "worked"), range(12)))
    assert len(set(challenges)) == 12
    newest_code(email)
    assert len(mails(email)) == 1
    assert [throttles.next_slot("worked", known=True) for _ in range(6)] == [0] * 5 + [60]


def test_of_many_who_work_and_wait_at_once_each_has_the_code_of_one_mail(moment):
    """A20"""
    moment[0] = MIDNIGHT + next(_days) * clock.DAY + 43_200
    email = fresh_address("crowd")
    parts = ["waited", "worked"] * 6
    with ThreadPoolExecutor(8) as threads:
        challenges = list(threads.map(lambda part: codes.send_shared(email, None, part), parts))
    assert len(set(challenges)) == 12
    newest_code(email)
    assert len(mails(email)) == 1 and mails_of(email) == []


def test_a_mail_that_is_just_being_sent_is_left_alone(flooded):
    email = teams.new_person("owner").email
    capture(email)
    (row,) = mails_of(email)
    assert outbox.lease(row)
    codes.send_shared(email, None, "worked")
    assert mails(email) == [] and mails_of(email)[0].due == row.due


def test_who_waits_brings_no_mail_forward(moment, settings):
    settings.MAILS_PER_HOUR = 120  # one a minute
    moment[0] = MIDNIGHT + next(_days) * clock.DAY + 43_200
    email = fresh_address("new")
    assert [throttles.next_slot("worked", known=False) for _ in range(3)] == [0, 60, 120]
    codes.send_shared(email, None, "worked")
    settings.MAILS_PER_HOUR = 1_200  # the operator makes room in the minutes before
    codes.send_shared(email, None, "waited")
    assert [row.first_due - clock.now() for row in mails_of(email)] == [180]


def test_a_place_that_was_taken_for_a_mail_never_written_keeps_nobody_who_works_from_one(flooded, monkeypatch):
    """A process that ends between the two left the address without a code for five minutes."""
    email = teams.new_person("owner").email
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "new_mail", lambda *args, **options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            codes.send_shared(email, None, "waited")
    challenge = codes.send_shared(email, None, "worked")
    assert codes.verify(challenge, "login", newest_code(email)) == email
