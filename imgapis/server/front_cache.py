"""What nginx in front may keep for two seconds (`deploy/nginx.conf`), and what it has to write of each such hit."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from imgapis.base import clock
from imgapis.server.fast_lane import Application, Environ, Headers, StartResponse
from telemetry import front_spool
from transforms.serving import image_responses
from transforms.serving.image_responses import Hit

SECONDS = 1  # nginx counts whole seconds: what it keeps for one, it answers with for less than two
LEAST_LEFT = 3.0  # seconds that an output has to live: nginx may be a second late, and answers with nothing expired
LOOKS_APART = 1.0


class FrontCache:
    """A WSGI application around another one, whose hits it marks as cacheable by nginx: those that any site may see and
    that need no signature. While the files of nginx that wait in `folder` are too many, none."""

    def __init__(self, application: Application, folder: Path):
        self._application, self._folder = application, folder
        self._looked_at, self._has_room = 0.0, False

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, with the headers for nginx, which it passes on to nobody."""

        def start(status: str, headers: Headers, *exc_info: Any) -> Any:
            hit = environ.get(image_responses.HIT)
            if hit is not None and status.startswith("200") and environ["REQUEST_METHOD"] == "GET":
                headers = [*headers, *self._headers(hit)]
            return start_response(status, headers, *exc_info)

        return self._application(environ, start)

    def _headers(self, hit: Hit) -> Headers:
        if not hit.is_public or hit.ends() < clock.now() + LEAST_LEFT or not self._room():
            return []
        return [
            ("X-Accel-Expires", str(SECONDS)),
            ("X-Img-Workspace", hit.workspace_id),
            ("X-Img-Operation", hit.operation),
        ]

    def _room(self) -> bool:
        """Whether nginx may write more, looked at once a second."""
        now = clock.monotonic()
        if now - self._looked_at >= LOOKS_APART:
            self._looked_at = now
            self._has_room = self._folder.is_dir() and front_spool.size(self._folder) < front_spool.FULL_BYTES
        return self._has_room
