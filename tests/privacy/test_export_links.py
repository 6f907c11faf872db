"""The mailed link of an export: for whoever asked and still may, in their own session, for a day (D10)."""

import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, datetime

import pytest
from pynamodb.exceptions import DoesNotExist

from accounts import audit
from accounts.models import workspaces
from accounts.people import people
from accounts.sessions.sessions import SessionStore
from accounts.teams import team_changes
from imgapis.base import clock, dynamo
from imgapis.models import ExportLink
from imgapis.privacy import links
from tests.accounts import teams
from tests.people import TOKEN, Browser, fresh_address, mails, newest_code, sign_in

pytestmark = [pytest.mark.usefixtures("web"), pytest.mark.timeout(180)]


class Team:
    """An owner who asks for the link, a teammate who is an owner too, an admin, and a stranger: all signed in."""

    def __init__(self):
        self.address = {who: fresh_address(f"link-{who}") for who in ("owner", "second", "admin", "stranger")}
        self.browser = {who: Browser() for who in self.address}
        for who, browser in self.browser.items():
            sign_in(browser, self.address[who])
        self.person = {who: people.of_email(address) for who, address in self.address.items()}
        self.workspace = teams.new_workspace(self.person["owner"])
        teams.add(self.workspace, self.person["second"], "owner")
        teams.add(self.workspace, self.person["admin"], "admin")

    def mail_link(self, page: str = "") -> str:
        """Ask for the link as the owner does; its path, out of the mail."""
        page = page or f"/w/{self.workspace.namespace}/data/export-mail"
        assert self.browser["owner"].submit(page).status == 302
        text = mails(self.address["owner"])[-1].get_body().get_content()
        return re.search(r"(/account/exports/\S+)", text)[1]

    def status(self, who: str, path: str) -> int:
        """What somebody's browser is answered."""
        return self.browser[who].get(path).status


@pytest.fixture
def team() -> Team:
    """Fresh people: what one test takes from them no other misses."""
    return Team()


def row_of(path: str) -> ExportLink:
    return ExportLink.get(hashlib.sha256(path.rpartition("/")[2].encode()).hexdigest(), consistent_read=True)


def stale(browser: Browser) -> None:
    """Make a session's fresh code an old one."""
    session = SessionStore(next(iter(browser.cookies.values())))
    session["fresh_until"] = 0
    session.save()


def read(page) -> zipfile.ZipFile:
    assert page.status == 200 and page.headers["content-type"] == "application/zip"
    assert page.headers["cache-control"] == "no-store"
    return zipfile.ZipFile(io.BytesIO(page.body))


def test_it_works(team):
    """The mail has a link that streams the workspace as it is when it is opened, again and again."""
    path = team.mail_link()
    name = team.workspace.namespace
    assert name in read(team.browser["owner"].get(path)).read("workspaces.jsonl").decode()
    workspaces.change(team.workspace, business_name="Renamed meanwhile")
    assert "Renamed meanwhile" in read(team.browser["owner"].get(path)).read("workspaces.jsonl").decode()


def test_ones_own_account_is_mailed_too(team):
    path = team.mail_link("/account/data/export-mail")
    assert team.address["owner"] in read(team.browser["owner"].get(path)).read("people.jsonl").decode()
    assert team.status("second", path) == 404


def test_a_copied_link_is_404_for_a_teammate_who_is_an_owner_an_admin_a_stranger_and_nobody(team):
    """D10: they may export the workspace themselves, or not; this link is none of theirs."""
    path = team.mail_link()
    assert [team.status(who, path) for who in ("second", "admin", "stranger")] == [404, 404, 404]
    nobody = Browser().get(path)
    assert nobody.status == 404 and not nobody.cookies and "sign in" in nobody.text
    invented = path[:-4] + ("AAAA" if not path.endswith("AAAA") else "BBBB")
    assert team.browser["owner"].get(invented).status == 404
    pages = [TOKEN.sub("", team.browser["stranger"].get(each).body.decode()) for each in (path, invented)]
    assert pages[0] == pages[1], "a stranger does not learn whether there is such a link"


