"""The customer's first quarter of an hour, in a real browser (issue: accounts)."""

import re

import pytest

from tests import environment, people

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web")]
COOKIES = {"sessionid"}


def test_sign_up_add_a_source_run_the_doctor_and_open_the_picture(window, origin):
    """P09, P16, V4, V5"""
    owner = window("owner")
    owner.sign_up_by_code()
    assert owner.page.url.endswith(f"/w/{owner.namespace}/")
    owner.go(f"/w/{owner.namespace}/sources/new?kind=http")
    owner.page.get_by_label("Name").fill("shop")
    owner.page.get_by_label("URL prefix").fill(f"http://127.0.0.1:{origin.port}/")
    owner.click("button", "Add the source")
    owner.go(f"/w/{owner.namespace}/sources/shop/doctor")
    owner.page.get_by_label("Path of a picture").fill("shoe.jpg")
    owner.click("button", "Test this picture")
    assert owner.page.get_by_text(f"{owner.namespace}.localhost").count()
    assert owner.complaints == []
    address = f"http://{owner.namespace}.localhost:{environment.WEB_PORT}/transform?src=shop/shoe.jpg&w=80"
    owner.page.goto(address)
    assert owner.page.evaluate("document.images[0].naturalWidth") == 80
    assert {cookie["name"] for cookie in owner.context.cookies()} == COOKIES
    assert owner.foreign == []


def test_a_teammate_accepts_by_code_and_sees_what_the_role_allows(window):
    """A11"""
    owner, teammate = window("owner"), window("teammate")
    owner.sign_up()
    owner.go(f"/w/{owner.namespace}/team")
    owner.page.get_by_label("E-mail address").fill(teammate.email)
    owner.page.get_by_label("Role", exact=True).select_option("viewer")
    owner.click("button", "Send the invitation")
    link = re.search(r"/invites/\S+", people.mails(teammate.email)[-1].get_body().get_content())[0]
    teammate.sign_in_by_code(link)
    teammate.page.get_by_label("I am 16 or older.").check()
    teammate.click("button", "Begin")
    teammate.click("button", "Join")
    assert teammate.page.url.endswith(f"/w/{owner.namespace}/")
    links = teammate.page.get_by_role("navigation", name="Workspace").get_by_role("link").all_inner_texts()
    assert "Team" in links and not {"Settings", "API keys", "Audit log"} & set(links)
    assert teammate.go(f"/w/{owner.namespace}/settings") == 403
    assert teammate.go(f"/w/{owner.namespace}/team") == 200


def test_without_javascript_the_essential_acts_work(window):
    visitor = window("plain", java_script_enabled=False)
    visitor.sign_up_by_code()
    assert visitor.page.url.endswith(f"/w/{visitor.namespace}/")
    visitor.go("/account")
    visitor.click("button", "Sign out")
    assert visitor.page.url.endswith("/login")


def test_a_public_page_and_a_picture_leave_no_cookie(window):
    """P16"""
    stranger = window("stranger")
    for path in ("/", "/docs", "/docs/errors", "/status", "/nowhere"):
        stranger.go(path)
    assert stranger.context.cookies() == [] and stranger.foreign == []
    assert stranger.page.evaluate("localStorage.length + sessionStorage.length") == 0
