"""P04, P11: what nginx wrote of its own hits becomes events, each once; what is spoilt in it is dropped and counted."""

import json
import os

import pytest

from imgapis.base import clock, tokens
from telemetry import front_spool, recorder, spool

LINE = {
    "workspace_id": "ws_nobody",
    "operation": "transform",
    "origin": "https://Shop.example",
    "status": "200",
    "size": "611",
    "latency": "0.012",
    "moment": "1767225600.250",
    "id": "0123456789abcdef0123456789abcdef",
}
SPOILT = (
    b"{",
    b"[]",
    json.dumps(LINE | {"operation": "admin"}).encode(),
    json.dumps(LINE | {"workspace_id": ""}).encode(),
    json.dumps(LINE | {"id": "-"}).encode(),
    json.dumps(LINE | {"size": "-"}).encode(),
    json.dumps({name: value for name, value in LINE.items() if name != "moment"}).encode(),
)


def _write(folder, *lines: bytes, name: str = "2026-01-01T00:00:00", age: float = 10.0, end: bytes = b"\n"):
    path = folder / f"{name}.jsonl"
    path.write_bytes(b"\n".join(lines) + end)
    os.utime(path, (clock.now() - age,) * 2)
    return path


def test_a_line_becomes_an_event_with_the_fields_of_the_policy(tmp_path):
    batches = []
    _write(tmp_path, json.dumps(LINE).encode())
    assert front_spool.take(tmp_path, batches.append) == 1 and list(tmp_path.iterdir()) == []
    ((event,),) = batches
    assert tokens.moment_of(event.event_id) == 1767225600.25
    assert (event.workspace_id, event.operation, event.cache, event.origin) == (
        "ws_nobody",
        "transform",
        "hit",
        "https://shop.example",
    )
    assert (event.status, event.size, event.latency, event.cost) == (200, 611, 12, 0)


def test_a_file_that_is_taken_twice_has_each_event_once(tmp_path):
    """As after a crash between storing and removing."""
    batches = []

    def crash(batch):
        batches.append(batch)
        raise OSError

    path = _write(tmp_path, *[json.dumps(LINE | {"id": f"{number:032x}"}).encode() for number in range(5)])
    with pytest.raises(OSError):
        front_spool.take(tmp_path, crash)
    assert path.exists() and front_spool.take(tmp_path, batches.append) == 5
    assert batches[0] == batches[1] and len({event.event_id for event in batches[0]}) == 5


def test_what_is_being_written_is_left_and_what_is_spoilt_is_counted(tmp_path):
    spoilt, batches = [], []
    current = _write(tmp_path, json.dumps(LINE).encode(), name="2026-01-01T00:00:09", age=0)
    _write(tmp_path, *SPOILT, json.dumps(LINE).encode(), b'{"cut', end=b"")
    assert front_spool.take(tmp_path, batches.append, lambda: spoilt.append(1)) == 1
    assert len(spoilt) == len(SPOILT) and list(tmp_path.iterdir()) == [current]
    assert front_spool.size(tmp_path) == current.stat().st_size and front_spool.oldest(tmp_path) is not None
    assert (front_spool.size(tmp_path / "none"), front_spool.oldest(tmp_path / "none")) == (0, None)


def test_a_file_that_cannot_be_read_holds_up_no_other_and_not_our_own_spool(tmp_path, settings, monkeypatch):
    """B6: as one of another user's, where the folder has the wrong rights."""
    settings.NGINX_SPOOL, stored = str(tmp_path), []
    unreadable = tmp_path / "2025-12-31T23:59:59.jsonl"
    unreadable.mkdir()
    os.utime(unreadable, (0, 0))
    _write(tmp_path, json.dumps(LINE).encode())
    monkeypatch.setattr(spool, "keep", lambda folder, batch: stored.extend(batch))
    monkeypatch.setattr(spool, "ship", lambda *_: stored.append("ours"))
    with pytest.raises(IsADirectoryError):
        recorder.ship()
    assert len(stored) == 2 and stored[1] == "ours"
    assert list(tmp_path.iterdir()) == [unreadable]
