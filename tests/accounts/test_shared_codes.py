"""The code that an address is mailed for work or for waiting counts in every browser that paid for it (H9): whoever
asks for codes to somebody else's address neither keeps its owner from one nor fills her mailbox."""

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client

from accounts.sessions import admission, codes, throttles, work
from accounts.sessions.admission import CodeLimit
from imgapis.base import clock
from imgapis.tables import row_classes
from imgapis.watch import checks
from tests import stored
from tests.accounts import teams
from tests.accounts.test_admission import solved
from tests.people import fresh_address, mails, newest_code

pytestmark = pytest.mark.usefixtures("dynamodb")
MIDNIGHT = 1_800_057_600.0  # 2027-01-16T00:00Z


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


def new_browser() -> Client:
    """A browser that has opened the sign-in page."""
    client = Client(headers={"host": "localhost"})
    client.get("/login")
    return client


def ask(browser: Client, email: str, **fields):
    """The answer to asking for a code."""
    return browser.post("/login", {"email": email, **fields})


def solution(page) -> str:
    """The solution of the challenge in a page."""
    return solved(html.unescape(re.search(r'data-work="([^"]+)"', page.content.decode())[1])).solution


def ask_by_work(browser: Client, email: str):
    """The answer to asking for a code with as much work as the page asks for."""
    page = ask(browser, email)
    for _ in range(work.MOST_LEVEL + 1):
        if page.status_code != 429 or b"data-work" not in page.content:
            return page
        page = ask(browser, email, solution=solution(page))
    return page


def enter(browser: Client, code: str):
    """The answer to typing a code."""
    return browser.post("/login/code", {"code": code})


def use_up_free(email: str) -> None:
    """Use up the free codes of an address, and mail none."""
    for _ in range(admission.FREE):
        throttles.free_at("login", email, admission.FREE)


def test_attackers_who_work_do_not_keep_the_owner_from_a_code():
    """A1: seven of them denied an address every code for an hour."""
    email, owner = teams.new_person("owner").email, new_browser()
    use_up_free(email)
    for _ in range(8):
        ask_by_work(new_browser(), email)
    assert ask_by_work(owner, email)["location"] == "/login/code"
    assert enter(owner, newest_code(email))["location"] == "/workspaces"


def test_attackers_who_wait_do_not_keep_the_owner_from_a_code(moment):
    """Without JavaScript: two of them denied an address every code for an hour."""
    email, owner = teams.new_person("owner").email, new_browser()
    use_up_free(email)
    waiting = [new_browser() for _ in range(4)] + [owner]
    pages = [ask(browser, email) for browser in waiting]
    tickets = [re.search(r'name="ticket" value="([^"]+)"', page.content.decode())[1] for page in pages]
    moment[0] += work.WAIT_SECONDS
    answers = [ask(browser, email, ticket=ticket) for browser, ticket in zip(waiting, tickets, strict=True)]
    assert [answer.status_code for answer in answers] == [302] * 5
    assert enter(owner, newest_code(email))["location"] == "/workspaces"
    assert len(mails(email)) == 1


def test_browsers_that_work_in_the_same_minutes_share_one_mail_and_its_code_works_once():
    """A2, A20"""
    email, browsers = teams.new_person("owner").email, [new_browser() for _ in range(4)]
    use_up_free(email)
    for browser in browsers:
        assert ask_by_work(browser, email).status_code == 302
    code = newest_code(email)
    assert len(mails(email)) == 1 and len(code) == codes.SHARED_DIGITS
    assert [enter(browser, code).status_code for browser in browsers[::-1]] == [302, 400, 400, 400]


def test_who_has_used_the_code_is_mailed_another_in_a_second_browser():
    email, first, second = teams.new_person("owner").email, new_browser(), new_browser()
    use_up_free(email)
    ask_by_work(first, email)
    first_code = newest_code(email)
    assert enter(first, first_code).status_code == 302
    assert ask_by_work(second, email).status_code == 302
    assert newest_code(email) != first_code and enter(second, newest_code(email)).status_code == 302


def test_wrong_codes_of_another_browser_use_up_no_try_of_the_owner():
    """A1: each browser has three tries of its own."""
    email, stranger, owner = teams.new_person("owner").email, new_browser(), new_browser()
    use_up_free(email)
    for browser in (stranger, owner):
        ask_by_work(browser, email)
    code = newest_code(email)
    wrong_code = f"{(int(code) + 1) % 10**codes.SHARED_DIGITS:0{codes.SHARED_DIGITS}d}"
    assert [enter(stranger, wrong_code).status_code for _ in range(4)] == [400] * 4
    assert enter(stranger, code).status_code == 400
    assert enter(owner, code)["location"] == "/workspaces"


