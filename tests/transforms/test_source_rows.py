"""Setting up named sources: each wrong field is named, a change serves no old picture, a deletion no later one."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import workspaces
from imgapis.base import tokens
from imgapis.base.errors import ApiError
from imgapis.base.outbound import resolution
from transforms.models import sources
from transforms.sources import named_sources

HTTP = {"kind": "http", "prefix": "https://shop.example/photos/"}
S3 = {
    "kind": "s3",
    "bucket": "pictures",
    "region": "eu-west-1",
    "prefix": "photos/",
    "access_key": "AKIAEXAMPLE",
    "secret_key": "a secret",
}
R2 = {**S3, "kind": "r2", "region": "0" * 32}


@pytest.mark.parametrize("fields", [HTTP, S3, {**S3, "prefix": ""}, R2, {**R2, "region": "0" * 32 + ".eu"}])
def test_each_kind_of_source_can_be_set_up(workspace, fields):
    row = named_sources.create(workspace.workspace_id, name="photos", **fields)
    stored_row = sources.find(workspace.workspace_id, "photos")
    assert (stored_row.kind, stored_row.prefix, int(stored_row.revision)) == (fields["kind"], fields["prefix"], 1)
    if "secret_key" in fields:
        assert "a secret" not in stored_row.sealed_secret and tokens.unseal(stored_row.sealed_secret) == b"a secret"
    assert not {"AKIAEXAMPLE", "a secret"} & set(named_sources.public_fields(row).values())


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({**HTTP, "name": "Photos"}, "name"),
        ({**HTTP, "name": ""}, "name"),
        ({**HTTP, "name": "new"}, "name"),
        ({**HTTP, "kind": "ftp"}, "kind"),
        ({**HTTP, "prefix": "https://shop.example/photos"}, "prefix"),
        ({**HTTP, "prefix": "https://shop.example/?path=/"}, "prefix"),
        ({**HTTP, "prefix": "shop.example/"}, "prefix"),
        ({**HTTP, "prefix": "https://me:pw@shop.example/"}, "prefix"),
        ({**HTTP, "prefix": "https://demo.localhost/"}, "prefix"),
        ({**HTTP, "prefix": "https://shop.example/" + "a" * 1024 + "/"}, "prefix"),
        ({**S3, "bucket": "Pictures"}, "bucket"),
        ({**S3, "region": "evil.test/"}, "region"),
        ({**R2, "region": "eu-west-1"}, "region"),
        ({**S3, "prefix": "/photos/"}, "prefix"),
        ({**S3, "prefix": "a/../b/"}, "prefix"),
        ({**S3, "access_key": ""}, "access_key"),
        ({**S3, "access_key": "AKIA EXAMPLE"}, "access_key"),
        ({**S3, "secret_key": ""}, "secret_key"),
    ],
)
def test_a_wrong_field_is_named(workspace, fields, param):
    with pytest.raises(named_sources.InvalidSourceSetting) as excinfo:
        named_sources.create(workspace.workspace_id, **{"name": "photos", **fields})
    assert excinfo.value.param == param
    assert sources.find(workspace.workspace_id, "photos") is None


def test_a_change_raises_the_revision_and_keeps_the_secret(workspace):
    row = named_sources.create(workspace.workspace_id, name="photos", **S3)
    named_sources.change(row, bucket="others", prefix="", secret_key="")
    stored_row = sources.find(workspace.workspace_id, "photos")
    assert (stored_row.bucket, stored_row.prefix, stored_row.region, int(stored_row.revision)) == (
        "others",
        "",
        "eu-west-1",
        2,
    )
    assert tokens.unseal(stored_row.sealed_secret) == b"a secret"
    named_sources.change(stored_row, access_key="AKIAOTHER", secret_key="another")
    stored_row = sources.find(workspace.workspace_id, "photos")
    assert (stored_row.access_key, tokens.unseal(stored_row.sealed_secret)) == ("AKIAOTHER", b"another")


def test_a_new_access_key_without_its_secret_is_refused(workspace):
    row = named_sources.create(workspace.workspace_id, name="photos", **S3)
    with pytest.raises(named_sources.InvalidSourceSetting) as excinfo:
        named_sources.change(row, access_key="AKIAOTHER")
    assert excinfo.value.param == "secret_key"
    assert sources.find(workspace.workspace_id, "photos").access_key == "AKIAEXAMPLE"


def test_a_change_of_a_source_that_was_made_anew_changes_nothing(workspace):
    old_row = named_sources.create(workspace.workspace_id, name="photos", **HTTP)
    named_sources.delete(old_row)
    with pytest.raises(named_sources.SourceGone):
        named_sources.change(old_row, prefix="https://shop.example/other/")
    new_row = named_sources.create(workspace.workspace_id, name="photos", **HTTP)
    with pytest.raises(named_sources.SourceGone):
        named_sources.change(old_row, prefix="https://shop.example/other/")
    named_sources.delete(old_row)
    assert sources.find(workspace.workspace_id, "photos").source_id == new_row.source_id


def test_two_makers_of_one_name_have_one_winner(workspace):
    def make(number):
        try:
            return named_sources.create(workspace.workspace_id, name="photos", **HTTP).source_id
        except ApiError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(make, range(8)))
    assert outcomes.count("source_exists") == 7
    assert sources.find(workspace.workspace_id, "photos").source_id in outcomes


def test_a_workspace_has_as_many_sources_as_its_plan_allows(workspace):
    workspaces.change(workspace, limits={"sources": 2})
    named_sources.create(workspace.workspace_id, name="second", **HTTP)
    with pytest.raises(named_sources.TooManySources):
        named_sources.create(workspace.workspace_id, name="third", **HTTP)


GUARDED = (
    "https://10.0.0.1/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://169.254.169.254/latest/",
    "https://[::ffff:10.0.0.1]/",
    "https://metadata.google.internal/",
    "https://printer/",
    "https://inside.test/",
    "https://half-inside.test/",
    "https://no-such-host.test/",
)


@pytest.fixture
def names(monkeypatch):
    """What the resolver answers, by name; every name but three is unknown."""
    answers = {
        "inside.test": ["10.1.2.3"],
        "half-inside.test": ["93.184.216.34", "fd00::1"],
        "outside.test": ["93.184.216.34", "2606:2800:220:1::1"],
    }
    monkeypatch.setattr(resolution, "system_resolver", lambda host, port: answers.get(host, []))
    return answers


@pytest.mark.parametrize("prefix", GUARDED)
def test_a_source_that_would_never_be_fetched_is_refused_when_it_is_saved(workspace, names, prefix):
    """H12, S1, S5, S16: private addresses, names of this network and unknown ones, told alike."""
    row = named_sources.create(workspace.workspace_id, name="photos", kind="http", prefix="https://outside.test/")
    for save in (
        lambda: named_sources.create(workspace.workspace_id, name="ill", kind="http", prefix=prefix),
        lambda: named_sources.change(row, prefix=prefix),
    ):
        with pytest.raises(
            named_sources.InvalidSourceSetting, match="has no public address: check the name"
        ) as excinfo:
            save()
        assert excinfo.value.param == "prefix"
    assert sources.find(workspace.workspace_id, "ill") is None
    assert sources.find(workspace.workspace_id, "photos").prefix == "https://outside.test/"


def test_a_source_is_saved_where_the_look_up_takes_too_long_or_is_not_needed(workspace, names, monkeypatch, settings):
    """H12: FETCH_ALLOW_PRIVATE as when it is fetched; and nobody waits for a resolver that does not answer."""
    settings.FETCH_ALLOW_PRIVATE = frozenset({"10.0.0.1:8080"})
    named_sources.create(workspace.workspace_id, name="inner", kind="http", prefix="http://10.0.0.1:8080/")
    monkeypatch.setattr(resolution, "SAVING_SECONDS", 0.0)
    monkeypatch.setattr(resolution, "system_resolver", lambda host, port: time.sleep(0.2) or [])
    row = named_sources.create(workspace.workspace_id, name="slow", kind="http", prefix="https://slow.test/")
    monkeypatch.setattr(resolution, "system_resolver", None)
    named_sources.change(row, prefix="https://slow.test/")
