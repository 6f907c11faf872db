"""Staff for the tests: signed in at the front door, their second factor set up by the secret the page shows."""

import re

import pytest
from django_otp.oath import TOTP

from accounts import people, staff
from accounts.rows.staff import Staff
from imgapis.base import clock
from tests.people import Browser, fresh_address, sign_in


@pytest.fixture(autouse=True)
def mail_folder(settings):
    """Every mail is a file under VAR_DIR."""
    settings.EMAIL_BACKEND = "imgapis.base.mailbox.FolderBackend"


def code_of(address: str, ahead: int = 0) -> str:
    """A code of somebody's app, now or some steps ahead."""
    row = staff.member(people.of_email(address).person_id)
    app = TOTP(staff.secret(row))
    app.time = clock.now() + 30 * ahead
    return f"{app.token():06d}"


def rewind(address: str) -> None:
    """Let the running step's code be used again: a test need not wait for half a minute."""
    person_id = people.of_email(address).person_id
    Staff(person_id).update(actions=[Staff.last_t.set(int(clock.now()) // 30 - 9)], condition=Staff.person_id.exists())


def hire(role: str) -> Browser:
    """Somebody new on the staff, through both factors; `address` on the browser."""
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
    """One of each staff role."""
    return {role: hire(role) for role in ("support", "billing", "admin")}
