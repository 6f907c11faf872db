"""The pages of custom domains, without JavaScript: the records to set, why a domain waits, its removal."""

import pytest

from accounts.models import workspaces
from tests.people import person
from tests.transforms.domain_world import fresh_domain
from transforms.domains import custom_domains
from transforms.models import domains


@pytest.fixture(scope="module")
def owner(web):
    """An owner's browser and the path of her workspace."""
    browser, address = person("domains")
    return browser, f"/w/{address.partition('@')[0]}"


def test_a_domain_is_added_with_the_records_to_set_and_removed(owner):
    browser, home = owner
    name = fresh_domain()
    assert "No domains yet" in browser.get(f"{home}/domains").text
    reply = browser.post(f"{home}/domains", {"domain": name.upper()})
    assert (reply.status, reply.location) == (302, f"{home}/domains/{name}")
    page = browser.follow(reply).text
    row = domains.find(name)
    for text in (f"_imgapis.{name}", f"imgapis-verification={row.txt_token}", "cdn.localhost", "waits for DNS"):
        assert text in page
    assert name in browser.get(f"{home}/domains").text
    assert f"Remove {name}?" in browser.get(f"{home}/domains/{name}/remove").text
    assert domains.find(name) is not None
    assert browser.post(f"{home}/domains/{name}/remove").location == f"{home}/domains"
    assert domains.find(name) is None


@pytest.mark.parametrize("text", ["", "https://img.shop.example/", "127.0.0.1", "demo.localhost", "*.shop.example"])
def test_a_text_that_cannot_be_a_domain_is_told_at_the_field(owner, text):
    browser, home = owner
    page = browser.submit(f"{home}/domains", {"domain": text})
    assert (page.status == 400 and 'id="id_domain_error"' in page.text and f'value="{text}"' in page.text) or not text


def test_a_domain_of_somebody_else_is_not_here(owner, stranger):
    """A9"""
    browser, home = owner
    row = custom_domains.add(stranger.workspace_id, fresh_domain(), "person")
    page = browser.submit(f"{home}/domains", {"domain": row.domain})
    assert page.status == 400 and "another workspace" in page.text
    for path in ("", "/remove"):
        assert browser.get(f"{home}/domains/{row.domain}{path}").status == 404
    for path in ("/check", "/remove"):
        assert browser.post(f"{home}/domains/{row.domain}{path}").status == 404
    assert domains.find(row.domain).workspace_id == stranger.workspace_id
    assert workspaces.find(stranger.workspace_id)


def test_a_check_says_what_is_missing_until_nothing_is(owner, resolver):
    browser, home = owner
    name = fresh_domain()
    browser.submit(f"{home}/domains", {"domain": name})
    row = domains.find(name)
    assert "TXT record is not there yet" in page_after_check(browser, home, row)
    resolver.prove(name, row.txt_token)
    assert "does not lead to cdn.localhost yet" in page_after_check(browser, home, row)
    resolver.records[name, "CNAME"] = ["cdn.localhost."]
    assert "The domain is active" in page_after_check(browser, home, row)


def page_after_check(browser, home: str, row) -> str:
    """The page after a check; the pause between two checks has passed."""
    domains.save_check(domains.find(row.domain), checked=0)
    page = browser.follow(browser.post(f"{home}/domains/{row.domain}/check"))
    return page.text
