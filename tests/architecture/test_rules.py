"""Every rule that code, tests and docs cite stands in docs/rules.md, once."""

import ast
import functools
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.test_imports import FILES, ROOT

PAGE = (ROOT / "docs/rules.md").read_text()
RULES = Counter(re.findall(r"^\| ([A-Z][0-9]{1,2}) \|", PAGE, re.MULTILINE))
FAMILIES = "".join(sorted({rule[0] for rule in RULES}))
CITED = re.compile(rf"\b([{FAMILIES}][0-9]{{1,2}})\b")
IN_NAME = re.compile(rf"^test_((?:[{FAMILIES.lower()}][0-9]{{1,2}}_)+)")
# Illuminants, a colour space and a magic number, which look like rules.
NO_RULES = {"D50", "D65", "P3", "P6"}
TESTS = sorted((ROOT / "tests").rglob("*.py"))
DOCS = sorted((ROOT / "docs").glob("*.md"))


def cited_in(text: str) -> set[str]:
    """The rules that a module cites: in docstrings, comments and names of tests."""
    cited = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            cited |= set(CITED.findall(ast.get_docstring(node) or ""))
        if isinstance(node, ast.FunctionDef) and (match := IN_NAME.match(node.name)):
            cited |= {rule.upper() for rule in match[1].split("_") if rule}
    if any(CITED.search(line.partition("#")[2]) for line in text.splitlines()):  # else no comment cites one
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                cited |= set(CITED.findall(token.string))
    return cited - NO_RULES


@functools.cache
def citations() -> dict[Path, set[str]]:
    """Module → the rules it cites."""
    return {path: cited_in(path.read_text()) for path in (*FILES, *TESTS)}


def test_a_rule_that_a_module_cites_can_be_looked_up():
    unknown = {str(path): cited - set(RULES) for path, cited in citations().items()}
    assert {path: rules for path, rules in unknown.items() if rules} == {}


def test_a_rule_that_the_docs_cite_can_be_looked_up():
    groups = [group for path in DOCS for group in re.findall(r"\((?:[A-Z][0-9]{1,2}(?:[,–] ?)?)+\)", path.read_text())]
    assert len(groups) > 10 and {rule for group in groups for rule in CITED.findall(group)} <= set(RULES)


def test_every_rule_stands_once():
    assert set(RULES.values()) == {1} and len(RULES) > 100


@pytest.mark.parametrize(
    "text", ['"""S99: a rule."""', "x = 1  # as S99 says", "def test_s99_holds(): ...", 'def f():\n    """(S99)"""']
)
def test_a_citation_is_seen(text):
    assert cited_in(text) == {"S99"}


def test_every_rule_is_cited_by_a_test():
    """A rule that no test cites may hold by luck. The one that is left waits for the edge worker."""
    cited = set().union(*(rules for path, rules in citations().items() if path in TESTS))
    assert set(RULES) - cited == {"P12"}
