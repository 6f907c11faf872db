"""The servers of verify_privacy: web servers of its own at DEBUG on the running engines, two with broken parts."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from django.conf import settings
from PIL import Image

from imgapis.devstack import children, ports, stack
from imgapis.verify.marks import Marks

READY_SECONDS = 60.0
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Stage:
    """`healthy` works; `without_store` has no database; `degraded` has no cache, no place for mail and none for events.
    Each value is a port. `folder` is the VAR_DIR of all three, with their logs; `origin` is the customer's server."""

    folder: Path
    healthy: int = 0
    without_store: int = 0
    degraded: int = 0
    origin: int = 0
    running: list[children.Child] = field(default_factory=list)


@contextmanager
def staged(folder: Path, marks: Marks) -> Iterator[Stage]:
    """Start the servers, and stop them at the end."""
    stage = Stage(folder)
    stage.healthy, stage.without_store, stage.degraded, stage.origin = ports.choose(4)
    origin_server = _origin(stage.origin, photograph(marks))
    try:
        _serve(stage, stage.healthy, "sound", {})
        _serve(stage, stage.without_store, "storeless", {"DYNAMODB_ENDPOINT": NOWHERE})
        _serve(stage, stage.degraded, "hampered", {"CACHE_ENDPOINT": NOWHERE, "VAR_DIR": str(_blocked(folder))})
        for child, port in zip(stage.running, (stage.healthy, stage.without_store, stage.degraded), strict=True):
            child.wait_until(partial(_is_up, port), READY_SECONDS)
        yield stage
    finally:
        for child in stage.running:
            child.stop()
        origin_server.shutdown()
        origin_server.server_close()


def _is_up(port: int) -> bool:
    return ports.status(f"http://{ports.HOST}:{port}/docs") == 200


def _serve(stage: Stage, port: int, name: str, overrides: dict[str, str]) -> None:
    allowed_hosts = {*settings.FETCH_ALLOW_PRIVATE, f"{ports.HOST}:{stage.origin}"}
    variables = {
        "EMBEDDED": "1",
        "PORT": str(port),
        "SITE_URL": f"http://localhost:{port}",
        "VAR_DIR": str(stage.folder),
        "DYNAMODB_ENDPOINT": settings.DYNAMODB_ENDPOINT or "",
        "CACHE_ENDPOINT": settings.CACHE_ENDPOINT or "",
        "CACHE_REGION": settings.CACHE_REGION,
        "S3_ENDPOINT": settings.S3_ENDPOINT,
        "LOG_LEVEL": "DEBUG",
        "FETCH_ALLOW_PRIVATE": ",".join(sorted(allowed_hosts)),
        "RENDER_PROCESSES": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    command = [*stack.gunicorn_command(port, workers=1, threads=8)]
    command[-1:-1] = ["--log-level=debug"]
    log = stage.folder / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    stage.running.append(children.Child(name, command, log, variables | overrides))


def _blocked(folder: Path) -> Path:
    """A VAR_DIR in which neither mail nor events can be written: files stand where folders should."""
    blocked = folder / "blocked"
    blocked.mkdir(parents=True)
    for name in ("mail", "spool"):
        (blocked / name).write_bytes(b"")
    return blocked


def photograph(marks: Marks) -> bytes:
    """A JPEG with marks in its EXIF, its comment and its XMP, and a piece of its own compressed picture as one."""
    image = Image.effect_noise((320, 200), 60).convert("RGB")
    exif = image.getexif()
    exif[0x013B], exif[0x010E] = marks.say("original", "artist"), marks.say("original", "description")
    xmp = f"<x:xmpmeta><c>{marks.say('original', 'xmp')}</c></x:xmpmeta>"
    target = io.BytesIO()
    comment = marks.say("original", "comment").encode()
    image.save(target, "JPEG", exif=exif, comment=comment, xmp=xmp.encode())
    body = target.getvalue()
    marks.original["compressed picture"] = body[-600:-536]
    return body


def _origin(port: int, body: bytes) -> ThreadingHTTPServer:
    """A customer's web server: the photograph at every path but those that end in `missing`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            exists = not self.path.endswith("missing")
            self.send_response(200 if exists else 404)
            self.send_header("Content-Length", str(len(body) if exists else 0))
            self.end_headers()
            self.wfile.write(body if exists else b"")

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer((ports.HOST, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
