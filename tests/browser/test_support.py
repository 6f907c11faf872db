"""Support in a real browser: the second factor, a customer among many, credits with a reason, history, a request."""

import base64
import re
import time

import pytest
from django.contrib.admin.utils import quote
from django_otp.oath import TOTP

from accounts.models import Namespace, Staff, Workspace
from accounts.people import people
from accounts.staff import staff
from accounts.workspaces import workspaces
from imgapis.base import clock
from tests import environment
from tests.accounts import teams
from tests.browser.test_axe import check, violations

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web")]
CROWD = environment.count(500, 500, 10_000)


def secret_code(secret: str) -> str:
    """The code that an authenticator app shows for this base32 secret."""
    app = TOTP(base64.b32decode(secret + "=" * (-len(secret) % 8)))
    app.time = clock.now()
    return f"{app.token():06d}"


def hire(window, role: str):
    """The window of a new staff member, signed in with both factors set up on the pages."""
    staff_window = window(f"staff-{role}")
    staff_window.sign_up()
    staff.add(staff_window.email, role)
    staff_window.go("/admin/")
    secret = staff_window.page.locator("#secret").inner_text()
    staff_window.page.get_by_label("Code", exact=True).fill(secret_code(secret))
    staff_window.click("button", "Set up")
    staff_window.page.locator(".codes li").nth(9).wait_for()
    staff_window.click("link", "I have kept them")
    staff_window.page.get_by_role("heading", name="Support").wait_for()
    return staff_window


def crowd(count: int, prefix: str) -> Workspace:
    """Write `count` workspaces in batches; returns one more, which the test searches for."""
    row = teams.new_workspace(teams.new_person("found"))
    with Workspace.batch_write() as write, Namespace.batch_write() as claim:
        for number in range(count):
            workspace = workspaces._new_row(f"{prefix}-{number}", "Crowd", 10, owners=0)
            write.save(workspace)
            claim.save(Namespace(workspace.namespace, workspace_id=workspace.workspace_id))
    return row


def look_everywhere(staff_window, paths) -> None:
    """Check each page in each look: no violation of axe, of the CSP or of the width."""
    for path in paths:
        staff_window.go(path)
    # before axe, which writes styles of its own into the page
    check(staff_window, paths, staff_window.complaints)


@pytest.mark.timeout(120)
def test_support_finds_a_customer_gives_credits_and_sees_history(window):
    """A16, A17"""
    staff_window = hire(window, "support")
    row = crowd(CROWD, "crowd")
    staff_window.page.get_by_label("Find a customer").fill(row.namespace)
    started = time.monotonic()
    staff_window.click("button", "Find")
    staff_window.page.wait_for_url(f"**/admin/workspace/{row.workspace_id}/")
    print(f"found among {CROWD:,} workspaces in {time.monotonic() - started:.2f} s, page and all")
    staff_window.click("link", "Give credits")
    staff_window.page.get_by_label("Credits").fill("250")
    staff_window.page.get_by_label("Reason").fill("")
    staff_window.click("button", "Give credits")
    staff_window.page.get_by_text("Say why").wait_for()
    staff_window.page.get_by_label("Credits").fill("250")
    staff_window.page.get_by_label("Reason").fill("Our outage of last Tuesday")
    staff_window.click("button", "Give credits")
    staff_window.page.get_by_text("250 credits are given.").wait_for()
    staff_window.click("link", "History", exact=True)
    staff_window.page.wait_for_url("**/history/")
    staff_window.page.get_by_text("Our outage of last Tuesday").wait_for()
    assert staff_window.go(f"/admin/act/workspace/{row.workspace_id}/suspend/") == 403
    assert staff_window.go("/admin/accounts/memberofstaffpage/") == 403
    assert staff_window.complaints == [] and staff_window.foreign == []


@pytest.mark.timeout(300)
def test_every_page_of_the_admin_keeps_the_promises(window):
    """V4, V5, P09, P16"""
    staff_window = hire(window, "admin")
    row = teams.new_workspace(teams.new_person("seen"))
    person_id = people.of_email(staff_window.email).person_id
    paths = [
        "/admin/",
        f"/admin/workspace/{row.workspace_id}/",
        f"/admin/person/{person_id}/",
        "/admin/requests/new/",
        f"/admin/act/workspace/{row.workspace_id}/grant/",
        f"/admin/act/workspace/{row.workspace_id}/purge/",
        f"/admin/doctor/{row.workspace_id}/",
        "/admin/accounts/workspacepage/",
        f"/admin/accounts/workspacepage/{quote(row.workspace_id)}/change/",
        f"/admin/accounts/personpage/{quote(person_id)}/change/",
        f"/admin/accounts/workspacepage/{quote(row.workspace_id)}/history/",
        f"/admin/accounts/auditentrypage/?workspace_id={row.workspace_id}",
        "/admin/telemetry/eventpage/",
        "/admin/billing/counterpage/",
        "/admin/transforms/domainpage/",
        "/admin/accounts/",
    ]
    look_everywhere(staff_window, paths)
    assert staff_window.foreign == []
    assert {cookie["name"] for cookie in staff_window.context.cookies()} == {"sessionid"}
    assert staff_window.page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_way_in_keeps_the_promises(window):
    staff_window = window("staff-door")
    staff_window.sign_up()
    staff.add(staff_window.email, "support")
    look_everywhere(staff_window, ["/admin/login/"])
    secret = staff_window.page.locator("#secret").inner_text()
    assert re.fullmatch("[A-Z2-7]{32}", secret)
    staff_window.page.get_by_label("Code", exact=True).fill(secret_code(secret))
    staff_window.click("button", "Set up")
    assert violations(staff_window.page) == []
    row = staff.member(people.of_email(staff_window.email).person_id)
    row.update(actions=[Staff.last_t.set(0)], condition=Staff.is_present())
    staff_window.click("link", "I have kept them")
    assert staff_window.page.url.endswith("/admin/")
