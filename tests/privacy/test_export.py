"""The export is whole, holds no secret, and is the owner's alone (P17, D10)."""

import csv
import io
import json
import zipfile

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.sessions.sessions import SessionStore
from accounts.workspaces import workspaces
from imgapis.base import clock, tokens
from imgapis.models import PrivacyRequest, erasures
from imgapis.policy import requests
from imgapis.privacy import certificates, erasure, export, registry
from tests.accounts import teams
from tests.people import Browser, newest_code, person
from transforms.sources import named_sources


def opened(pieces) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_every_row_and_every_exported_attribute_is_in_it_and_no_secret(dynamodb):
    """P17: what the registry finds is what the zip holds, value by value; access keys and sealed secrets are not."""
    owner = teams.new_person("exporter")
    row = workspaces.create(owner.person_id, namespace=f"ex-{tokens.random_id('x')[2:14]}", business_name="=cmd()")
    named_sources.create(
        row.workspace_id,
        name="shop",
        kind="http",
        prefix="https://canary.example/",
        ttl=3600,
        origin_cache_control=True,
    )
    for kind, subject_id in (("workspace", row.workspace_id), ("person", owner.person_id)):
        archive = opened(export.stream(kind, subject_id))
        held = {name: archive.read(name).decode() for name in archive.namelist()}
        for holding in registry.HOLDINGS:
            find, names = registry.find(kind, holding), export.exported(holding.row)
            if find is None or not names:
                continue
            lines = held[holding.row.Meta.table_name.partition("-")[2] + ".jsonl"].splitlines()
            assert len(lines) == len(list(find(subject_id)))
            assert all(set(json.loads(line)) == set(names) for line in lines)
        if kind == "workspace":
            (source,) = map(json.loads, held["sources.jsonl"].splitlines())
            assert (source["ttl"], source["origin_cache_control"]) == (3600, True)
            assert json.loads(held["workspaces.jsonl"])["origin_cache_control"] is False
        whole = "".join(held.values())
        assert row.sealed_key not in whole and "sealed" not in "".join(held)
    assert owner.email in held["people.jsonl"]


def test_a_request_that_was_recorded_before_the_account_is_in_the_export_of_its_address(dynamodb):
    """P17, H24"""
    owner = teams.new_person("asked")
    request_id = requests.record(law="gdpr", kind="access", address=owner.email, received=clock.now()).request_id
    PrivacyRequest(request_id).update(actions=[PrivacyRequest.person_id.remove()])
    lines = opened(export.stream("person", owner.person_id)).read("requests.jsonl").decode()
    assert request_id in lines


def test_a_cell_that_looks_like_a_formula_begins_with_an_apostrophe(dynamodb):
    """A18"""
    owner = teams.new_person("exporter")
    row = workspaces.create(owner.person_id, namespace=f"ex-{tokens.random_id('x')[2:14]}", business_name="=cmd()")
    text = opened(export.stream("workspace", row.workspace_id)).read("workspaces.csv").decode()
    (line,) = csv.DictReader(io.StringIO(text))
    assert line["business_name"] == "'=cmd()"


@pytest.mark.timeout(120)
def test_the_owner_alone_gets_it_after_a_fresh_code(web):
    """D10: the owner after a code; a stranger with the copied link gets 404; a fresh code is asked for."""
    owner, address = person("exporting")
    name = owner.follow(owner.get("/workspaces")).text.split("/w/")[1].split("/")[0]
    path = f"/w/{name}/data/export.zip"
    session = SessionStore(next(iter(owner.cookies.values())))
    session["fresh_until"] = 0
    session.save()
    response = owner.get(path)
    assert response.status == 302 and response.location.startswith("/account/confirm")
    owner.get(response.location)
    owner.post(response.location)
    owner.post(response.location, {"code": newest_code(address)})
    got = owner.get(path)
    assert got.status == 200 and got.headers["cache-control"] == "no-store"
    assert name in opened([got.body]).read("workspaces.jsonl").decode()
    stranger, _ = person("copying")
    assert stranger.get(path).status == 404
    assert Browser().get(path).status == 302


@pytest.mark.timeout(120)
def test_a_workspace_is_deleted_from_the_dashboard_taken_back_and_deleted_at_once(web):
    """P19: the name is typed, the deletion can be taken back, and at once is at once."""
    owner, _ = person("deleting")
    name = owner.follow(owner.get("/workspaces")).text.split("/w/")[1].split("/")[0]
    row = workspace_rows.of_namespace(name)
    assert owner.submit(f"/w/{name}/data/erase", {"name": "other"}).status == 400
    assert erasures.find(row.workspace_id) is None
    assert owner.submit(f"/w/{name}/data/erase", {"name": name}).status == 302
    page = owner.get(f"/w/{name}/data")
    assert "Deletion is scheduled" in page.text
    owner.post(f"/w/{name}/data/keep")
    assert erasures.find(row.workspace_id).state == "undone"
    owner.submit(f"/w/{name}/data/erase", {"name": name, "at_once": "on"})
    erasure.process_due()
    assert owner.get(f"/w/{name}/data").status == 404
    assert Browser().get(f"/privacy/certificates/{row.workspace_id}").status == 404, "swept once is not done"


def test_the_inventory_and_the_keys_are_published(web):
    """P02: the data map for machines and people; the keys that verify certificates."""
    assert Browser().get("/.well-known/data-map.json").status == 200
    assert json.loads(Browser().get("/.well-known/erasure-keys.json").body)["keys"] == certificates.published()
    page = Browser().get("/privacy/data")
    assert page.status == 200 and not page.cookies and "sealed_key" in page.text
