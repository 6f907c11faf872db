"""Namespaces: validated, unique, and claimed once under concurrency."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.workspaces import namespaces, workspaces

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.mark.parametrize(
    "text", ["", "a", "ab", "-abc", "abc-", "A-b", "a_b", "a.b", "xn--abc", "a" * 41, "admin", "é12"]
)
def test_a_text_that_cannot_be_a_namespace_is_refused(text):
    with pytest.raises(workspaces.InvalidNamespace):
        workspaces.check_namespace(text)


@pytest.mark.parametrize(
    "text", ["www", "api", "app", "cdn", "static", "assets", "mail", "docs", "status", "support", "billing", "login"]
)
def test_a_name_that_could_pass_for_ours_is_nobodys(text):
    with pytest.raises(workspaces.InvalidNamespace, match="reserved"):
        workspaces.check_namespace(text)


@pytest.mark.parametrize("text", ["abc", "a-b", "shop2", "0ab", "a" * 40])
def test_a_namespace_is_accepted(text):
    assert workspaces.check_namespace(text) == text


def test_a_namespace_is_claimed_once_by_eight_at_once():
    name = f"raced-{secrets.token_hex(5)}"

    def claim(_) -> bool:
        try:
            workspaces.create_unowned(namespace=name, allowance=2)
        except namespaces.NamespaceTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, range(8))) == 1


def test_two_workspaces_have_two_keys():
    """V7"""
    rows = [workspaces.create_unowned(namespace=f"keyed-{secrets.token_hex(5)}", allowance=2) for _ in range(2)]
    first, second = (workspaces.key(row) for row in rows)
    assert first != second and len(first) == 32
    assert all(workspaces.key(row).hex() not in row.sealed_key for row in rows)
