"""One's own data in a real browser: exported, deleted, kept after all, deleted at once; and a page that updates."""

import io
import json
import zipfile

import pytest

from accounts.models import workspaces
from imgapis.models import erasures
from imgapis.privacy import certificates, erasure
from tests.browser.conftest import SITE
from tests.transforms.web_client import ask
from transforms.sources import named_sources

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web")]


def test_export_read_it_delete_keep_delete_at_once_and_hold_the_certificate(window, bucket, stripe_stub):
    """P17, P19"""
    owner = window("leaver")
    owner.sign_up()
    workspace = workspaces.of_namespace(owner.namespace)
    owner.go(f"/w/{owner.namespace}/data")
    with owner.page.expect_download() as download:
        owner.page.get_by_role("link", name="Download the export").click()
    archive = zipfile.ZipFile(io.BytesIO(open(download.value.path(), "rb").read()))  # noqa: SIM115 - read at once
    assert owner.namespace in archive.read("workspaces.jsonl").decode() and archive.read("README.txt")
    delete(owner, at_once=False)
    assert "It begins on" in owner.page.content()
    owner.go(f"/w/{owner.namespace}/data")
    owner.click("button", "Keep everything")
    assert erasures.find(workspace.workspace_id).state == "undone"
    delete(owner, at_once=True)
    address = owner.page.url
    finish(workspace.workspace_id)
    owner.page.goto(address)
    owner.click("link", "The certificate")
    certificate = certificates.verify(json.loads(owner.page.inner_text("body")))
    assert certificate["subject"] == workspace.workspace_id and owner.namespace not in json.dumps(certificate)
    assert owner.go(f"/w/{owner.namespace}/data") == 404
    assert owner.foreign == []


def delete(owner, at_once: bool) -> None:
    """Ask for the erasure on the page, confirmed by typing the namespace."""
    owner.go(f"/w/{owner.namespace}/data")
    owner.click("link", "Delete", exact=True)
    owner.confirm()
    owner.page.get_by_label(f"Type {owner.namespace} to confirm").fill(owner.namespace)
    if at_once:
        owner.page.get_by_label("At once").check()
    owner.click("button", "Delete", exact=True)
    assert "/privacy/erasures/" in owner.page.url


def finish(subject_id: str) -> None:
    """Run both sweeps of an erasure, without the day between them."""
    for _ in range(2):
        erasure_row = erasures.find(subject_id)
        erasures.change(erasure_row, erasure_row.state, due=0)
        erasure.process_due()


def test_the_latest_requests_appear_by_themselves(window, origin):
    """Within ten seconds, and without a violation of the page's CSP."""
    owner = window("watcher")
    owner.sign_up()
    workspace = workspaces.of_namespace(owner.namespace)
    named_sources.create(workspace.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    owner.page.clock.install()
    owner.go(f"/w/{owner.namespace}/usage")
    assert owner.page.get_by_text("Nothing yet.").count() == 1
    assert ask(owner.namespace, "/transform?src=shop/any/live.jpg&w=20").status == 200
    with owner.page.expect_response(lambda answer: "part=tail" in answer.url):
        owner.page.clock.fast_forward(10_500)
    owner.page.get_by_role("region", name="The latest requests").wait_for()
    assert owner.page.url == f"{SITE}/w/{owner.namespace}/usage"
    assert owner.page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert owner.complaints == [] and owner.foreign == []
