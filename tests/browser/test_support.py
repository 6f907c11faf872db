"""Support in a real browser: the second factor, a customer among many, credits with a reason, history, a request."""

import base64
import re
import time

import pytest
from django.contrib.admin.utils import quote
from django_otp.oath import TOTP

from accounts import people, staff, workspaces
from accounts.models import Namespace, Workspace
from accounts.rows.staff import Staff
from imgapis.base import clock
from tests import environment
from tests.accounts import teams
from tests.browser.test_axe import check, violations

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web")]
CROWD = environment.count(500, 500, 10_000)


def secret_code(secret: str) -> str:
    """What an authenticator app shows for a secret typed in by hand."""
    app = TOTP(base64.b32decode(secret + "=" * (-len(secret) % 8)))
    app.time = clock.now()
    return f"{app.token():06d}"


def hired(window, role: str):
    """A window of somebody new on the staff, through both factors, by what the pages show."""
    opened = window(f"staff-{role}")
    opened.sign_up()
    staff.add(opened.email, role)
    opened.go("/admin/")
    secret = opened.page.locator("#secret").inner_text()
    opened.page.get_by_label("Code", exact=True).fill(secret_code(secret))
    opened.page.get_by_role("button", name="Set up").click()
    opened.page.locator(".codes li").nth(9).wait_for()
    opened.page.get_by_role("link", name="I have kept them").click()
    opened.page.get_by_role("heading", name="Support").wait_for()
    return opened


def crowd(many: int, named: str) -> Workspace:
    """Many workspaces by batches, and one to be found."""
    row = teams.new_workspace(teams.new_person("found"))
    with Workspace.batch_write() as write, Namespace.batch_write() as claim:
        for number in range(many):
            made = workspaces._fresh(f"{named}-{number}", "Crowd", 10, owners=0)
            write.save(made)
            claim.save(Namespace(made.namespace, workspace_id=made.workspace_id))
    return row


def look_everywhere(opened, paths) -> None:
    """Each page at two widths and in two lights: no violation of axe, of the policy or of the width."""
    for path in paths:
        opened.go(path)
    # before axe, which writes styles of its own into the page
    check(opened, paths, opened.complaints)


@pytest.mark.timeout(120)
def test_support_finds_a_customer_gives_credits_and_sees_history(window):
    """A16, A17"""
    opened = hired(window, "support")
    row = crowd(CROWD, "crowd")
    opened.page.get_by_label("Find a customer").fill(row.namespace)
    begun = time.monotonic()
    opened.page.get_by_role("button", name="Find").click()
    opened.page.wait_for_url(f"**/admin/workspace/{row.workspace_id}/")
    print(f"found among {CROWD:,} workspaces in {time.monotonic() - begun:.2f} s, page and all")
    opened.page.get_by_role("link", name="Give credits").click()
    opened.page.get_by_label("Credits").fill("250")
    opened.page.get_by_label("Reason").fill("")
    opened.page.get_by_role("button", name="Give credits").click()
    opened.page.get_by_text("Say why").wait_for()
    opened.page.get_by_label("Credits").fill("250")
    opened.page.get_by_label("Reason").fill("Our outage of last Tuesday")
    opened.page.get_by_role("button", name="Give credits").click()
    opened.page.get_by_text("250 credits are given.").wait_for()
    opened.page.get_by_role("link", name="History", exact=True).click()
    opened.page.wait_for_url("**/history/")
    opened.page.get_by_text("Our outage of last Tuesday").wait_for()
    assert opened.go(f"/admin/act/workspace/{row.workspace_id}/suspend/") == 403
    assert opened.go("/admin/accounts/memberofstaffpage/") == 403
    assert opened.complaints == [] and opened.foreign == []


@pytest.mark.timeout(300)
def test_every_page_of_the_admin_keeps_the_promises(window):
    """V4, V5, P09, P16"""
    opened = hired(window, "admin")
    row = teams.new_workspace(teams.new_person("seen"))
    person_id = people.of_email(opened.email).person_id
    paths = [
        "/admin/", f"/admin/workspace/{row.workspace_id}/", f"/admin/person/{person_id}/", "/admin/requests/new/",
        f"/admin/act/workspace/{row.workspace_id}/grant/", f"/admin/act/workspace/{row.workspace_id}/purge/",
        f"/admin/doctor/{row.workspace_id}/", "/admin/accounts/workspacepage/",
        f"/admin/accounts/workspacepage/{quote(row.workspace_id)}/change/",
        f"/admin/accounts/personpage/{quote(person_id)}/change/",
        f"/admin/accounts/workspacepage/{quote(row.workspace_id)}/history/",
        f"/admin/accounts/auditentrypage/?workspace_id={row.workspace_id}", "/admin/telemetry/eventpage/",
        "/admin/billing/counterpage/", "/admin/transforms/domainpage/", "/admin/accounts/",
    ]  # fmt: skip
    look_everywhere(opened, paths)
    assert opened.foreign == []
    assert {cookie["name"] for cookie in opened.context.cookies()} == {"sessionid"}
    assert opened.page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_way_in_keeps_the_promises(window):
    opened = window("staff-door")
    opened.sign_up()
    staff.add(opened.email, "support")
    look_everywhere(opened, ["/admin/login/"])
    secret = opened.page.locator("#secret").inner_text()
    assert re.fullmatch("[A-Z2-7]{32}", secret)
    opened.page.get_by_label("Code", exact=True).fill(secret_code(secret))
    opened.page.get_by_role("button", name="Set up").click()
    assert violations(opened.page) == []
    row = staff.member(people.of_email(opened.email).person_id)
    row.update(actions=[Staff.last_t.set(0)], condition=Staff.person_id.exists())
    opened.page.get_by_role("link", name="I have kept them").click()
    assert opened.page.url.endswith("/admin/")
