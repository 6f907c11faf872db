"""The pages of sources, without JavaScript: set up, test, change, delete; wrong fields are told where they are."""

import pytest

from accounts import audit
from accounts.models import workspaces
from accounts.teams import roles
from tests import environment
from tests.people import person
from transforms.models import sources

PREFIX = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
S3 = {
    "name": "vault",
    "bucket": "pictures",
    "region": "eu-west-1",
    "prefix": "photos/",
    "access_key": "AKIAEXAMPLE",
    "secret_key": "my very secret",
}


@pytest.fixture(scope="module")
def owner(web, origin):
    """An owner's browser, the path of her workspace, and its id."""
    browser, address = person("sources")
    namespace = address.partition("@")[0]
    return browser, f"/w/{namespace}", workspaces.of_namespace(namespace).workspace_id


def test_a_source_is_set_up_tested_and_used(owner):
    browser, home, workspace_id = owner
    assert "No sources yet" in browser.get(f"{home}/sources").text
    kinds_page = browser.get(f"{home}/sources/new").text
    assert all(f"?kind={kind}" in kinds_page for kind in ("http", "s3", "r2"))
    reply = browser.submit(f"{home}/sources/new?kind=http", {"name": "photos", "prefix": PREFIX})
    assert (reply.status, reply.location) == (302, f"{home}/sources/photos")
    assert "is set up" in browser.follow(reply).text
    doctor_page = browser.post(f"{home}/sources/photos/doctor", {"path": "shoe.jpg"})
    assert (
        doctor_page.status == 200
        and "The picture arrives." in doctor_page.text
        and "320 × 200 pixels" in doctor_page.text
    )
    assert "/transform?src=photos/shoe.jpg&w=800" in doctor_page.text
    assert "photos" in browser.get(f"{home}/sources").text
    entry = audit.page(workspace_id).rows[0]
    assert (entry.act, entry.target, entry.after["prefix"]) == ("source.created", "photos", PREFIX)


def test_the_doctors_page_names_the_failing_step_and_keeps_the_path(owner):
    browser, home, _ = owner
    browser.submit(f"{home}/sources/new?kind=http", {"name": "ill", "prefix": PREFIX})
    page = browser.submit(f"{home}/sources/ill/doctor", {"path": "none.jpg"})
    assert page.status == 200 and "The server answered 404" in page.text and "source_missing" in page.text
    assert 'value="none.jpg"' in page.text and "An address that works" not in page.text
    assert browser.post(f"{home}/sources/ill/doctor", {"path": "../x"}).status == 400
    assert browser.post(f"{home}/sources/ill/doctor", {"path": ""}).status == 400


def test_a_wrong_field_is_told_at_the_field_and_what_was_typed_stays(owner):
    browser, home, workspace_id = owner
    page = browser.submit(f"{home}/sources/new?kind=s3", {**S3, "region": "Europe <b>"})
    assert page.status == 400 and "A region reads like" in page.text
    assert 'value="AKIAEXAMPLE"' in page.text and b"Europe &lt;b&gt;" in page.body
    assert "my very secret" not in page.text
    assert sources.find(workspace_id, "vault") is None


def test_a_secret_is_never_shown_again_and_stays_unless_a_new_one_is_given(owner):
    browser, home, workspace_id = owner
    browser.submit(f"{home}/sources/new?kind=s3", S3)
    page = browser.get(f"{home}/sources/vault")
    row = sources.find(workspace_id, "vault")
    assert "AKIAEXAMPLE" in page.text and "s3:GetObject" in page.text
    assert "my very secret" not in page.text and row.sealed_secret not in page.text
    reply = browser.post(f"{home}/sources/vault", {**S3, "secret_key": "", "bucket": "others"})
    assert reply.status == 302
    new_row = sources.find(workspace_id, "vault")
    assert (new_row.bucket, new_row.sealed_secret, new_row.revision) == ("others", row.sealed_secret, row.revision + 1)
    entry = audit.page(workspace_id).rows[0]
    assert (entry.before["bucket"], entry.after["bucket"]) == ("pictures", "others")
    assert "AKIAEXAMPLE" not in str(entry.attribute_values) and "secret" not in str(entry.attribute_values)


