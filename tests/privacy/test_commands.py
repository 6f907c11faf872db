"""`manage.py erase`, `export` and `inventory`: requests that came by mail, done from the shell (P17, P19)."""

import io
import json
import secrets
import zipfile
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError
from pynamodb.exceptions import PynamoDBConnectionError

from accounts.models import people as person_rows
from accounts.models import workspaces as workspace_rows
from imgapis.base import clock
from imgapis.models import erasures
from imgapis.privacy import erasure, export
from imgapis.tables import row_classes
from tests.accounts import teams
from tests.commands import run

pytestmark = pytest.mark.usefixtures("dynamodb", "bucket")
UNKNOWN = ("nobody-has-this-name", "nobody-has-this@example.com", "no address")


@pytest.fixture
def owner():
    """Somebody who owns a workspace alone."""
    return teams.new_person("shell")


@pytest.fixture
def owned(owner, monkeypatch):
    """The owner's workspace; no erasure of another test is run or listed."""
    row = teams.new_workspace(owner)
    subject_ids = (row.workspace_id, owner.person_id)
    monkeypatch.setattr(
        erasures, "iter_all", lambda: [each for name in subject_ids if (each := erasures.find(name)) is not None]
    )
    return row


def test_an_erasure_is_scheduled_and_until_then_nothing_is_gone(owned):
    """Who does not say --at-once has seven days to undo it."""
    text = run("erase", "--namespace", owned.namespace)
    row = erasures.find(owned.workspace_id)
    assert text == f"workspace {owned.workspace_id}: scheduled, next {clock.stamp(row.due)}\n"
    assert row.due - row.asked == erasure.UNDO_DAYS * clock.DAY
    erasure.process_due()
    assert workspace_rows.find(owned.workspace_id) is not None
    assert run("erase") == f"workspace {owned.workspace_id}: scheduled, asked {clock.stamp(row.asked)}\n"


def test_a_scheduled_erasure_is_undone_by_its_id_once(owned):
    run("erase", "--namespace", owned.namespace)
    assert run("erase", "--undo", owned.workspace_id) == f"{owned.workspace_id} is not erased.\n"
    assert erasures.find(owned.workspace_id).state == "undone"
    with pytest.raises(CommandError, match="no erasure that could still be taken back"):
        run("erase", "--undo", owned.workspace_id)


def test_an_erasure_at_once_runs_no_other_that_is_due(owned, owner, monkeypatch):
    """Another one that has waited for its seven days is the worker's."""
    other = teams.new_workspace(owner)
    monkeypatch.setattr(
        erasures, "iter_all", lambda: list(map(erasures.find, (owned.workspace_id, other.workspace_id)))
    )
    erasure.request("workspace", other.workspace_id, at_once=True)
    run("erase", "--namespace", owned.namespace, "--at-once", "--no-input")
    assert workspace_rows.find(owned.workspace_id) is None
    assert erasures.find(other.workspace_id).state == "scheduled"
    assert workspace_rows.find(other.workspace_id) is not None


def test_a_worker_that_erases_at_the_moment_is_not_run_into(owned):
    """The lease is another process'."""
    row = erasure.request("workspace", owned.workspace_id, at_once=True)
    erasures.change(row, "scheduled", state="running", due=int(clock.now()) + erasure.LEASE_SECONDS)
    assert "running" in run("erase", "--namespace", owned.namespace, "--at-once", "--no-input")
    assert workspace_rows.find(owned.workspace_id) is not None


@pytest.mark.parametrize("answer", ["", "no", "y"])
def test_an_erasure_at_once_is_confirmed_in_full(owned, monkeypatch, answer):
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return answer

    monkeypatch.setattr("builtins.input", ask)
    with pytest.raises(CommandError, match="Nothing is erased"):
        run("erase", "--namespace", owned.namespace, "--at-once")
    assert owned.namespace in questions[0] and "cannot be undone" in questions[0]
    assert erasures.find(owned.workspace_id) is None and workspace_rows.find(owned.workspace_id) is not None
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    assert "swept" in run("erase", "--namespace", owned.namespace, "--at-once")