def test_a_free_code_mailed_before_works_while_others_work():
    email, owner = teams.new_person("owner").email, new_browser()
    assert ask(owner, email).status_code == 302
    code = newest_code(email)
    use_up_free(email)
    for stranger in (new_browser(), new_browser()):
        ask_by_work(stranger, email)
    assert enter(owner, code)["location"] == "/workspaces"


def test_a_code_mailed_before_works_in_the_browser_that_works_for_another():
    """A1: a right code is never refused."""
    email, owner = teams.new_person("owner").email, new_browser()
    ask(owner, email)
    code = newest_code(email)
    use_up_free(email)
    ask_by_work(owner, email)
    assert len(newest_code(email)) == codes.SHARED_DIGITS
    assert enter(owner, code)["location"] == "/workspaces"


def test_a_code_of_another_address_does_not_count_beside_a_shared_one():
    first, second = fresh_address("first"), fresh_address("second")
    challenge = codes.send(first, "login")
    code = newest_code(first)
    with pytest.raises(codes.WrongCode):
        codes.verify(codes.send_shared(second, challenge, "worked"), "login", code)


def test_an_address_is_mailed_one_code_in_five_minutes_for_work_and_each_is_young_enough_to_use(moment):
    """A20: an hour of attackers who pay for each code."""
    email = teams.new_person("owner").email
    moment[0] = MIDNIGHT + 7 * clock.DAY + 40_000
    use_up_free(email)
    for minute in range(60):
        codes.send_shared(email, None, "worked")
        if minute % 7 == 3:
            owner = codes.send_shared(email, None, "worked")
            assert codes.verify(owner, "login", newest_code(email)) == email
        moment[0] += 60
    asked_by_attackers, used_by_owner = 12, 9
    assert len(mails(email)) <= asked_by_attackers + used_by_owner


def test_a_shared_code_stands_in_no_table():
    """A3"""
    email = fresh_address("rest")
    codes.send_shared(email, codes.send(email, "login"), "worked")
    code = newest_code(email)
    bodies = [body for table in row_classes.registered() for body in stored.pages(table.Meta.table_name)]
    assert len(bodies) > 10 and len(code) == codes.SHARED_DIGITS
    assert not any(code in body.decode() for body in bodies)


def test_a_shared_code_ends_ten_minutes_after_its_mail(moment):
    """A2, R11"""
    email = fresh_address("late")
    challenge = codes.send_shared(email, None, "worked")
    code = newest_code(email)
    moment[0] += codes.LIFE_SECONDS + 1
    with pytest.raises(codes.WrongCode):
        codes.verify(challenge, "login", code)


def test_a_clock_that_was_set_back_makes_no_shared_code_young(moment):
    """R11"""
    email = fresh_address("early")
    challenge = codes.send_shared(email, None, "worked")
    code = newest_code(email)
    moment[0] -= codes.SKEW_SECONDS + 5
    with pytest.raises(codes.WrongCode):
        codes.verify(challenge, "login", code)


def test_a_shared_code_proves_its_own_purpose_and_address_alone():
    email, other = fresh_address("mine"), fresh_address("other")
    challenge, foreign = codes.send_shared(email, None, "worked"), codes.send_shared(other, None, "worked")
    code = newest_code(email)
    for wrong in ((challenge, "confirm"), (foreign, "login")):
        with pytest.raises(codes.WrongCode):
            codes.verify(*wrong, code)
    assert codes.verify(challenge, "login", code) == email


def test_the_page_says_that_the_code_has_twelve_digits_and_may_be_there_already():
    email, owner = teams.new_person("owner").email, new_browser()
    use_up_free(email)
    ask_by_work(owner, email)
    page = owner.get("/login/code").content.decode()
    assert "Twelve-digit code" in page and "may be in your mail already" in page
    assert "Eight-digit code" not in page


def test_of_many_who_work_at_once_each_has_a_code_and_one_is_mailed():
    email = fresh_address("crowd")
    with ThreadPoolExecutor(8) as threads:
        challenges = list(threads.map(lambda _: codes.send_shared(email, None, "worked"), range(16)))
    assert None not in challenges and len(set(challenges)) == 16
    newest_code(email)
    assert len(mails(email)) == 1


