"""Signing in to the admin: without a second factor every address redirects to the login (A16)."""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.staff import staff
from tests.people import Browser, fresh_address, sign_in
from tests.support.conftest import code_of, hire, rewind

pytestmark = pytest.mark.usefixtures("web")


def paths(patterns, prefix: str = "") -> Iterator[str]:
    """The path of every URL pattern, with its parameters filled in."""
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from paths(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield "/" + plain(path)


def plain(pattern: str) -> str:
    """A path that matches the pattern."""
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
    """Browsers of nobody, of a customer, and of two staff members who have entered only the code in the mail, one with
    a second factor and one without."""
    customer, enrolled_staff, new_staff = Browser(), hire("admin"), Browser()
    sign_in(customer, fresh_address("customer"))
    second_browser = Browser()
    sign_in(second_browser, enrolled_staff.address)
    new_staff.address = fresh_address("fresh")
    sign_in(new_staff, new_staff.address)
    staff.add(new_staff.address, "admin")
    return [Browser(), customer, second_browser, new_staff]


@pytest.mark.parametrize("path", PATHS)
def test_every_address_without_a_second_factor_leads_to_the_login(path, halfway):
    """A16"""
    for browser in halfway:
        page = browser.get(path)
        targets = ("/admin/login/?next=", "/admin/") if "logout" in path else ("/admin/login/?next=",)
        assert page.status == 302 and page.location.startswith(targets), (path, page.status, page.text[:200])


def test_whoever_is_not_on_the_staff_finds_no_login():
    customer = Browser()
    sign_in(customer, fresh_address("customer"))
    assert customer.get("/admin/login/").status == 404


def test_nobody_signs_in_by_mail_first():
    assert Browser().get("/admin/login/?next=/admin/").location.startswith("/login?next=/admin/login/")


def test_staff_come_in_with_the_code_of_their_app():
    member = hire("support")
    assert member.get("/admin/").status == 200
    second_browser = Browser()
    sign_in(second_browser, member.address)
    rewind(member.address)
    assert second_browser.submit("/admin/login/?next=/admin/accounts/", {"code": code_of(member.address)}).location == (
        "/admin/accounts/"
    )
    assert second_browser.get("/admin/").status == 200
