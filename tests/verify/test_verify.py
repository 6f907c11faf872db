"""verify_privacy passes on the engines of the tests, and detects leaks (V1, V2, V4–V7, D5)."""

import hashlib
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from imgapis.base import buckets, dynamo
from imgapis.base.buckets import StoredObject
from imgapis.models import privacy_proofs
from imgapis.verify import checks, doors, erasing, marks, search
from tests import environment
from tests.people import Browser

pytestmark = pytest.mark.prove


@pytest.mark.timeout(300)
def test_every_check_holds_and_the_pages_say_so(web, stripe_stub):
    """D5, P19: through every entry point, at DEBUG, with exceptions; the erasure; and Chromium where there is one."""
    verdicts = checks.verify()
    assert verdicts.findings == []
    run_states = {name: state for name, state in verdicts.states.items() if state != checks.NOT_LOOKED_AT}
    assert set(run_states.values()) == {checks.HELD} and len(run_states) >= 6
    assert dict(privacy_proofs.last().checks) == verdicts.states
    assert "has not been run here yet" not in Browser().get("/privacy").text


@pytest.fixture
def leaky(web, monkeypatch):
    """A product that leaks a user agent into a file, a picture's digest into a table, an original into the bucket."""
    leftovers = []

    def leak(port: int, planted_marks: marks.Marks):
        visitor = real_walk(port, planted_marks)
        if not leftovers:
            path = Path(environment.FOLDER) / "leak.log"
            path.write_bytes(planted_marks.viewer["agent"] + planted_marks.account["owner"])
            digest = hashlib.sha256(planted_marks.hashed[f"picture at {port}"].encode()).hexdigest()
            row = AuditEntry("ws_leak", "1", actor="system", act="x", target=digest)
            row.save(condition=AuditEntry.is_absent())
            buckets.put("1d/leak/leak", StoredObject(planted_marks.original["comment"], "image/jpeg", {}))
            leftovers[:] = [path, row]
        return visitor

    real_walk = doors.probe_public_paths
    monkeypatch.setattr(doors, "probe_public_paths", leak)
    yield
    leftovers[0].unlink()
    leftovers[1].delete()
    buckets.cache_client().delete_object(Bucket="imgapis-outputs", Key="1d/leak/leak")


@pytest.mark.timeout(300)
def test_what_leaks_is_found_and_named_and_so_is_an_erasure_that_erases_nothing(leaky, monkeypatch, capsys):
    monkeypatch.setattr(erasing, "erase", lambda *_: True)
    with pytest.raises(CommandError, match="promise"):
        call_command("verify_privacy", "--no-crawl")
    output = capsys.readouterr().out
    assert "viewers: agent in file leak.log" in output and "logs: owner in file leak.log" in output
    assert "digests: sha256 of picture at " in output and "originals: comment in object 1d/leak/leak" in output
    assert "held  secrets" in output and "erasure: owner in table imgapis-people" in output
    privacy_proofs.save(privacy_proofs.last().moment, dict.fromkeys(checks.CHECKS, checks.HELD))


def test_a_mark_is_found_in_every_kind_of_place(dynamodb, bucket, tmp_path):
    row = AuditEntry("ws_search", "1", actor="system", act="x", target="needle-é")
    row.save(condition=AuditEntry.is_absent())
    buckets.put("1d/search/1", StoredObject(b"", "image/png", {"fact": "needle-fact"}))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "needle-name").write_bytes(b"\x00needle-bytes\xff")
    table = AuditEntry.Meta.table_name.rpartition("-")[0]
    needles = {name: f"needle-{name}".encode() for name in ("é", "fact", "name", "bytes", "nowhere")}
    places = [*search.tables(table), *search.objects(0), *search.files(tmp_path)]
    assert {finding.mark for finding in search.find(places, needles)} == {"é", "fact", "name", "bytes"}
    row.delete()


def test_a_table_that_no_model_knows_is_searched_too(dynamodb):
    client = dynamo.connection().client
    name = AuditEntry.Meta.table_name.rpartition("-")[0] + "-forgotten"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )
    client.put_item(TableName=name, Item={"k": {"S": "needle-forgotten"}})
    places = search.tables(name.rpartition("-")[0])
    assert search.find(places, {"f": b"needle-forgotten"}) == [search.MarkFound(f"table {name}", "f")]
    client.delete_table(TableName=name)


def test_plain_digests_are_looked_for_in_every_spelling():
    fresh_marks = marks.fresh()
    digest = hashlib.md5(b"203.0.113.77", usedforsecurity=False).digest()
    for encoded in (digest.hex().encode(), digest, b"y" + marks.forms(digest)["base64"] + b"=="):
        assert search.find([("x", b"a" + encoded)], fresh_marks.digests())


def test_what_is_not_searched_is_written_down_with_its_reason():
    assert all(reason for reason in search.EXEMPT.values())
    assert json.dumps(search.EXEMPT).count("engine") >= 3