def test_a_source_is_deleted_by_post_after_a_question(owner):
    browser, home, workspace_id = owner
    browser.submit(f"{home}/sources/new?kind=http", {"name": "old", "prefix": PREFIX})
    assert "Delete the source old?" in browser.get(f"{home}/sources/old/delete").text
    assert sources.find(workspace_id, "old") is not None
    assert browser.post(f"{home}/sources/old/delete").location == f"{home}/sources"
    assert sources.find(workspace_id, "old") is None
    assert browser.get(f"{home}/sources/old").status == 404


def test_fields_nobody_asks_for_change_nothing(owner):
    """A10"""
    browser, home, workspace_id = owner
    extra = {"source_id": "src_mine", "workspace_id": "ws_other", "revision": "99", "kind": "s3"}
    browser.submit(f"{home}/sources/new?kind=http", {"name": "plain", "prefix": PREFIX, **extra})
    row = sources.find(workspace_id, "plain")
    assert (row.kind, int(row.revision)) == ("http", 1) and row.source_id != "src_mine"


def test_setting_up_sources_is_for_those_who_may():
    assert [role for role in roles.ROLES if roles.allows(role, "sources.edit")] == ["owner", "admin", "developer"]


def test_how_long_its_pictures_live_is_set_on_its_page_and_makes_nothing_anew(owner):
    """P08: without a new revision; what is typed wrong stays and is told at the field."""
    browser, home, workspace_id = owner
    browser.submit(f"{home}/sources/new?kind=http", {"name": "timed", "prefix": PREFIX})
    page = browser.get(f"{home}/sources/timed").text
    assert "How long pictures live" in page and 'name="origin_cache_control"' in page and " checked>" not in page
    for ttl in ("59", "31536001", "-1", "an hour"):
        refused = browser.post(f"{home}/sources/timed", {"act": "lifetime", "ttl": ttl})
        assert refused.status == 400 and f'value="{ttl}"' in refused.text
        assert "31536000 seconds" in refused.text or "Enter a number of seconds" in refused.text
        assert f'value="{PREFIX}"' in refused.text
    reply = browser.post(
        f"{home}/sources/timed",
        {"act": "lifetime", "ttl": "3600", "origin_cache_control": "on", "prefix": "https://x/"},
    )
    assert reply.status == 302 and "The lifetime is saved." in browser.follow(reply).text
    row = sources.find(workspace_id, "timed")
    assert (int(row.ttl), row.origin_cache_control, int(row.revision), row.prefix) == (3600, True, 1, PREFIX)
    entry = audit.page(workspace_id).rows[0]
    assert (entry.act, entry.before["ttl"], entry.after["ttl"]) == ("source.changed", 0, 3600)
    assert (entry.before["origin_cache_control"], entry.after["origin_cache_control"]) == (False, True)
    shown = browser.get(f"{home}/sources/timed").text
    assert 'value="3600"' in shown and " checked>" in shown
    browser.post(f"{home}/sources/timed", {"prefix": PREFIX + "any/"})
    row = sources.find(workspace_id, "timed")
    assert (int(row.ttl), row.origin_cache_control, int(row.revision)) == (3600, True, 2)
    browser.post(f"{home}/sources/timed", {"act": "lifetime", "ttl": ""})
    row = sources.find(workspace_id, "timed")
    assert (int(row.ttl), row.origin_cache_control, int(row.revision)) == (0, False, 2)


def test_how_long_its_pictures_live_can_be_set_with_a_new_source(owner):
    """P08"""
    browser, home, workspace_id = owner
    form = {"name": "young", "prefix": PREFIX, "ttl": "59", "origin_cache_control": "on"}
    refused = browser.submit(f"{home}/sources/new?kind=http", form)
    assert refused.status == 400 and "31536000 seconds" in refused.text
    assert 'value="59"' in refused.text and "checked" in refused.text and f'value="{PREFIX}"' in refused.text
    assert browser.submit(f"{home}/sources/new?kind=http", {**form, "ttl": "3600"}).status == 302
    row = sources.find(workspace_id, "young")
    assert (int(row.ttl), row.origin_cache_control, int(row.revision)) == (3600, True, 1)
    browser.submit(f"{home}/sources/new?kind=http", {"name": "lasting", "prefix": PREFIX})
    row = sources.find(workspace_id, "lasting")
    assert (int(row.ttl), row.origin_cache_control) == (0, False)
