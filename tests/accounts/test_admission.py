"""Nobody who asks for codes keeps anybody else from signing in (H9): some are free, more cost work or a wait, and a
refusal says when it ends."""

import base64
import html
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from altcha import Challenge, Payload, solve_challenge

from accounts.sessions import admission, codes, throttles, work
from accounts.sessions.admission import CodeLimit, Proof, WorkRequired
from imgapis.base import clock
from tests.accounts import teams
from tests.accounts.visitor import Person, somebody
from tests.people import Browser, fresh_address, mails, newest_code, person

NOBODY = Proof()
pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture
def moment(monkeypatch):
    """A clock that a test sets: `moment[0]` is now."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


def browsers():
    """Names of browsers nobody has seen."""
    while True:
        yield fresh_address("browser")


def asked(email: str, browser: str, proof: Proof = NOBODY) -> "str | WorkRequired | CodeLimit":
    """What comes of asking for a code: `mailed`, or the refusal."""
    try:
        admission.admit_sign_in(email, browser, proof)
    except (WorkRequired, CodeLimit) as refusal:
        return refusal
    return "mailed"


def solved(challenge: str) -> Proof:
    """The solution of a challenge, as the page's script sends it."""
    made = Challenge.from_dict(json.loads(challenge))
    return Proof(solution=Payload(made, solve_challenge(made)).to_base64())


def flood(email: str) -> None:
    """Have all free codes of an address asked for, each by a browser of its own."""
    for _, browser in zip(range(admission.FREE), browsers(), strict=False):
        assert asked(email, browser) == "mailed"


def test_five_posts_of_a_stranger_leave_the_owner_a_free_code():
    """One browser is answered three times freely."""
    email, stranger = fresh_address("owner"), fresh_address("browser")
    outcomes = [asked(email, stranger) for _ in range(5)]
    assert outcomes[:3] == ["mailed"] * 3 and all(isinstance(outcome, WorkRequired) for outcome in outcomes[3:])
    assert asked(email, fresh_address("browser")) == "mailed"


def test_whatever_strangers_ask_for_the_owner_gets_a_code_for_a_moment_of_work():
    email, owner = fresh_address("owner"), fresh_address("browser")
    flood(email)
    refusal = asked(email, owner)
    assert isinstance(refusal, WorkRequired)
    assert asked(email, owner, solved(refusal.challenge)) == "mailed"


def test_a_solution_serves_once_and_for_its_own_address_and_browser_alone():
    email, owner = fresh_address("owner"), fresh_address("browser")
    flood(email)
    proof = solved(asked(email, owner).challenge)
    other_email = fresh_address("other")
    flood(other_email)
    assert isinstance(asked(email, fresh_address("browser"), proof), WorkRequired)
    assert isinstance(asked(other_email, owner, proof), WorkRequired)
    assert asked(email, owner, proof) == "mailed"
    assert isinstance(asked(email, owner, proof), WorkRequired)


def test_a_solution_ends_after_half_an_hour(moment):
    email, owner = fresh_address("owner"), fresh_address("browser")
    proof = solved(work.challenge(0, email, owner))
    moment[0] += work.LIFE_SECONDS + 1
    assert work.solved_level(proof.solution, email, owner) is None


@pytest.mark.parametrize("solution", ["", "x", "e30=", base64.b64encode(b"[]").decode(), "a" * 5_000, "%00", "é"])
def test_what_is_no_solution_is_none(solution):
    assert work.solved_level(solution, "a@example.com", "b") is None


def test_a_solution_with_an_easier_challenge_of_its_own_making_is_none():
    email, owner = fresh_address("owner"), fresh_address("browser")
    parts = json.loads(work.challenge(0, email, owner))
    parts["parameters"]["keyPrefix"] = "0"
    assert work.solved_level(solved(json.dumps(parts)).solution, email, owner) is None


def test_each_code_more_costs_twice_the_work():
    sizes = []
    for level in range(work.MOST_LEVEL + 1):
        parameters = json.loads(work.challenge(level, "a@example.com", "b"))["parameters"]
        sizes.append(16 ** len(parameters["keyPrefix"]) * parameters["cost"])
        assert parameters["cost"] <= 16_000, "what the server derives once to check it"
    assert sizes == sorted(sizes) and sizes[3] == 8 * sizes[0] and sizes[7] == 128 * sizes[0]