def test_posts_at_known_addresses_leave_their_share_to_whoever_works(moment, settings):
    """145 posts, each at another known address, used it up for ten minutes."""
    settings.MAILS_PER_HOUR = 480  # four a minute to known addresses
    moment[0] = MIDNIGHT + 8 * clock.DAY + 30_000 // 60 * 60
    strangers = [(new_browser(), teams.new_person(f"known{number}").email) for number in range(12)]
    answers = [ask(browser, email).status_code for browser, email in strangers]
    assert answers == [302] * 2 + [429] * 10
    owner, email = new_browser(), teams.new_person("owner").email
    assert ask_by_work(owner, email).status_code == 302
    assert enter(owner, newest_code(email))["location"] == "/workspaces"


@pytest.mark.parametrize("known", [True, False])
def test_free_codes_and_waiting_ones_leave_a_quarter_of_each_minute_to_whoever_works(moment, settings, known):
    """However many ask in the same moment."""
    settings.MAILS_PER_HOUR = 960  # eight a minute to known addresses, and to new ones
    moment[0] = MIDNIGHT + (9 if known else 10) * clock.DAY + 30_000 // 60 * 60
    free = [throttles.next_slot("free", known=known) for _ in range(50)]
    waited = [throttles.next_slot("waited", known=known) for _ in range(50)]
    assert free.count(0) == 4 and waited.count(0) == 2 and free[-1] is waited[-1] is None
    assert [throttles.next_slot("worked", known=known) for _ in range(3)] == [0, 0, 60]


def test_in_a_flood_the_page_says_which_limit_is_reached_and_when_it_ends(moment, settings):
    """Alike for addresses that are known and that are not (A4)."""
    settings.MAILS_PER_HOUR = 120  # one a minute
    moment[0] = MIDNIGHT + 11 * clock.DAY + 43_200
    while throttles.next_slot(known=True) is not None:
        pass
    pages = []
    for email in (fresh_address("new"), teams.new_person("known").email):
        browser = new_browser()
        assert ask_by_work(browser, email).status_code == 302
        pages.append(browser.get("/login/code").content.decode().replace(email, "them"))
    sentence = "The codes that we mail in a minute are used up until 12:10 UTC"
    assert all(sentence in page for page in pages), pages
    without_token = [re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", page) for page in pages]
    assert without_token[0] == without_token[1]


def test_where_those_who_wait_have_used_up_their_part_the_page_says_so(moment, settings):
    """Alike for addresses that are known and that are not (A4)."""
    settings.MAILS_PER_HOUR = 960  # eight a minute, two of them for who waits
    moment[0] = MIDNIGHT + 14 * clock.DAY + 43_200
    while throttles.next_slot("waited", known=False) is not None:
        pass
    for email in (fresh_address("new"), teams.new_person("known").email):
        browser = new_browser()
        use_up_free(email)
        ticket = re.search(r'name="ticket" value="([^"]+)"', ask(browser, email).content.decode())[1]
        moment[0] += work.WAIT_SECONDS
        assert ask(browser, email, ticket=ticket)["location"] == "/login/code"
        moment[0] -= work.WAIT_SECONDS
        page = browser.get("/login/code").content.decode()
        assert "The codes for browsers that wait are used up until 12:10 UTC" in page
    moment[0] += 600
    assert "used up until" not in browser.get("/login/code").content.decode()


def test_who_is_signed_in_is_told_that_no_code_was_mailed_and_when_the_next_can_be(moment, settings):
    settings.MAILS_PER_HOUR = 120
    moment[0] = MIDNIGHT + 12 * clock.DAY + 43_200
    while throttles.next_slot(known=True) is not None:
        pass
    with pytest.raises(CodeLimit) as refusal:
        codes.send(fresh_address("confirms"), "confirm")
    assert refusal.value.retry_after == 600 and "12:10 UTC" in refusal.value.message


def test_the_operator_is_told_of_a_flood_of_codes(moment, settings):
    """O2"""
    settings.MAILS_PER_HOUR = 120
    moment[0] = MIDNIGHT + 13 * clock.DAY + 43_200
    for _ in range(checks.MOST_HELD_BACK + 2):
        try:
            admission.admit_sign_in(fresh_address("flood"), fresh_address("browser"), admission.Proof())
        except admission.WorkRequired:
            continue
        throttles.next_slot("free", known=True)
    after = checks.sample()
    assert after.codes_held_back > checks.MOST_HELD_BACK
    assert "codes to sign in" in checks.codes(after, after)
