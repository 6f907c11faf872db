"""What signing in stores: no code anywhere, and nothing that distinguishes a known address from an unknown one."""

import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import Client

from imgapis.base import dynamo
from imgapis.tables import row_classes
from tests import environment, people, stored
from tests.people import Browser

LOGINS = environment.count(3, 10, 100)
ROUNDS = environment.count(52, 52, 500)
CHANCE = 3.9  # beyond this z two samples that do not differ lie once in ten thousand runs
pytestmark = pytest.mark.usefixtures("web")


@pytest.mark.counted
def test_no_code_is_in_any_table_or_log_after_many_logins():
    """A3: used codes, rows of wrong ones, and unused codes."""

    def sign_up(number: int) -> str:
        browser, address = Browser(), people.fresh_address("coded")
        code = people.ask_code(browser, address)
        if number % 2:
            browser.submit("/login/code", {"code": code})
        return code

    old_numbers = numbers()  # what other tests have left may be eight digits too
    with ThreadPoolExecutor(8) as threads:
        codes = set(threads.map(sign_up, range(LOGINS)))
    new_numbers = numbers() - old_numbers
    assert len(codes) > LOGINS - 2 and not codes & new_numbers


def numbers() -> set[str]:
    """Every word of eight digits in any table or log."""
    texts = [body.decode() for table in row_classes.registered() for body in stored.pages(table.Meta.table_name)]
    texts += [path.read_text(errors="replace") for path in Path(environment.FOLDER).glob("*.log")]
    return {word for text in texts for word in re.findall(r"(?<![0-9a-zA-Z.])[0-9]{8}(?![0-9a-zA-Z.])", text)}


def test_the_tables_are_asked_the_same_for_a_known_and_an_unknown_address():
    """A4: what the server does is the same, so that it takes the same time on every machine."""
    calls: list[tuple[str, set[str]]] = []

    def note(params: dict, model, **_) -> None:
        calls.append((model.name, set(re.findall(r'"TableName": ?"([^"]+)"', params["body"].decode()))))

    def calls_of(address: str) -> list[tuple[str, set[str]]]:
        client = Client(HTTP_HOST="localhost")
        client.get("/login")
        calls.clear()
        assert client.post("/login", {"email": address}).status_code == 302
        return list(calls)

    known_address, unknown_address = people.person("known")[1], people.fresh_address("unknown")
    hooks = dynamo.connection().client.meta.events
    hooks.register("before-call.dynamodb", note)
    try:
        assert calls_of(known_address) == calls_of(unknown_address) != []
    finally:
        hooks.unregister("before-call.dynamodb", note)


@pytest.mark.prove
def test_a_known_and_an_unknown_address_take_the_same_time():
    """A4: the path is one; requests interleaved, four to an address, so that no throttle speaks."""
    known_addresses = [people.person("known")[1] for _ in range(ROUNDS // 4)]
    durations: dict[bool, list[float]] = {True: [], False: []}
    for number in range(ROUNDS):
        browser = Browser()  # each asks twice, so that no throttle speaks
        browser.get("/login")
        for is_known in (True, False) if number % 2 else (False, True):
            address = known_addresses[number // 4] if is_known else people.fresh_address("unknown")
            started = time.perf_counter()
            page = browser.post("/login", {"email": address})
            durations[is_known].append(time.perf_counter() - started)
            assert (page.status, page.location) == (302, "/login/code")
    difference = statistics.median(durations[True]) - statistics.median(durations[False])
    assert abs(difference) < 0.005 or abs(rank_score(durations[True], durations[False])) < CHANCE


def rank_score(first: list[float], second: list[float]) -> float:
    """The z of Mann and Whitney's test, normally distributed where two samples do not differ."""
    wins = sum((one > other) + (one == other) / 2 for one in first for other in second)
    size = len(first) * len(second)
    return (wins - size / 2) / (size * (len(first) + len(second) + 1) / 12) ** 0.5
