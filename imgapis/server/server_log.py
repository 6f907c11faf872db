"""gunicorn's log: no access log at all, and of its error log the sentences it says of itself (V1, V2)."""

import logging
from datetime import timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.message import Request
from gunicorn.http.wsgi import Response

from imgapis.server.logs import OwnHandler

# What gunicorn says before its arguments → how we say it. Anything else may quote a request or an address.
SAID = {
    "Starting gunicorn %s": "server_starts",
    "Listening at: %s (%s)": "server_listens",
    "Booting worker with pid: %s": "worker_starts",
    "Worker exiting (pid: %s)": "worker_ends",
    "WORKER TIMEOUT (pid:%s)": "worker_timeout",
    "Worker (pid:%s) was sent %s!": "worker_killed",
    "Worker (pid:%s) was sent %s! Perhaps out of memory?": "worker_killed",
    "Worker (pid:%s) exited with code %s.": "worker_failed",
    "Worker failed to boot.": "worker_never_started",
    "App failed to load.": "app_never_loaded",
    "Shutting down: %s": "server_ends",
    "Error handling request": "request_failed",
    "Error handling request %s": "request_failed",
    "Error handling request %s %s": "request_failed",
    "Socket error processing request.": "socket_failed",
    "Exception in worker process": "worker_failed",
}


class KnownMessagesFilter(logging.Filter):
    """Puts our word for a sentence of gunicorn's in its place; what has none is not written."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may be written."""
        record.msg, record.args = SAID.get(str(record.msg), record.msg if record.msg in SAID.values() else ""), ()
        return bool(record.msg)


class ServerLog(Logger):
    """`--logger-class`: handlers of our own in place of every one that gunicorn would make from its settings."""

    def setup(self, cfg: Config) -> None:
        """One handler for the error log; none for the access log, whatever the settings ask for."""
        self.cfg = cfg
        self.loglevel = self.LOG_LEVELS.get(cfg.loglevel.lower(), logging.INFO)
        self._access_log_enabled = False
        handler = OwnHandler()
        handler.addFilter(KnownMessagesFilter())
        self.error_log.handlers[:] = [handler]
        self.error_log.setLevel(self.loglevel)
        self.access_log.handlers[:] = []

    def access(self, resp: Response, req: Request, environ: dict[str, Any], request_time: timedelta) -> None:
        """Nothing: an access log would store addresses and queries."""

    def reopen_files(self) -> None:
        """There is no file: what is written goes to standard error."""
