"""The promises about people who look at pictures: P01, P06, P07, P10."""

import hashlib
import io
import logging
import secrets
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from imgapis.base import clock
from imgapis.server import logs
from imgapis.verify import marks, search
from telemetry import recorder
from telemetry.models import events
from tests import environment
from tests.origin import picture
from tests.promises.patience import until
from tests.transforms.web_client import ask


def kept() -> list[tuple[str, bytes]]:
    """Everything that is kept: tables, outputs, and the files of this machine."""
    folder = Path(environment.FOLDER)
    return [*search.tables(settings.TABLE_PREFIX), *search.objects(clock.now() - 300), *search.files(folder)]


def viewer(word: str) -> dict[str, str]:
    """What a browser and the machines before us send."""
    return {
        "User_Agent": f"{word}-agent",
        "Referer": f"https://{word}-page.example",
        "Cookie": f"seen={word}-cookie",
        "Accept_Language": f"{word}-language",
        "Authorization": f"Bearer {word}-bearer",
        "X_Anything": f"{word}-any",
        "X_Forwarded_For": marks.IP,
        "CF_Connecting_IP": marks.IP,
        "Forwarded": f"for={marks.IP}",
    }


@pytest.fixture
def word() -> str:
    """A word that stands nowhere else."""
    return "kq" + secrets.token_hex(6)


def test_p01_nothing_of_a_viewer_is_kept_in_any_table_output_file_or_log(web, workspace, word):
    """P01, V1, V6: in hits and misses, in what is right and what is wrong; nor as a plain digest."""
    for path in ("/transform?src=shop/shoe.jpg&w=71", "/info?src=shop/shoe.jpg", "/transform?src=none", "/nowhere"):
        for _ in range(2):
            ask(workspace.namespace, path, **viewer(word))
    recorder.ship()
    needles = {"word": word.encode(), "ip": marks.IP.encode()}
    for text in (marks.IP, f"{word}-agent", f"{word}-cookie"):
        needles |= {
            f"{name} of {text}": hashlib.new(name, text.encode()).hexdigest().encode() for name in marks.ALGORITHMS
        }
    assert search.find(kept(), needles) == []


def test_p10_two_viewers_who_differ_in_everything_leave_the_same_two_events(web, workspace, word):
    """P10"""
    ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=72")
    for each in (viewer(word), viewer(word[::-1]) | {"User_Agent": "Z" * 200}):
        ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=72", **each)
    found = until(lambda: hits(workspace.workspace_id), lambda seen: len(seen) == 2)
    assert len(found) == 2 and found[0] == found[1]


def hits(workspace_id: str) -> list[dict]:
    """The hits of a workspace, without what tells one request from another: its id, its times."""
    rows = [row.attribute_values for row in events.between(workspace_id, 0, 2**40) if row.cache == "hit"]
    return [{name: row[name] for name in sorted(row) if name not in ("event_id", "latency", "expires")} for row in rows]


def test_p06_no_body_and_no_header_is_in_a_log_whoever_writes_it(web, workspace, word):
    """P06, V1, V2: our own records, a library's at every level, and an exception that quotes."""
    target = io.StringIO()
    root = logging.getLogger()
    names = ("imgapis.images", "urllib3", "botocore.endpoint", "django.request", "stripe", "gunicorn.error")
    before, levels = list(root.handlers), {name: logging.getLogger(name).level for name in ("", *names)}
    logs.configure("DEBUG")
    root.handlers[0].setStream(target)
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.DEBUG)
            logging.getLogger(name).debug("body %s", word)
            try:
                raise ValueError(word)
            except ValueError:
                logging.getLogger(name).exception("page_failed")
        logging.getLogger("urllib3").error(word)
    finally:
        root.handlers[:] = before
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    ask(workspace.namespace, f"/transform?src={word}", "POST", body=word, **viewer(word))
    ask(None, f"/login?{word}", "POST", host="localhost", body=word, **viewer(word))
    written = target.getvalue() + (Path(environment.FOLDER) / "gunicorn.log").read_text()
    assert "page_failed" in written and word not in written and marks.IP not in written


def test_p07_the_original_is_nowhere_when_the_request_has_ended(web, workspace, origin, word):
    """P07: neither its bytes, nor what it carries, nor where it lay."""
    original = picture("PNG", (97, 61)) + word.encode()
    origin.pictures[f"/{word}.png"] = original
    for path in (f"/transform?src=shop/{word}.png&w=50", f"/info?src=shop/{word}.png"):
        assert ask(workspace.namespace, path).status == 200
    places = [*kept(), *files_of_renderers()]
    assert search.find(places, {"tail": word.encode(), "picture": original[16:80]}) == []


def files_of_renderers() -> list[tuple[str, bytes]]:
    """What lies directly in the machine's temporary folder, is new, and is ours to read."""
    found = []
    for path in Path(tempfile.gettempdir()).glob("*"):
        try:
            facts = path.stat()
            if path.is_file() and facts.st_size < 1_000_000 and facts.st_mtime > clock.now() - 60:
                found.append((path.name, path.read_bytes()))
        except OSError:
            continue  # somebody else's, or gone
    return found
