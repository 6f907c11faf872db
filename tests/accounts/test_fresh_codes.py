"""Every page that asks for a fresh code, walked with a confirmation that is over: each sends back to confirm (H24)."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, get_resolver, reverse

from accounts.models import workspaces as workspace_rows
from accounts.people import people
from accounts.sessions.sessions import SessionStore
from accounts.workspaces import workspaces
from imgapis.base import clock
from tests.people import Browser, fresh_address, mails, sign_in

WORKSPACE_PAGES = ("team-transfer", "keys", "signing", "data-export", "data-export-mail", "data-erase")
ACCOUNT_PAGES = ("account-email", "account-email-code", "account-export", "account-export-mail", "account-erase")
# Asked for inside the view, since only the person to whom the link was mailed learns that there is one.
MAILED_LINK = "export-link"
PAGES = (*WORKSPACE_PAGES, *ACCOUNT_PAGES, MAILED_LINK)
METHODS = {"data-export": ("GET",), "account-export": ("GET",), MAILED_LINK: ("GET",)}


def url_patterns(patterns=None) -> Iterator[URLPattern]:
    """Every route of the site with its view."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLPattern):
            yield entry
        else:
            yield from url_patterns(entry.url_patterns)


def set_confirmation(browser: Browser, until: float) -> None:
    """Let the confirmation of the browser's session end at a moment."""
    session = SessionStore(next(iter(browser.cookies.values())))
    session["fresh_until"] = until
    session.save()


@pytest.fixture(scope="module")
def owner(web) -> Browser:
    """An owner who is signed in; `paths` has the path of every page."""
    browser, browser.address = Browser(), fresh_address("confirming")
    sign_in(browser, browser.address)
    person = people.of_email(browser.address)
    ((row, _),) = workspaces.of_person(person.person_id)
    browser.workspace_id = row.workspace_id
    assert browser.submit(reverse("account-export-mail")).status == 302
    token = newest_link(browser.address)
    browser.paths = {name: reverse(name, args=[row.namespace]) for name in WORKSPACE_PAGES}
    browser.paths |= {name: reverse(name) for name in ACCOUNT_PAGES} | {MAILED_LINK: reverse(MAILED_LINK, args=[token])}
    return browser


def newest_link(address: str) -> str:
    """The token of the link of an export in the newest mail."""
    return mails(address)[-1].get_body().get_content().partition("/account/exports/")[2].split()[0]


def test_the_pages_that_ask_for_a_fresh_code_are_these():
    """H24: taking the demand off a page, or putting it on another, is seen here."""
    marked = {entry.name for entry in url_patterns() if getattr(entry.callback, "fresh_code", False)}
    assert marked == set(PAGES) - {MAILED_LINK}


@pytest.mark.parametrize("name", PAGES)
def test_an_old_confirmation_opens_none_of_them_and_does_nothing(owner, name):
    """H24, A6: whatever the page would do, it asks for the code first, and comes back to where one was."""
    owner.get("/account")
    set_confirmation(owner, clock.now() - 1)
    fields = {
        "email": fresh_address("thief"),
        "name": owner.address,
        "at_once": "on",
        "act": "on",
        "scopes": "usage.read",
    }
    before = workspace_rows.find(owner.workspace_id).attribute_values
    for method in METHODS.get(name, ("GET", "POST")):
        page = owner.get(owner.paths[name]) if method == "GET" else owner.post(owner.paths[name], fields)
        assert (page.status, page.location) == (302, f"/account/confirm?next={owner.paths[name]}")
    assert workspace_rows.find(owner.workspace_id).attribute_values == before
    assert owner.get(f"/privacy/erasures/{people.of_email(owner.address).person_id}").status == 404


@pytest.mark.parametrize("name", [name for name in PAGES if name != "account-email-code"])
def test_a_confirmation_that_still_holds_opens_each(owner, name):
    """So that the test above does not pass for want of a page."""
    set_confirmation(owner, clock.now() + 60)
    assert owner.get(owner.paths[name]).status == 200
