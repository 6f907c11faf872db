"""The work that one more code costs, done by a real browser (H9)."""

import pytest

from accounts.sessions import admission, throttles
from tests import people
from tests.browser.test_axe import violations

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web")]


@pytest.mark.parametrize("worked", [0, 3])
def test_a_browser_solves_what_the_page_holds_and_is_mailed_a_code(window, worked):
    """P09, V4: by our own script, with the one cookie; three codes for work later too."""
    owner = window("flooded")
    for _ in range(admission.FREE):
        throttles.free_at("login", owner.email, admission.FREE)
    for _ in range(worked):
        throttles.free_at("login worked", owner.email, admission.WORKED)
    owner.go("/login")
    owner.page.get_by_label("E-mail address").fill(owner.email)
    owner.page.get_by_role("button", name="Mail me a code").click()
    owner.page.wait_for_url("**/login/code", timeout=60_000)
    owner.page.get_by_label("Twelve-digit code").fill(people.newest_code(owner.email))
    owner.click("button", "Go on")
    assert owner.page.get_by_label("I am 16 or older.").count() and owner.complaints == [] and owner.foreign == []
    assert {cookie["name"] for cookie in owner.context.cookies()} == {"sessionid"}


def test_without_javascript_the_page_says_until_when_to_wait(window):
    visitor = window("plain", java_script_enabled=False)
    for _ in range(admission.FREE):
        throttles.free_at("login", visitor.email, admission.FREE)
    visitor.go("/login")
    visitor.page.get_by_label("E-mail address").fill(visitor.email)
    visitor.click("button", "Mail me a code")
    assert visitor.page.get_by_text("Without JavaScript, wait until").count()
    assert visitor.page.get_by_role("button", name="Mail me a code").is_enabled()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_that_asks_for_work_has_no_violation(window, width, scheme):
    visitor = window("whose-address-is-as-long-as-they-come", color_scheme=scheme)
    visitor.page.set_viewport_size({"width": width, "height": 900})
    visitor.page.route("**/work.js", lambda route: route.abort())  # it would go on to the next page
    for _ in range(admission.FREE):
        throttles.free_at("login", visitor.email, admission.FREE)
    visitor.go("/login")
    visitor.page.get_by_label("E-mail address").fill(visitor.email)
    visitor.click("button", "Mail me a code")
    assert violations(visitor.page) == []
    assert not visitor.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
