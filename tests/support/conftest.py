"""Staff for the tests: signed in, their second factor set up by the secret the page shows."""

import re

import pytest
from django_otp.oath import TOTP

from accounts.models import Staff
from accounts.people import people
from accounts.staff import staff
from imgapis.base import clock
from tests.people import Browser, fresh_address, sign_in


@pytest.fixture(autouse=True)
def mail_folder(settings):
    """Every mail is a file under VAR_DIR."""
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"


def code_of(address: str, ahead: int = 0) -> str:
    """The code of a staff member's app, now or `ahead` steps of 30 s later."""
    row = staff.member(people.of_email(address).person_id)
    app = TOTP(staff.secret(row))
    app.time = clock.now() + 30 * ahead
    return f"{app.token():06d}"


def rewind(address: str) -> None:
    """Let the current step's code be used again, so that a test need not wait for the next one (30 s)."""
    person_id = people.of_email(address).person_id
    Staff(person_id).update(actions=[Staff.last_t.set(int(clock.now()) // 30 - 9)], condition=Staff.is_present())


def hire(role: str) -> Browser:
    """The browser of a new staff member, signed in with both factors; it has `address`, `secret` and `recovery`."""
    browser = Browser()
    browser.address = fresh_address(f"staff-{role}")
    sign_in(browser, browser.address)
    staff.add(browser.address, role)
    page = browser.get("/admin/login/")
    assert page.status == 200, page.text
    browser.secret = re.search(r'id="secret">([A-Z2-7]+)<', page.text)[1]
    page = browser.post("/admin/login/", {"code": code_of(browser.address)})
    assert "Recovery codes" in page.text, page.text
    browser.recovery = re.findall(r"<code>([a-z2-7 ]{19})</code>", page.text)
    return browser


@pytest.fixture(scope="module")
def team(web) -> dict[str, Browser]:
    """The browser of one staff member for each role."""
    return {role: hire(role) for role in ("support", "billing", "admin")}
