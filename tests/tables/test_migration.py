"""Existing tables are brought to what the code wants, on a real DynamoDB Local; nothing is lost, nothing half done."""

import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from imgapis.base import dynamo
from imgapis.models import Announcement
from imgapis.models import Backfill as BackfillRow
from imgapis.tables import backfills, migration, row_classes
from imgapis.tables.backfills import Backfill
from imgapis.tables.schema import IndexSchema, Key, TableSchema, read

ROOT = Path(__file__).resolve().parents[2]
# The tables of the release of 29 November 2026 with rows in them, as DynamoDB described them.
RELEASE = json.loads((Path(__file__).parent / "release.json").read_text())
HASH, RANGE = Key("owner", "S", "HASH"), Key("name", "S", "RANGE")
BY_NAME = IndexSchema("name", (Key("name", "S", "HASH"),), ("ALL", frozenset()))
BY_DAY = IndexSchema("day", (Key("day", "N", "HASH"),), ("KEYS_ONLY", frozenset()))
_numbers = itertools.count()


class Engine:
    """DynamoDB Local, whose added indexes are called ready at once: beside many tables it leaves them at CREATING."""

    def __getattr__(self, name: str):
        return getattr(dynamo.connection().client, name)

    def describe_table(self, **parameters) -> dict:
        """The description of a table."""
        described = dynamo.connection().client.describe_table(**parameters)
        for index in described["Table"].get("GlobalSecondaryIndexes", ()):
            index["IndexStatus"] = "ACTIVE"
        return described


def client():
    """The client of the engine that migrations go to."""
    return migration._client()


@pytest.fixture
def prefix(release, monkeypatch):
    """A prefix of tables that nobody else uses; they are deleted afterwards."""
    monkeypatch.setattr(migration, "_client", Engine)
    return release


@pytest.fixture
def release(dynamodb):
    """A prefix of the last release's tables, beside those of today; they are deleted afterwards."""
    prefix = f"release-{os.getpid()}-{next(_numbers)}"
    yield prefix
    for page in client().get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if name.startswith(f"{prefix}-"):
                client().delete_table(TableName=name)


def create_release(prefix: str) -> None:
    """Create the tables of the release, with their rows."""
    for name, table in RELEASE.items():
        indexes = {"GlobalSecondaryIndexes": table["GlobalSecondaryIndexes"]} if table["GlobalSecondaryIndexes"] else {}
        keys = {part: table[part] for part in ("KeySchema", "AttributeDefinitions")}
        client().create_table(TableName=f"{prefix}-{name}", BillingMode="PAY_PER_REQUEST", **keys, **indexes)
        if table["ttl"]:
            specification = {"Enabled": True, "AttributeName": table["ttl"]}
            client().update_time_to_live(TableName=f"{prefix}-{name}", TimeToLiveSpecification=specification)
        for item in table["items"]:
            client().put_item(TableName=f"{prefix}-{name}", Item=item)


def wanted(prefix: str) -> list[TableSchema]:
    """What the code wants, under another prefix."""
    return [
        replace(schema, name=prefix + schema.name.removeprefix(settings.TABLE_PREFIX)) for schema in migration.wanted()
    ]


def create(schema: TableSchema) -> None:
    """Create one table, as an earlier version would have."""
    migration.migrate([schema])


def test_h23_the_tables_of_the_last_release_become_those_of_the_code_with_their_rows(release):
    """H23"""
    create_release(release)
    migration.migrate(wanted(release))
    for schema in wanted(release):
        table = read(client(), schema.name)
        assert table.is_settled and table.schema.keys == schema.keys and table.schema.ttl == schema.ttl
        assert set(schema.indexes) <= set(table.schema.indexes)
    assert migration.plan(wanted(release)) == []
    by_name = {row.Meta.table_name.removeprefix(f"{settings.TABLE_PREFIX}-"): row for row in row_classes.registered()}
    read_back = [by_name[name].from_raw_data(item) for name, table in RELEASE.items() for item in table["items"]]
    assert len(read_back) > 30 and all(row.serialize() for row in read_back)


@pytest.mark.prove
def test_h23_the_command_upgrades_the_last_release_and_the_commands_of_today_read_it(release, bucket):
    """H23"""
    create_release(release)
    (namespace,) = [item["namespace"]["S"] for item in RELEASE["workspaces"]["items"]]
    variables = os.environ | {"TABLE_PREFIX": release}

    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True, text=True).stdout

    assert "create the table" in manage("migrate_tables")
    assert manage("migrate_tables", "--plan") == "Nothing is to be done.\n"
    assert namespace in manage("workspace", "show", namespace)


def test_h23_a_missing_index_is_added_and_the_rows_stay(prefix):
    """H23"""
    old = TableSchema(f"{prefix}-things", (HASH, RANGE), (BY_NAME,))
    create(old)
    for number in range(3):
        item = {"owner": {"S": "o"}, "name": {"S": f"n{number}"}, "day": {"N": "7"}}
        client().put_item(TableName=old.name, Item=item)
    sentences = []
    assert migration.migrate([replace(old, indexes=(BY_NAME, BY_DAY))], sentences.append) == 1
    assert sentences == [f"add the index day to {old.name}"]
    assert set(read(client(), old.name).schema.indexes) == {BY_NAME, BY_DAY}
    assert client().scan(TableName=old.name)["Count"] == 3


def test_h23_ttl_is_enabled_on_a_table_that_has_none(prefix):
    """H23"""
    old = TableSchema(f"{prefix}-things", (HASH,))
    create(old)
    assert migration.migrate([replace(old, ttl="expires")]) == 1
    assert read(client(), old.name).schema == replace(old, ttl="expires")


