"""Signing in by code, over HTTP (A1 to A7, A13, A14, A20, V4)."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.decorators import LONGEST_NEXT, safe_next
from accounts.models import Challenge
from accounts.people import people
from accounts.sessions import codes
from imgapis.base import clock
from tests.accounts.visitor import Person, free_namespace, somebody
from tests.people import mails
from tests.people import newest_code as last_code

pytestmark = pytest.mark.usefixtures("web")


def request_code(person: Person) -> Person:
    """Have a code mailed and open the page for it; returns the person."""
    person.get("/login")
    assert person.send("/login", email=person.email).location == "/login/code"
    person.get("/login/code")
    return person


def test_it_works():
    """P22, V4: a new person answers two names and one question, and has one cookie."""
    person = somebody("owner").sign_in(free_namespace(), "Shoes & Co")
    page = person.get("/workspaces")
    assert page.status == 200 and "Shoes & Co" in page.text
    assert person.cookies_seen == {"sessionid"} and page.headers["cache-control"] == "no-store"
    assert people.of_email(person.email).adult_confirmed > 0


def test_without_the_confirmation_of_age_there_is_no_account():
    """P22"""
    person = request_code(somebody("young"))
    person.send("/login/code", code=last_code(person.email))
    person.get("/signup")
    page = person.send("/signup", business_name="B", namespace=free_namespace())
    assert page.status == 400 and "16 or older" in page.text and people.of_email(person.email) is None


def test_a_known_address_comes_back_to_its_account():
    person = somebody("owner").sign_in()
    second_browser = Person(email=person.email).sign_in()
    assert "/account" in second_browser.get("/account").text and person.email in second_browser.get("/account").text


def test_known_and_unknown_addresses_see_the_same_page():
    """A4"""
    known_person, unknown_person = somebody("known").sign_in(), somebody("unknown")
    responses = []
    for address in (known_person.email, unknown_person.email):
        visitor = Person(email=address)
        visitor.get("/login")
        page = visitor.send("/login", email=address)
        body = visitor.get("/login/code").text.replace(address, "X").replace(visitor.token, "T")
        responses.append((page.status, page.location, re.sub(r'value="[A-Za-z0-9]{64}"', "", body)))
    assert responses[0] == responses[1]


def test_three_wrong_tries_end_the_code_and_fifty_threads_get_no_more(dynamodb):
    """A1: a try is counted before it is compared."""
    challenge = codes.send(somebody("victim").email, "login")
    right_code = last_code(Challenge.get(challenge).email)
    wrong_codes = [f"{number:08d}" for number in range(1_000) if f"{number:08d}" != right_code][:100]
    with ThreadPoolExecutor(50) as threads:
        assert not any(threads.map(lambda code: proves(challenge, code), wrong_codes))
    assert Challenge.get(challenge).tries == codes.MOST_TRIES
    assert not proves(challenge, right_code)


def proves(challenge: str, code: str, purpose: str = "login") -> bool:
    """Whether a code is accepted."""
    try:
        codes.verify(challenge, purpose, code)
    except codes.WrongCode:
        return False
    return True


def test_two_at_once_with_the_right_code_are_one_proof(dynamodb):
    """A2"""
    challenge = codes.send(somebody("racer").email, "login")
    code = last_code(Challenge.get(challenge).email)
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: proves(challenge, code), range(4))) == 1


def test_a_code_is_for_its_purpose_its_time_and_once(dynamodb, monkeypatch):
    """A2"""
    challenge = codes.send(somebody("late").email, "login")
    code = last_code(Challenge.get(challenge).email)
    assert not proves(challenge, code, "confirm")
    with monkeypatch.context() as patch:
        later = clock.now() + codes.LIFE_SECONDS + 1
        patch.setattr(clock, "now", lambda: later)
        assert not proves(challenge, code)
    assert proves(challenge, code) and not proves(challenge, code)


def test_a_code_works_in_the_browser_that_asked_alone():
    """A2"""
    person = request_code(somebody("owner"))
    thief = Person(email=person.email)
    thief.get("/login")
    assert thief.get("/login/code").location == "/login"
    assert thief.send("/login/code", code=last_code(person.email)).status == 302
    assert thief.get("/account").location.startswith("/login")


def test_a_new_code_of_the_same_browser_replaces_the_old_one():
    person = request_code(somebody("owner"))
    old_code = last_code(person.email)
    request_code(person)
    if old_code != last_code(person.email):
        assert person.send("/login/code", code=old_code).status == 400
    assert person.send("/login/code", code=last_code(person.email)).location == "/signup"


def test_the_code_is_in_the_body_alone_and_not_in_the_table():
    """A3"""
    person = request_code(somebody("owner"))
    code = last_code(person.email)
    (message,) = mails(person.email)
    assert code not in message["Subject"]
    rows = [row for row in Challenge.scan() if row.email == person.email]
    assert rows and all(code not in str(row.attribute_values) for row in rows)


def test_a_planted_session_key_is_changed_at_login():
    """A6"""
    person = somebody("owner")
    person.get("/login")
    planted_cookies = dict(person.cookies)
    person.sign_in()
    assert person.cookies["sessionid"] != planted_cookies["sessionid"]
    assert Person(email=person.email, cookies=planted_cookies).get("/account").location.startswith("/login")


@pytest.mark.parametrize("has_account", [False, True])
def test_a_session_planted_before_the_code_is_nobodys_after_it(has_account):
    """A6: whoever knows its key can neither act nor sign up as the person who proved an address in it."""
    person = somebody("owner")
    if has_account:
        person.sign_in()
        person.cookies.clear()
    planted_cookies = dict(request_code(person).cookies)
    answer = person.send("/login/code", code=last_code(person.email))
    assert answer.location == ("/workspaces" if has_account else "/signup")
    intruder = Person(email=person.email, cookies=planted_cookies)
    assert intruder.get("/signup").location == "/login"
    assert intruder.get("/account").location.startswith("/login")


def test_the_old_cookie_is_dead_after_logout():
    """A6"""
    person = somebody("owner").sign_in()
    stolen_cookies = dict(person.cookies)
    person.get("/account")
    person.send("/logout")
    assert Person(email=person.email, cookies=stolen_cookies).get("/account").location.startswith("/login")


def test_other_sessions_end_when_the_address_changes():
    """A6, P18: the new address is proved first."""
    person = somebody("owner").sign_in()
    other_browser = Person(email=person.email).sign_in()
    new_address = somebody("moved").email
    person.get("/account/email")
    person.send("/account/email", email=new_address)
    person.get("/account/email/code")
    page = person.send("/account/email/code", code=last_code(new_address))
    assert page.location == "/account" and new_address in person.get("/account").text
    assert other_browser.get("/account").location.startswith("/login")
    assert people.of_email(person.email) is None and people.of_email(new_address) is not None


def test_sessions_are_listed_by_day_and_ended():
    """A7"""
    person = somebody("owner").sign_in()
    other_browser = Person(email=person.email).sign_in()
    assert person.get("/account").text.count(clock.day(clock.now())) == 4
    person.send("/account/sessions/revoke")
    assert other_browser.get("/account").location.startswith("/login") and person.get("/account").status == 200


@pytest.mark.parametrize("address", ["", "x", "a b@c.de", "a@b", "a@b.com\nBcc:x@y.de", "a\r@b.com", "@b.com", "a@-"])
def test_what_is_no_address_is_refused_at_the_field(address):
    """A5"""
    visitor = somebody("visitor")
    visitor.get("/login")
    page = visitor.send("/login", email=address)
    assert page.status == 400 and 'class="error"' in page.text


@pytest.mark.parametrize(
    "text",
    [
        "//evil.test",
        "/\\evil.test",
        "https://evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "/\tevil",
        "\\\\evil.test",
        "/%0a//evil",
        "///evil.test",
        " /x",
        "http:///evil",
        "",
        None,
        "evil.test",
        "/x\n",
        "/" + "x" * LONGEST_NEXT,
        "/" + "é" * (LONGEST_NEXT // 6 + 1),
    ],
)
def test_a_way_out_is_not_followed(text):
    """A13"""
    assert safe_next(text, "/own") == (text if text == "/%0a//evil" else "/own")


def test_a_foreign_next_is_dropped_at_login():
    """A13"""
    person = somebody("owner").sign_in()
    second_browser = Person(email=person.email)
    second_browser.get("/login?next=//evil.test")
    second_browser.send("/login", email=person.email)
    second_browser.get("/login/code")
    assert second_browser.send("/login/code", code=last_code(person.email)).location == "/workspaces"


def test_a_form_without_its_token_or_from_elsewhere_is_refused():
    """A8"""
    visitor = somebody("visitor")
    visitor.get("/login")
    valid_token, visitor.token = visitor.token, "x" * 64
    assert visitor.send("/login", email=visitor.email).status == 403
    visitor.token = valid_token
    assert visitor.send("/login", headers={"Origin": "https://evil.test"}, email=visitor.email).status == 403
    assert mails(visitor.email) == []


def test_a_foreign_host_is_refused_and_mails_nothing():
    """A14"""
    visitor = somebody("visitor")
    visitor.get("/login")
    page = visitor.send("/login", headers={"Host": "evil.test"}, email=visitor.email)
    assert page.status == 400 and mails(visitor.email) == []
