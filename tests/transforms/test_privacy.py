"""What a viewer sends is kept nowhere: not in logs, not in events, not on disk (P01, P06, V1, V2, V8)."""

import io
import json
import logging
from pathlib import Path

import pytest

from imgapis.server import logs
from telemetry import events, recorder
from telemetry.models import events as event_rows
from tests import environment
from tests.transforms.web_client import ask

CANARIES = ("canary-agent", "canary-referer", "canary-cookie", "203.0.113.77", "canary-query", "canary-bearer")


@pytest.fixture
def canaried(web, workspace):
    """A workspace that answered requests full of canaries: a picture, a hit, an error, an unknown host."""
    headers = {
        "User_Agent": CANARIES[0],
        "Referer": f"https://{CANARIES[1]}.example/",
        "Cookie": f"sessionid={CANARIES[2]}",
        "X_Forwarded_For": CANARIES[3],
        "Authorization": CANARIES[5],
        "Origin": "https://seen.example",
    }
    for path in (
        "/transform?src=shop/shoe.jpg&w=51",
        "/transform?src=shop/shoe.jpg&w=51",
        "/transform?src=canary-query",
    ):
        ask(workspace.namespace, path, **headers)
    ask(None, f"/{CANARIES[4]}", host="evil.test", **headers)
    return workspace


def bytes_of(path: Path) -> bytes:
    """What a file holds; nothing where it is a segment of the spool that was shipped meanwhile, and then deleted."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if path.parent.name != "spool":
            raise
        return b""


def test_no_canary_is_on_disk_but_the_origin_of_the_event(canaried):
    """V1, V6"""
    files = [path for path in Path(environment.FOLDER).rglob("*") if path.is_file() and "bucket" not in path.parts]
    assert any(path.name == "gunicorn.log" for path in files)
    for path in files:
        content = bytes_of(path)
        assert not [canary for canary in CANARIES if canary.encode() in content], path.name


def test_an_event_keeps_the_origin_and_no_other_header(canaried):
    """P04"""
    charged_events = [event for event in event_rows.between(canaried.workspace_id, 0, 2**40) if event.cost]
    assert [event.origin for event in charged_events] == ["https://seen.example"]


def line_of(record: logging.LogRecord) -> dict | None:
    """The JSON line that the handler writes for a record; None where it is dropped."""
    target = io.StringIO()
    writer = logging.StreamHandler(target)
    writer.setFormatter(logs.JsonLines())
    writer.addFilter(logs.OwnRecordsFilter())
    writer.handle(record)
    text = target.getvalue()
    assert text.count("\n") <= 1
    return json.loads(text) if text else None


@pytest.mark.parametrize("name", ["urllib3", "botocore", "django.request", "gunicorn.error", "pynamodb", "imgapisx"])
def test_what_a_library_says_is_dropped(name):
    """V2"""
    assert line_of(logging.LogRecord(name, logging.ERROR, "", 1, "GET /canary", (), None)) is None


def test_neither_arguments_nor_the_text_of_an_exception_are_written():
    """V1, V8"""
    try:
        raise ValueError("canary\nforged: line\x1b[31m")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    line = line_of(logging.LogRecord("imgapis.images", logging.ERROR, "", 1, "image_failed", ("canary",), info))
    assert line["event"] == "image_failed" and line["exception"] == "ValueError"
    assert "canary" not in json.dumps(line)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ""),
        ("https://Shop.Example", "https://shop.example"),
        ("http://a.example:8080", "http://a.example:8080"),
        ("https://a.example/path?x=1", "invalid"),
        ("null", "invalid"),
        ("https://" + "a" * 300, "invalid"),
        ("https://a.example\r\nX: y", "invalid"),
        ("https://müller.example", "invalid"),
    ],
)
def test_an_origin_is_bounded(header, expected):
    assert events.normalized_origin(header) == expected


def test_free_requests_reach_the_stream_from_the_spool(canaried):
    """P11: the same stream holds hits and errors, at no cost."""
    recorder.ship()
    spool = Path(environment.FOLDER) / "spool"
    spooled_lines = sum(len(bytes_of(path).splitlines()) for path in spool.glob("*.jsonl"))
    shipped_events = list(event_rows.between(canaried.workspace_id, 0, 2**40))
    assert len(shipped_events) + spooled_lines >= 3 and sum(int(event.cost) for event in shipped_events) == 2