def test_h23_a_plan_changes_nothing_and_a_second_run_has_nothing_to_do(prefix):
    """H23"""
    schema = TableSchema(f"{prefix}-things", (HASH,), (BY_NAME,), "expires")
    sentences = [step.sentence for step in migration.plan([schema])]
    assert sentences == [f"create the table {schema.name}", f"end the rows of {schema.name} by expires"]
    assert read(client(), schema.name) is None
    assert migration.migrate([schema]) == 2 and migration.migrate([schema]) == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"keys": (HASH,)}, "its key is owner (S), name (S), and this version wants owner (S)"),
        ({"keys": (Key("owner", "N", "HASH"), RANGE)}, "this version wants owner (N), name (S)"),
        ({"ttl": "ends"}, "its rows end by expires, and this version wants ends"),
        ({"ttl": None}, "this version wants no TTL"),
        ({"indexes": (replace(BY_DAY, name="name"),)}, "the index name has name (S) and projects ALL"),
    ],
)
def test_h23_what_cannot_be_changed_is_refused_by_name_before_anything_is_changed(prefix, changes, reason):
    """H23"""
    old = TableSchema(f"{prefix}-things", (HASH, RANGE), (BY_NAME,), "expires")
    create(old)
    new = TableSchema(f"{prefix}-another", (HASH,))
    with pytest.raises(migration.MigrationRefused) as refused:
        migration.migrate([new, replace(old, **changes)])
    (sentence,) = refused.value.reasons
    assert sentence.startswith(f"{old.name}: ") and reason in sentence
    assert read(client(), new.name) is None and read(client(), old.name).schema == old


def test_h23_an_index_that_the_code_no_longer_names_stays_for_the_hosts_that_still_read_it(prefix):
    """H23"""
    old = TableSchema(f"{prefix}-things", (HASH, RANGE), (BY_NAME,))
    create(old)
    assert migration.migrate([replace(old, indexes=())]) == 0
    assert read(client(), old.name).schema == old


@pytest.mark.parametrize("calls", range(5))
def test_h23_a_run_that_is_killed_between_two_calls_is_ended_by_the_next(prefix, calls):
    """H23"""
    old = TableSchema(f"{prefix}-things", (HASH, RANGE))
    create(old)
    new = replace(old, indexes=(BY_DAY,), ttl="expires")
    other = TableSchema(f"{prefix}-another", (HASH,), (BY_NAME,), "expires")
    writes = itertools.count(1)

    def die(model, **_) -> None:
        if model.name.startswith(("Create", "Update")) and next(writes) > calls:
            raise KeyboardInterrupt

    events = client().meta.events
    events.register("before-call.dynamodb", die)
    try:
        with pytest.raises(KeyboardInterrupt) if calls < 4 else nullcontext():  # four writes are all there are
            migration.migrate([new, other])
    finally:
        events.unregister("before-call.dynamodb", die)
    migration.migrate([new, other])
    assert migration.plan([new, other]) == []


@pytest.mark.races
def test_h23_several_at_once_do_it_once(prefix):
    """H23"""
    old = TableSchema(f"{prefix}-things", (HASH, RANGE))
    create(old)
    schemas = [replace(old, indexes=(BY_NAME,), ttl="expires"), TableSchema(f"{prefix}-another", (HASH,), (BY_DAY,))]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migration.migrate, [schemas] * 4))
    assert migration.plan(schemas) == []


@pytest.fixture
def announcements(dynamodb):
    """Four rows that lack what a backfill fills in."""
    rows = [Announcement(f"{name}-{os.getpid()}", effective="2026-01-01", begun=1) for name in "abcd"]
    for row in rows:
        row.save()
    yield rows
    for row in (*rows, *BackfillRow.scan()):
        row.delete()


def test_h23_a_backfill_that_is_interrupted_goes_on_and_runs_to_its_end_once(
    announcements, bucket, capsys, monkeypatch
):
    """H23"""
    versions, seen = {row.version for row in announcements}, []

    def apply(row: Announcement) -> bool:
        if row.version not in versions:
            return False  # another test's
        seen.append(row.version)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return row.update_if(Announcement.completed == 0, completed=5)

    backfill = Backfill("complete", Announcement, apply)
    monkeypatch.setattr(backfills, "BACKFILLS", (backfill,))
    call_command("migrate_tables", "--plan")
    assert capsys.readouterr().out == "fill in complete\n"
    call_command("migrate_tables", "--no-backfill")
    assert seen == []
    with pytest.raises(KeyboardInterrupt):
        call_command("migrate_tables")
    assert migration.pending_backfills() == [backfill]
    call_command("migrate_tables")
    assert "fill in complete: 2 rows changed" in capsys.readouterr().out
    assert all(Announcement.find(row.version).completed == 5 for row in announcements)
    assert migration.pending_backfills() == [] and int(BackfillRow.find("complete").rows) == 2
    call_command("migrate_tables")
    assert len(seen) == 7


def test_h23_a_refusal_reaches_the_operator_and_so_does_the_old_name_of_the_command(
    dynamodb, bucket, monkeypatch, capsys
):
    """H23"""
    call_command("create_tables")
    assert "The tables are as this version wants them" in capsys.readouterr().out
    changed = [replace(migration.wanted()[0], keys=(HASH,)), *migration.wanted()[1:]]
    monkeypatch.setattr(migration, "wanted", lambda: changed)
    for words in (["--plan"], []):
        with pytest.raises(CommandError, match=r"Nothing was changed\.\n.*A key cannot be changed"):
            call_command("migrate_tables", *words)