def test_a_solution_below_what_is_asked_by_now_is_not_enough(monkeypatch):
    email, owner = fresh_address("owner"), fresh_address("browser")
    flood(email)
    proof = solved(asked(email, owner).challenge)
    throttles.free_at("login worked", email, admission.WORKED)
    refusal = asked(email, owner, proof)
    assert json.loads(refusal.challenge)["parameters"]["data"]["level"] == 1


def test_however_many_have_worked_the_price_of_a_code_ends_at_the_most_and_nobody_who_pays_is_refused(monkeypatch):
    """Seven who had paid it left an address without a code for an hour."""
    monkeypatch.setattr(work, "LEAST_ITERATIONS", 1)
    email = fresh_address("owner")
    flood(email)
    levels = []
    for _, browser in zip(range(admission.WORKED + 3), browsers(), strict=False):
        refusal = asked(email, browser)
        levels.append(json.loads(refusal.challenge)["parameters"]["data"]["level"])
        assert asked(email, browser, solved(refusal.challenge)) == "mailed"
    assert levels == [0, 1, 2, 3, 4, 5, 6, 7, 7, 7]


def test_a_refusal_says_when_the_next_can_be_mailed(moment):
    email, started = fresh_address("owner"), moment[0]
    for _ in range(throttles.MAILS_PER_ADDRESS):
        admission.admit_confirmation(email)
        moment[0] += 60
    with pytest.raises(CodeLimit) as refusal:
        admission.admit_confirmation(email)
    assert refusal.value.retry_after == pytest.approx(started + 3_600 - moment[0], abs=1)
    assert f"{clock.stamp(started + 3_659)[11:16]} UTC, in 55 minutes" in refusal.value.message
    moment[0] = started + 3_601
    admission.admit_confirmation(email)


def test_without_javascript_a_wait_of_two_minutes_does(moment):
    email, owner = fresh_address("owner"), fresh_address("browser")
    flood(email)
    ticket = asked(email, owner).ticket
    moment[0] += work.WAIT_SECONDS - 1
    early = asked(email, owner, Proof(ticket=ticket))
    assert early.ticket == ticket and early.retry_after == 1, "who presses too early does not wait anew"
    moment[0] += 1
    assert isinstance(asked(email, fresh_address("browser"), Proof(ticket=ticket)), WorkRequired)
    assert asked(email, owner, Proof(ticket=ticket)) == "mailed"
    assert asked(email, owner, Proof(ticket=ticket)).ticket != ticket, "once"


def test_crowds_that_wait_keep_nobody_from_a_code(moment):
    email, owner = fresh_address("owner"), fresh_address("browser")
    flood(email)
    tickets = {browser: asked(email, browser).ticket for _, browser in zip(range(6), browsers(), strict=False)}
    refusal = asked(email, owner)
    moment[0] += work.WAIT_SECONDS
    outcomes = [asked(email, browser, Proof(ticket=ticket)) for browser, ticket in tickets.items()]
    assert outcomes == ["mailed"] * 6
    assert asked(email, owner, solved(refusal.challenge)) == "mailed"


@pytest.mark.parametrize("ticket", ["", "x", "a:b:c"])
def test_what_is_no_ticket_is_none(ticket):
    assert work.waited_until(ticket, "a@example.com", "b") is None


def test_in_a_flood_over_many_addresses_a_code_costs_work_that_grows_with_it(moment, settings):
    """Known or not, so that the page tells nothing (A4)."""
    settings.MAILS_PER_HOUR = 240
    moment[0] += 50 * clock.DAY
    throttles.next_slot(known=False)
    levels = []
    for email in (fresh_address("new"), teams.new_person("known").email):
        levels.append(json.loads(asked(email, fresh_address("browser")).challenge)["parameters"]["data"]["level"])
    for _ in range(8):
        throttles.next_slot(known=False)
    higher = asked(fresh_address("new"), fresh_address("browser"))
    assert levels == [2, 2] and json.loads(higher.challenge)["parameters"]["data"]["level"] > 2


def test_newcomers_who_flood_leave_known_addresses_their_share_of_mails(moment, settings):
    """340 posts used up the budget of ten minutes for everybody."""
    settings.MAILS_PER_HOUR = 120
    moment[0] += 60 * clock.DAY
    email = teams.new_person("known").email
    while throttles.next_slot(known=False) is not None:
        pass
    assert codes.send(fresh_address("new"), "login") is None
    assert codes.send(email, "login") is not None and newest_code(email)


