"""The papers of the promises are honest: every test that is named exists, and every promise was seen to break."""

import ast
import re
from pathlib import Path

import pytest

from imgapis.policy import versions
from imgapis.policy.promises import PROMISES
from imgapis.verify import checks
from tests.promises import mutations
from tests.promises.broken import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = [f"P{number:02}" for number in range(1, 25)]
WAITING = {"P12": "edge worker", "P08": "edge worker"}


def defined_in(name: str) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / name).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_number_has_its_promise_and_its_statement():
    assert [promise.number for promise in PROMISES] == NUMBERS
    for version in versions.list_all():
        assert sorted(version.statements) == NUMBERS


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.number)
def test_the_tests_that_the_page_names_exist(promise):
    for test in promise.tests:
        name, _, function = test.partition("::")
        assert function in defined_in(name), test
    assert set(promise.checks) <= set(checks.CHECKS)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.number)
def test_a_promise_has_a_test_in_this_folder_or_says_what_it_waits_for(promise):
    here = [test for test in promise.tests if f"test_{promise.number.lower()}_" in test]
    assert here or promise.waits
    if promise.waits:
        assert WAITING[promise.number] in promise.waits
        assert f"**{promise.number}**" in mutations.PAPER.read_text().partition("## ")[0]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.number)
def test_every_promise_was_broken_and_its_tests_were_seen_to_turn_red(promise):
    """The tests of a promise that are in this folder are each in a mutation that is on record."""
    proven = {
        test
        for mutation in MUTATIONS
        if mutation.number == promise.number and (mutation.number, mutation.what) in mutations.recorded()
        for test in mutation.tests
    }
    assert {test for test in promise.tests if test.startswith("tests/promises/")} <= proven


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: f"{mutation.number} {mutation.what}")
def test_a_mutation_can_still_be_applied(mutation):
    for name, old, new in mutation.edits:
        assert (ROOT / name).read_text().count(old) == 1 and old != new, name


def test_what_is_on_record_is_a_mutation_that_exists_with_a_day():
    known = {(mutation.number, mutation.what) for mutation in MUTATIONS}
    assert set(mutations.recorded()) <= known
    assert all(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) for day in mutations.recorded().values())
