"""The promises about one's own data: to take it along, and to have it gone (P17, P19)."""

import io
import json
import zipfile

import pytest

from imgapis.base import clock
from imgapis.models import erasures
from imgapis.privacy import certificates, erasure, export
from imgapis.tables import row_classes
from tests.privacy.full import EXEMPT

pytestmark = pytest.mark.usefixtures("dynamodb", "bucket", "stripe_stub")


def test_p17_everything_that_is_held_and_may_be_given_comes_out_readable_by_machines(everything):
    """P17: of an account with something in every table."""
    account = everything
    lines: dict[str, list[str]] = {}
    for kind, subject in (("workspace", account.workspace_id), ("person", account.person_id)):
        archive = zipfile.ZipFile(io.BytesIO(b"".join(export.stream(kind, subject))))
        for name in archive.namelist():
            if name.endswith(".jsonl"):
                lines.setdefault(name, []).extend(archive.read(name).decode().splitlines())
    missing = set()
    for table in set(row_classes.registered()) - EXEMPT:
        names, found = export.exported(table), lines.get(table.Meta.table_name.partition("-")[2] + ".jsonl", [])
        if names and (not found or any(set(json.loads(line)) != set(names) for line in found)):
            missing.add(table.__name__)
    assert missing == set()


def test_p19_everything_that_is_held_is_gone_twice_confirmed_and_certified(everything, monkeypatch):
    """P19: from every table, the bucket and Stripe's stub; by a day's clock that moves on."""
    account, real, ahead = everything, clock.now, [0.0]
    assert {table.__name__ for table in row_classes.registered() if table not in EXEMPT} <= set(account.left())
    monkeypatch.setattr(clock, "now", lambda: real() + ahead[0])
    for kind, subject in (("workspace", account.workspace_id), ("person", account.person_id)):
        erasure.request(kind, subject, at_once=True)
        for _ in range(4):
            erasure.process_due()
            ahead[0] += erasure.SWEEP_SECONDS + 1
        row = erasures.find(subject)
        assert row.state == "done" and certificates.verify(dict(row.certificate))["subject"] == subject
    assert account.left() == {}
