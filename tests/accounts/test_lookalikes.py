"""Addresses that look like another one of the team are shown with a mark (H12)."""

import subprocess
import sys

import pytest

from accounts.people import email_addresses, lookalikes, people
from tests.accounts import teams
from tests.accounts.test_rest import Client
from tests.people import Browser, sign_in

PLAIN = "bob@example.com"


@pytest.mark.parametrize("local", ["bоb", "b0b", "bοb", "ᖯob"], ids=["cyrillic", "nought", "greek", "syllabics"])
def test_what_looks_like_an_address_of_the_team_says_so(local):
    address = f"{local}@example.org"
    assert lookalikes.marks([PLAIN, address]).get(address) in (f"looks like {PLAIN}", "mixes scripts")


def test_of_two_that_look_alike_the_plain_one_is_not_marked_and_of_two_plain_ones_both_are():
    assert lookalikes.marks([PLAIN, "bоb@example.com"]) == {"bоb@example.com": f"looks like {PLAIN}"}
    assert set(lookalikes.marks(["paypal@a.com", "paypa1@a.com"])) == {"paypal@a.com", "paypa1@a.com"}
    assert set(lookalikes.marks(["modern@a.com", "modem@a.com"])) == {"modern@a.com", "modem@a.com"}


@pytest.mark.parametrize(
    "addresses",
    [
        [PLAIN, "bob@example.org"],
        [PLAIN, "rob@example.com"],
        ["josé@a.com", "müller@a.com"],
        ["иван@a.com", PLAIN],
        ["田中ひろカ@a.com"],
        ["김철수abc@a.com"],
        ["γιώργος.1980@a.com"],
        ["محمد@a.com"],
        [],
        [PLAIN, PLAIN],
    ],
)
def test_ordinary_addresses_of_any_script_have_no_mark(addresses):
    assert lookalikes.marks([email_addresses.canonical(address) for address in addresses]) == {}


@pytest.mark.parametrize("local", ["раураl", "admin\u043e", "αdmin"])
def test_an_address_that_mixes_scripts_says_so(local):
    assert lookalikes.marks([f"{local}@example.com"]) == {f"{local}@example.com": "mixes scripts"}


def test_a_team_of_plain_addresses_does_not_read_the_tables_of_unicode():
    code = (
        "import sys; from accounts.people import lookalikes; lookalikes.marks(['bob@a.com', 'b0b@a.com']);"
        "assert 'confusable_homoglyphs' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_team_page_marks_members_and_invitations(web):
    browser, owner = Browser(), teams.new_person("alike")
    workspace = teams.new_workspace(owner)
    impostor = people.create(owner.email.replace("alike", "аlike"))
    teams.add(workspace, impostor, "viewer")
    teams.invited(workspace, owner, owner.email.replace("alike", "alіke"))
    sign_in(browser, owner.email)
    page = browser.get(f"/w/{workspace.namespace}/team")
    assert page.text.count(f"looks like {owner.email}") == 2
    assert browser.get(f"/w/{workspace.namespace}/team/transfer").text.count(f"looks like {owner.email}") == 1


def test_the_rest_api_warns_of_an_invited_address(web):
    client = Client()
    number = client.workspace.namespace
    for local, warning in ((f"ann{number}", None), (f"аnn{number}", f"looks like ann{number}@example.com")):
        reply, body = client.ask("POST", "/invites", {"email": f"{local}@example.com", "role": "viewer"})
        assert reply.status == 201 and body["warning"] == warning
