"""The spool: bounded, and never in the way: what is spoilt in it is dropped and counted (B6, R10)."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from pynamodb.exceptions import PutError

from imgapis.base import clock
from telemetry import recorder, rollups, spool
from telemetry.models import Event
from telemetry.spool import Spool, SpoolFull
from tests import environment
from tests.faults.killable import Server
from tests.telemetry.made_events import some
from tests.transforms.web_client import ask

WHOLE = {
    "workspace_id": "ws_nobody",
    "event_id": "x",
    "operation": "info",
    "cache": "hit",
    "origin": "",
    "status": 200,
    "size": 1,
    "latency": 1,
    "cost": 0,
}
WRONG_ID = json.dumps(WHOLE).encode()
WRONG_TYPE = json.dumps(WHOLE | {"event_id": "019abcde-0000-7000-8000-000000000000", "size": {}}).encode()


def events(count: int) -> list:
    """Some events of nobody."""
    return some("ws_nobody", count, clock.now() - 60, clock.now())


def shipped(folder: Path) -> tuple[list, int]:
    """What comes out of a spool, and how many lines were spoilt."""
    found, spoilt = [], []
    spool.ship(folder, found.extend, lambda: spoilt.append(1))
    return found, len(spoilt)


def test_what_goes_in_comes_out_once(tmp_path):
    kept, wanted = Spool(tmp_path), events(50)
    for one in wanted:
        kept.append(one)
    assert shipped(tmp_path) == ([], 0), "an open segment is its process's own"
    kept.close_segment()
    assert shipped(tmp_path) == (wanted, 0) and shipped(tmp_path) == ([], 0)


def test_a_segment_is_read_by_its_own_user_alone(tmp_path):
    kept = Spool(tmp_path)
    kept.append(events(1)[0])
    (segment,) = tmp_path.iterdir()
    assert segment.stat().st_mode & 0o077 == 0
    kept.close_segment()


def test_a_full_spool_keeps_what_it_has_and_takes_more_when_it_is_empty(tmp_path):
    kept = Spool(tmp_path, most=2_000)
    first = events(20)
    for one in first:
        kept.append(one)
    kept.close_segment()
    with pytest.raises(SpoolFull):
        kept.append(first[0])
    assert shipped(tmp_path)[0] == first
    kept.append(first[0])


@pytest.mark.parametrize(
    "line",
    [b"no json", b"[1, 2]", b"null", b'{"workspace_id": "ws"}', WRONG_ID, WRONG_TYPE, b"\xff\xfe", b'{"operation":'],
    ids=repr,
)
def test_a_spoilt_line_is_dropped_and_counted_and_the_others_go(tmp_path, line):
    good = events(2)
    written = [json.dumps(asdict(one)).encode() for one in good]
    (tmp_path / "1-a-1.jsonl").write_bytes(b"\n".join([written[0], line, written[1], b""]))
    assert shipped(tmp_path) == (good, 1) and not list(tmp_path.iterdir())


def test_a_segment_of_a_later_version_is_still_read(tmp_path):
    (one,) = events(1)
    (tmp_path / "1-a-1.jsonl").write_text(json.dumps(asdict(one) | {"colour": "red"}) + "\n")
    assert shipped(tmp_path) == ([one], 0)


FILL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path.insert(0, {root!r})
import tests.environment
import os; os.environ["DJANGO_SETTINGS_MODULE"] = "imgapis.settings"
import django; django.setup()
from pathlib import Path
from telemetry.spool import Spool
from tests.telemetry.test_spool import events
kept, lost = Spool(Path({folder!r})), 0
for one in events(30):
    try:
        kept.append(one)
    except OSError:
        lost += 1
print(lost)
"""


@pytest.mark.prove
def test_a_disk_that_cuts_a_line_off_spoils_that_line_alone(tmp_path):
    """R10: a file may hold 1,000 bytes, so every fourth event or so is cut off in the middle."""
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", FILL.format(root=root, folder=str(tmp_path))],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        cwd=root,
        timeout=60,
    )
    lost = int(done.stdout)
    found, spoilt = shipped(tmp_path)
    assert 0 < lost < 30 and (len(found), spoilt) == (30 - lost, 0), done.stderr


