"""The work that one more code costs, done by a real browser (H9)."""

import pytest

from accounts.sessions import admission, throttles
from tests import people

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
    owner.page.get_by_label("Eight-digit code").fill(people.newest_code(owner.email))
    owner.page.get_by_role("button", name="Go on").click()
    assert owner.page.get_by_label("I am 16 or older.").count() and owner.complaints == [] and owner.foreign == []
    assert {cookie["name"] for cookie in owner.context.cookies()} == {"sessionid"}


def test_without_javascript_the_page_says_until_when_to_wait(window):
    visitor = window("plain", java_script_enabled=False)
    for _ in range(admission.FREE):
        throttles.free_at("login", visitor.email, admission.FREE)
    visitor.go("/login")
    visitor.page.get_by_label("E-mail address").fill(visitor.email)
    visitor.page.get_by_role("button", name="Mail me a code").click()
    assert visitor.page.get_by_text("Without JavaScript, wait until").count()
    assert visitor.page.get_by_role("button", name="Mail me a code").is_enabled()