def test_another_session_of_the_same_person_proves_the_address_first(team):
    """D10: own session and a fresh code. The link is the person's, on whatever machine they read their mail."""
    path = team.mail_link()
    other = Browser()
    sign_in(other, team.address["owner"])
    stale(other)
    response = other.get(path)
    assert response.status == 302 and response.location == f"/account/confirm?next={path}"
    other.get(response.location)
    other.post(response.location)
    done = other.post(response.location, {"code": newest_code(team.address["owner"])})
    assert done.location == path and read(other.get(path))
    stale(team.browser["stranger"])
    assert team.status("stranger", path) == 404, "whoever has no right is not even asked"


def test_asking_for_the_link_takes_a_fresh_code_and_the_right(team):
    stale(team.browser["owner"])
    page = f"/w/{team.workspace.namespace}/data/export-mail"
    before = len(mails(team.address["owner"]))
    assert team.browser["owner"].get(page).location.startswith("/account/confirm")
    assert team.browser["owner"].post(page).location.startswith("/account/confirm")
    assert len(mails(team.address["owner"])) == before
    assert team.status("admin", page) == 403 and team.status("stranger", page) == 404


def test_the_link_is_over_after_a_day(team):
    """D10: compared when it is read; the row is still there."""
    path = team.mail_link()
    row = row_of(path)
    left = row.expires.timestamp() - clock.now()
    assert links.LIFE_SECONDS - 60 < left <= links.LIFE_SECONDS == 86_400
    past = datetime.fromtimestamp(int(clock.now()) - 1, UTC)
    row.update(actions=[ExportLink.expires.set(past)], condition=ExportLink.is_present())
    assert team.status("owner", path) == 404
    assert row_of(path).person_id == team.person["owner"].person_id


def test_the_link_ends_with_the_right_to_what_it_leads_to(team):
    """D10: an owner who became an admin, who left, whose session ended."""
    path = team.mail_link()
    team_changes.change_role(teams.place(team.workspace, team.person["owner"]), "admin")
    assert team.status("owner", path) == 404
    team_changes.change_role(teams.place(team.workspace, team.person["owner"]), "owner")
    assert team.status("owner", path) == 200
    team_changes.remove(teams.place(team.workspace, team.person["owner"]))
    assert team.status("owner", path) == 404
    own = team.mail_link("/account/data/export-mail")
    team.browser["owner"].submit("/account")
    team.browser["owner"].post("/logout")
    assert team.status("owner", own) == 404


def test_only_a_digest_of_the_link_is_stored(team):
    token = team.mail_link().rpartition("/")[2]
    assert len(token) >= 43, "256 bits"
    held = json.dumps(dynamo.connection().client.scan(TableName=ExportLink.Meta.table_name)["Items"], default=str)
    assert token not in held and hashlib.sha256(token.encode()).hexdigest() in held
    with pytest.raises(DoesNotExist):
        ExportLink.get(token)


def test_the_other_owners_see_that_the_data_were_asked_for(team):
    team.mail_link()
    entry = audit.newest(team.workspace.workspace_id, 1)[0]
    assert (entry.act, entry.actor) == ("export.mailed", team.person["owner"].person_id)
    assert "had the link of an export mailed" in team.browser["second"].get(f"/w/{team.workspace.namespace}/audit").text


def test_no_address_is_flooded_with_links(team):
    """A20: five links an hour."""
    page = f"/w/{team.workspace.namespace}/data/export-mail"
    for _ in range(8):
        team.browser["owner"].submit(page)
    assert len(mails(team.address["owner"])) == 5
    assert "within the hour" in team.browser["owner"].get(f"/w/{team.workspace.namespace}/data").text