@pytest.mark.prove
def test_pictures_go_on_where_the_spool_cannot_be_written(web, workspace, settings):
    """B6, R10: charged and free requests alike; what is charged is charged."""
    port, folder = environment.free_port(), Path(environment.FOLDER) / "nospool"
    folder.mkdir()
    (folder / "spool").write_text("a file where the folder should be")
    server = Server(port, str(folder))
    try:
        path = "/transform?src=shop/any/nospool.jpg&w=20"
        replies = [ask(workspace.namespace, path, port=port) for _ in range(3)]
    finally:
        server.kill()
    assert [reply.status for reply in replies] == [200] * 3
    assert [reply.headers["x-img-credits"] for reply in replies] == ["1", "0", "0"]


def test_whatever_one_round_of_shipping_meets_the_next_is_tried(monkeypatch):
    rounds = []

    def fails(self):
        rounds.append(1)
        if len(rounds) > 3:
            raise SystemExit  # ends the thread, which would ship what other tests put down
        raise RuntimeError("something nobody thought of")

    monkeypatch.setattr(recorder, "SHIP_SECONDS", 0.01)
    monkeypatch.setattr(recorder.Recorder, "flush", fails)
    recorder.Recorder().record(events(1)[0])
    ends = time.monotonic() + 10
    while len(rounds) < 3 and time.monotonic() < ends:
        time.sleep(0.02)
    assert len(rounds) >= 3


def segment(folder: Path, name: str, happened: list) -> Path:
    """A closed segment of events."""
    path = folder / f"{name}.jsonl"
    path.write_bytes(b"".join(spool._line(event) for event in happened))
    return path


def test_a_segment_stays_until_it_is_written(tmp_path):
    """H24"""
    happened = events(3)
    path = segment(tmp_path, "1-a-1", happened)
    present = []

    def fails(batch: list) -> None:
        present.append(path.exists())
        raise PutError("no capacity")

    with pytest.raises(PutError):
        spool.ship(tmp_path, fails)
    assert present == [True] and path.exists()
    assert shipped(tmp_path)[0] == happened and not path.exists()


def test_a_segment_that_does_not_go_holds_up_no_other(tmp_path):
    """H14: one throttled batch stopped all shipping of a host."""
    first, second = segment(tmp_path, "1-a-1", events(3)), segment(tmp_path, "1-b-1", events(2))
    shipped_counts = []

    def write(batch: list) -> None:
        if len(batch) == 3:
            raise PutError("no capacity")
        shipped_counts.append(len(batch))

    with pytest.raises(PutError):
        spool.ship(tmp_path, write)
    assert shipped_counts == [2] and first.exists() and not second.exists()


def test_what_could_not_be_written_waits_in_a_segment_of_its_own(tmp_path):
    happened = events(5)
    segment(tmp_path, "1-a-1", happened)
    assert spool.ship(tmp_path, lambda batch: batch[3:]) == 3
    assert shipped(tmp_path)[0] == happened[3:] and not list(tmp_path.iterdir())


def test_a_busy_workspace_holds_up_no_other_workspace(workspace, stranger, monkeypatch):
    """H14: of a segment with events of both, those of one go."""
    ours, theirs = (
        some(row.workspace_id, 4, clock.now() - 60, clock.now(), seed=number)
        for number, row in enumerate((workspace, stranger))
    )
    real_mark = rollups.mark_dirty

    def throttled(pairs) -> None:
        pairs = list(pairs)
        if any(workspace_id == stranger.workspace_id for workspace_id, _ in pairs):
            raise PutError("no capacity")
        real_mark(pairs)

    monkeypatch.setattr(rollups, "mark_dirty", throttled)
    assert recorder._write_existing([*theirs, *ours]) == theirs
    assert len(list(Event.query(workspace.workspace_id))) == sum(not event.cost for event in ours)
    with pytest.raises(PutError):
        recorder._write_existing(theirs)
    monkeypatch.setattr(rollups, "mark_dirty", real_mark)
    assert recorder._write_existing(theirs) == []


def test_what_is_held_in_memory_is_held_until_it_is_written(tmp_path, monkeypatch):
    """H24: a full disk, and a database that is away for a while."""
    monkeypatch.setattr(recorder, "directory", lambda: tmp_path)
    keeper, held, written = recorder.Recorder(), events(3), []
    keeper._held = list(held)

    def fails(batch):
        raise OSError

    monkeypatch.setattr(recorder, "_write_existing", fails)
    for _ in range(2):
        with pytest.raises(OSError):
            keeper.flush()
    monkeypatch.setattr(recorder, "_write_existing", lambda batch: written.extend(batch[1:]) or batch[:1])
    keeper.flush()
    assert written == held[1:]
    monkeypatch.setattr(recorder, "_write_existing", lambda batch: written.extend(batch) or [])
    keeper.flush()
    keeper.flush()
    assert written == [*held[1:], held[0]]