def test_an_erasure_at_once_that_nobody_can_confirm_is_refused(owned, monkeypatch):
    """No terminal: the end of the input is no yes."""

    def ended(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    with pytest.raises(CommandError, match="--no-input"):
        run("erase", "--namespace", owned.namespace, "--at-once")
    assert erasures.find(owned.workspace_id) is None


def test_an_erasure_at_once_is_of_what_is_named_and_leaves_every_other_workspace(owned, owner, stranger):
    other = teams.new_workspace(owner)
    before = [workspace_rows.find(row.workspace_id).serialize() for row in (other, stranger)]
    text = run("erase", "--namespace", owned.namespace, "--at-once", "--no-input")
    row = erasures.find(owned.workspace_id)
    assert text == f"workspace {owned.workspace_id}: swept, next {clock.stamp(row.due)}\n"
    assert workspace_rows.find(owned.workspace_id) is None
    assert [workspace_rows.find(row.workspace_id).serialize() for row in (other, stranger)] == before
    assert erasures.find(other.workspace_id) is None and erasures.find(stranger.workspace_id) is None
    assert person_rows.find(owner.person_id) is not None


def test_a_person_is_erased_by_address_and_the_workspace_of_others_stays(owned, owner, monkeypatch):
    leaver = teams.new_person("leaver")
    teams.add(owned, leaver, "developer")
    monkeypatch.setattr(erasures, "iter_all", lambda: [erasures.find(leaver.person_id)])
    assert run("erase", "--email", leaver.email.upper(), "--at-once", "--no-input").startswith(
        f"person {leaver.person_id}: swept"
    )
    assert person_rows.find(leaver.person_id) is None
    assert workspace_rows.find(owned.workspace_id) is not None and person_rows.find(owner.person_id) is not None


def test_who_owns_a_workspace_alone_is_not_erased_and_the_workspace_is_named(owned, owner):
    """D9"""
    with pytest.raises(CommandError, match=owned.namespace):
        run("erase", "--email", owner.email, "--at-once", "--no-input")
    assert erasures.find(owner.person_id) is None and person_rows.find(owner.person_id) is not None


def test_the_thirty_days_are_counted_from_the_day_the_mail_came_and_what_is_late_is_marked(owned):
    day = clock.stamp(clock.now() - 20 * clock.DAY)[:10]
    run("erase", "--namespace", owned.namespace, "--asked", day)
    row = erasures.find(owned.workspace_id)
    assert row.asked == datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    assert row.due <= clock.now() + 1, "there is no time left to undo it"
    assert run("erase").endswith(f"asked {clock.stamp(row.asked)} LATE\n")


@pytest.mark.parametrize("day", ["soon", "2026-13-01", "9998-12-31"])
def test_a_day_that_is_none_or_has_not_come_schedules_nothing(owned, day):
    with pytest.raises(CommandError, match=f"--asked.*{day}"):
        run("erase", "--namespace", owned.namespace, "--asked", day, "--at-once")
    assert erasures.find(owned.workspace_id) is None and workspace_rows.find(owned.workspace_id) is not None


@pytest.mark.parametrize("words", [("--at-once",), ("--asked", "2026-11-24"), ("--undo", "ws_x", "--at-once")])
def test_how_to_erase_without_whom_is_refused(words):
    with pytest.raises(CommandError, match="--namespace or --email"):
        run("erase", *words)


def test_one_of_a_namespace_and_an_address_is_erased_and_not_both(owned, owner):
    with pytest.raises(CommandError, match="not allowed with"):
        run("erase", "--namespace", owned.namespace, "--email", owner.email, "--at-once")
    assert erasures.find(owned.workspace_id) is None and erasures.find(owner.person_id) is None


@pytest.mark.parametrize("name", UNKNOWN)
def test_nobody_is_erased_where_nobody_has_that_name(name):
    with pytest.raises(CommandError, match=r"no such account|not an e-mail address") as excinfo:
        run("erase", "--email" if " " in name or "@" in name else "--namespace", name, "--at-once")
    assert name in str(excinfo.value)


def test_an_export_holds_what_is_of_the_workspace_and_nothing_of_another(owned, stranger, tmp_path):
    path = tmp_path / "export.zip"
    assert run("export", str(path), "--namespace", owned.namespace) == ""
    texts = texts_of(path)
    (line,) = texts["workspaces.jsonl"].splitlines()
    assert json.loads(line)["workspace_id"] == owned.workspace_id
    whole = "".join(texts.values())
    assert stranger.workspace_id not in whole and stranger.namespace not in whole
    assert owned.sealed_key not in whole


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize(
    "error", [PynamoDBConnectionError(), OSError(28, "No space left on device"), KeyboardInterrupt()]
)
def test_an_export_that_breaks_off_leaves_no_part_of_a_file(owned, tmp_path, monkeypatch, is_there, error):
    """DynamoDB fails in the middle; what is there of yesterday stays."""
    path, stream = tmp_path / "export.zip", export.stream
    if is_there:
        path.write_bytes(b"an export of yesterday")

    def broken(kind: str, subject_id: str):
        yield next(stream(kind, subject_id))
        raise error

    monkeypatch.setattr(export, "stream", broken)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else CommandError
    with pytest.raises(expected):
        run("export", str(path), "--namespace", owned.namespace)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [b"an export of yesterday"] * is_there


def test_an_export_is_for_its_reader_alone(owned, tmp_path):
    path = tmp_path / "export.zip"
    run("export", str(path), "--namespace", owned.namespace)
    assert path.stat().st_mode & 0o777 == 0o600 and [entry.name for entry in tmp_path.iterdir()] == ["export.zip"]


def test_an_export_of_a_person_is_by_address(owned, owner, tmp_path):
    path = tmp_path / "export.zip"
    run("export", str(path), "--email", owner.email)
    assert json.loads(texts_of(path)["people.jsonl"])["email"] == owner.email


def texts_of(path) -> dict[str, str]:
    """The files of an export."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_export_of_nobody_writes_no_file_and_leaves_the_one_that_is_there(name, tmp_path):
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    old.write_bytes(b"an export of yesterday")
    for path in (old, new):
        with pytest.raises(CommandError, match=r"no such account|not an e-mail address") as excinfo:
            run("export", str(path), "--email" if " " in name or "@" in name else "--namespace", name)
        assert name in str(excinfo.value)
    assert old.read_bytes() == b"an export of yesterday" and not new.exists()


def test_an_export_says_of_whom_and_where_to(owned, tmp_path):
    with pytest.raises(CommandError, match="--namespace --email"):
        run("export", str(tmp_path / "export.zip"))
    path = tmp_path / secrets.token_hex(4) / "export.zip"
    with pytest.raises(CommandError, match=str(path)):
        run("export", str(path), "--namespace", owned.namespace)
    assert list(tmp_path.iterdir()) == []


def test_the_inventory_has_a_line_for_every_attribute_that_is_stored():
    """P02"""
    lines = [json.loads(line) for line in run("inventory").splitlines()]
    printed = {(line["store"], line["attribute"]) for line in lines}
    stored = {
        (table.Meta.table_name.partition("-")[2], name)
        for table in row_classes.registered()
        for name in table.get_attributes()
    }
    assert stored < printed, "beside the tables there are other stores"
    assert all(line["purpose"] and line["retention"] and line["where"] for line in lines)
