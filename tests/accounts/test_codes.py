"""One-time codes: three tries, ten minutes, one use, only in the requesting session, and never stored in clear."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.exceptions import UpdateError

from accounts.models import Challenge
from accounts.sessions import codes, throttles
from imgapis.base import clock
from tests import environment, people

GUESSES = environment.count(100, 1_000, 1_000)
pytestmark = pytest.mark.usefixtures("dynamodb")


def new_challenge(purpose: str = "login") -> tuple[str, str, str]:
    """A new challenge: its id, the code in the mail, and the address."""
    address = people.fresh_address("codes")
    return codes.send(address, purpose), people.newest_code(address), address


def other(code: str) -> str:
    """A well-formed code that is not this one."""
    return f"{(int(code) + 1) % 100_000_000:08d}"


def outcome(challenge: str | None, code: str, purpose: str = "login") -> str | None:
    """The address a code proves; None where it is refused, or where a busy machine's store does not answer in time."""
    try:
        return codes.verify(challenge, purpose, code)
    except (codes.WrongCode, UpdateError):
        return None


def test_a_right_code_proves_the_address_that_was_asked_for():
    challenge, code, address = new_challenge()
    assert outcome(challenge, code) == address


@pytest.mark.parametrize(
    "template",
    [
        "{0} {1}",
        " {0}{1} ",
        "{0}-{1}",
        "{0}\u2013{1}",
        "{0}\u2014{1}",
        "{0}\u2212{1}",
        "{0}\u2011{1}",
        "{0}\u00a0{1}",
        "\u200b{0}\u200d{1}\ufeff",
        "\u2066{0}{1}\u2069",
        "{0}\u00ad{1}",
        "{0}\r\n{1}\t",
        "\u3000{0}\u2009{1}",
    ],
)
def test_a_code_may_be_typed_or_pasted_with_the_gaps_people_and_programs_make(template):
    """H9: spaces of any width, dashes of any length, signs that nobody sees."""
    challenge, code, address = new_challenge()
    assert outcome(challenge, template.format(code[:4], code[4:])) == address


@pytest.mark.parametrize("nought", ["\uff10", "\u0660", "\u06f0", "\u0966", "\U0001d7ce"])
def test_a_code_may_be_typed_in_the_digits_of_any_script(nought):
    """H9: full-width, Arabic-Indic, Persian, Devanagari, mathematical."""
    challenge, code, address = new_challenge()
    assert outcome(challenge, "".join(chr(ord(nought) + int(digit)) for digit in code)) == address


def test_a_used_code_is_refused():
    """A2"""
    challenge, code, _ = new_challenge()
    outcome(challenge, code)
    assert outcome(challenge, code) is None


def test_a_code_ends_after_ten_minutes(monkeypatch):
    """A2"""
    challenge, code, _ = new_challenge()
    later = clock.now() + codes.LIFE_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    assert outcome(challenge, code) is None


def test_a_code_of_another_session_is_refused():
    """A2: the challenge of a session is the only way to its code."""
    challenge, _, _ = new_challenge()
    _, code, _ = new_challenge()
    assert outcome(challenge, code) is None and outcome(None, code) is None


def test_a_code_for_one_purpose_does_not_serve_another():
    challenge, code, address = new_challenge("confirm")
    assert outcome(challenge, code, "login") is None
    assert outcome(challenge, code, "confirm") == address


def test_a_replaced_code_is_refused():
    """A1: a new code of a session ends its old one."""
    challenge, code, _ = new_challenge()
    codes.send(people.fresh_address("codes"), "login", challenge)
    assert outcome(challenge, code) is None


@pytest.mark.counted
def test_a_thousand_guesses_from_fifty_threads_are_three_tries_and_then_the_right_code_is_refused_too():
    """A1"""
    challenge, code, _ = new_challenge()
    with ThreadPoolExecutor(50) as threads:
        addresses = list(threads.map(lambda _: outcome(challenge, other(code)), range(GUESSES)))
    assert set(addresses) == {None}
    assert Challenge.get(challenge).tries == codes.MOST_TRIES
    assert outcome(challenge, code) is None


def test_the_third_try_may_still_be_right():
    challenge, code, address = new_challenge()
    assert [outcome(challenge, other(code)) for _ in range(2)] == [None] * 2
    assert outcome(challenge, code) == address


@pytest.mark.races
def test_of_two_right_codes_at_once_one_wins():
    """A2"""
    for _ in range(5):
        challenge, code, address = new_challenge()
        with ThreadPoolExecutor(2) as threads:
            addresses = list(threads.map(lambda _, c=challenge, k=code: outcome(c, k), range(2)))
        assert sorted(addresses, key=bool) == [None, address]


@pytest.mark.parametrize("text", ["", "1234567", "123456789", "1234567a", "²²²²²²²²", "1e567890", "①②③④⑤⑥⑦⑧"])
def test_what_is_no_eight_digits_is_refused_and_costs_no_try(text):
    challenge, _, _ = new_challenge()
    assert outcome(challenge, text) is None
    assert Challenge.get(challenge).tries == 0


def test_neither_row_nor_subject_holds_the_code():
    """A3: in the body only."""
    for _ in range(20):
        challenge, code, address = new_challenge()
        row = Challenge.get(challenge)
        mail = people.mails(address)[-1]
        assert code not in "".join(str(value) for value in (row.digest, row.email, challenge))
        headers = " ".join(f"{name}: {value}" for name, value in mail.items() if name != "Message-ID")
        assert not re.search(rf"(?<!\d){code}(?!\d)", headers)
        assert code in mail.get_body().get_content()


def test_codes_are_eight_digits_also_when_they_begin_with_nought():
    mailed_codes = {new_challenge()[1] for _ in range(40)}
    assert len(mailed_codes) > 35 and all(re.fullmatch("[0-9]{8}", code) for code in mailed_codes)


def test_wrong_codes_are_counted_for_the_operator_and_right_ones_are_not(monkeypatch):
    """H9: whoever guesses over many addresses."""
    moment = clock.now() + 40 * clock.DAY
    monkeypatch.setattr(clock, "now", lambda: moment)
    challenge, code, _ = new_challenge()
    assert throttles.wrong_codes() == 0
    outcome(challenge, other(code)), outcome(challenge, "no code"), outcome(challenge, code), outcome(challenge, code)
    assert throttles.wrong_codes() == 1
