"""The way into the admin: every address without a second factor leads to the login (A16)."""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import staff
from tests.people import Browser, fresh_address, sign_in
from tests.support.conftest import code_of, hire, rewind

pytestmark = pytest.mark.usefixtures("web")


def paths(patterns, before: str = "") -> Iterator[str]:
    """Every address of the admin, its parameters filled in."""
    for entry in patterns:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from paths(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield "/" + plain(path)


def plain(pattern: str) -> str:
    """A pattern as an address."""
    pattern = re.sub(r"\^?\(\?P<app_label>([a-z]+)[^)]*\)/\$", r"\1/", pattern)
    pattern = re.sub(r"\(\?P<url>\.\*\)\$", "anything", pattern)
    return re.sub(r"<[^>]+>", "x", pattern)


ADMIN = next(entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/")
PATHS = sorted(set(paths(ADMIN.url_patterns, "admin/")) - {"/admin/login/"})


def test_the_list_of_addresses_is_whole():
    assert {"/admin/", "/admin/logout/", "/admin/jsi18n/", "/admin/find/", "/admin/anything"} <= set(PATHS)
    assert "/admin/accounts/workspacepage/x/change/" in PATHS and len(PATHS) > 60


@pytest.fixture(scope="module")
def halfway(web) -> list[Browser]:
    """Nobody, a customer, and staff who have only given the mail's code."""
    customer, enrolled, fresh = Browser(), hire("admin"), Browser()
    sign_in(customer, fresh_address("customer"))
    once_more = Browser()
    sign_in(once_more, enrolled.address)
    fresh.address = fresh_address("fresh")
    sign_in(fresh, fresh.address)
    staff.add(fresh.address, "admin")
    return [Browser(), customer, once_more, fresh]


@pytest.mark.parametrize("path", PATHS)
def test_every_address_without_a_second_factor_leads_to_the_login(path, halfway):
    """A16"""
    for browser in halfway:
        page = browser.get(path)
        to = ("/admin/login/?next=", "/admin/") if "logout" in path else ("/admin/login/?next=",)
        assert page.status == 302 and page.location.startswith(to), (path, page.status, page.text[:200])


def test_whoever_is_not_on_the_staff_finds_no_login():
    customer = Browser()
    sign_in(customer, fresh_address("customer"))
    assert customer.get("/admin/login/").status == 404


def test_nobody_signs_in_by_mail_first():
    assert Browser().get("/admin/login/?next=/admin/").location.startswith("/login?next=/admin/login/")


def test_staff_come_in_with_the_code_of_their_app():
    member = hire("support")
    assert member.get("/admin/").status == 200
    again = Browser()
    sign_in(again, member.address)
    rewind(member.address)
    assert again.submit("/admin/login/?next=/admin/accounts/", {"code": code_of(member.address)}).location == (
        "/admin/accounts/"
    )
    assert again.get("/admin/").status == 200