def test_of_many_at_once_no_more_are_free_than_there_are():
    """A20"""
    email = fresh_address("flooded")
    with ThreadPoolExecutor(12) as threads:
        outcomes = list(
            threads.map(lambda browser: asked(email, browser), [fresh_address("browser") for _ in range(30)])
        )
    assert outcomes.count("mailed") == admission.FREE


def flood_page(email: str) -> None:
    """Use up the free codes of an address, and mail none."""
    for _ in range(admission.FREE):
        throttles.free_at("login", email, admission.FREE)


def test_the_page_asks_for_work_and_its_solution_is_mailed_a_code(web):
    """The challenge is in the page, and nothing comes from elsewhere (P09)."""
    visitor = somebody("owner")
    flood_page(visitor.email)
    page = visitor.submit("/login", {"email": visitor.email})
    assert page.status == 429 and 0 < int(page.headers["retry-after"]) <= work.WAIT_SECONDS
    assert "press the button" in page.text and mails(visitor.email) == []
    challenge = html.unescape(re.search(r'data-work="([^"]+)"', page.body.decode())[1])
    page = visitor.send("/login", email=visitor.email, solution=solved(challenge).solution)
    assert page.location == "/login/code" and len(mails(visitor.email)) == 1
    visitor.get("/login/code")
    assert visitor.send("/login/code", code=newest_code(visitor.email)).location == "/signup"


def test_the_page_that_asks_for_work_leads_back_to_a_code_mailed_before_and_it_works(web):
    """A1: a right code is never refused."""
    visitor = somebody("owner")
    visitor.submit("/login", {"email": visitor.email})
    flood_page(visitor.email)
    for _ in range(2):
        page = visitor.submit("/login", {"email": visitor.email})
    assert page.status == 429 and "enter it" in page.text
    visitor.get("/login/code")
    assert visitor.send("/login/code", code=newest_code(visitor.email)).location == "/signup"


def test_a_hundred_posts_of_one_browser_are_three_mails(web):
    """A20"""
    visitor = somebody("victim")
    visitor.get("/login")
    pages = [visitor.send("/login", email=visitor.email) for _ in range(20)]
    assert [page.status for page in pages] == [302] * 3 + [429] * 17
    assert len(mails(visitor.email)) == admission.FREE_OF_BROWSER


def test_confirming_has_a_limit_of_its_own_and_its_page_says_so(web):
    """It reloaded without a word, and strangers who asked for codes used it up."""
    browser, email = person("owner")
    flood_page(email)
    pages = [browser.post("/account/confirm") for _ in range(throttles.MAILS_PER_ADDRESS + 1)]
    assert [page.status for page in pages] == [200] * 5 + [429]
    assert "the next can be mailed at" in pages[-1].text and "UTC" in pages[-1].text
    assert browser.post("/account/confirm", {"code": newest_code(email)}).location == "/account"


def test_moving_to_another_address_has_a_limit_of_its_own_for_the_address_and_for_who_asks(web):
    browser, email = person("mover")
    addresses = [fresh_address("target") for _ in range(throttles.MAILS_PER_ADDRESS + 1)]
    pages = [browser.submit("/account/email", {"email": address}) for address in addresses]
    assert [page.status for page in pages] == [302] * 5 + [429] and "can be mailed at" in pages[-1].text
    assert [len(mails(address)) for address in addresses] == [1] * 5 + [0]
    assert asked(email, fresh_address("browser")) == "mailed"


def test_many_who_move_to_one_address_mail_it_five_codes_an_hour(dynamodb):
    """A20: whoever asks."""
    address = fresh_address("target")
    for _ in range(throttles.MAILS_PER_ADDRESS):
        admission.admit_new_address(address, fresh_address("person"))
    with pytest.raises(admission.CodeLimit):
        admission.admit_new_address(address, fresh_address("person"))


def test_support_lets_codes_through_again():
    email = fresh_address("owner")
    flood(email)
    throttles.reset_mail(email)
    assert asked(email, fresh_address("browser")) == "mailed"


def test_the_one_cookie_is_the_only_one(web):
    """V4"""
    visitor = Person(email=fresh_address("cookie"))
    flood_page(visitor.email)
    visitor.submit("/login", {"email": visitor.email})
    assert visitor.cookies_seen == {"sessionid"} and isinstance(visitor, Browser)
