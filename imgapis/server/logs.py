"""Logging by an allow-list: one JSON line an event, and every other word of every library impossible (V1, V2, V8)."""

import json
import logging
import sys
import threading
import traceback
from types import TracebackType

from imgapis.base import clock

OWN = "imgapis"
FIELDS = ("request_id", "count", "milliseconds", "status")


class JsonLines(logging.Formatter):
    """A record as one ASCII JSON line: time, level, logger, event, allowed fields, and where an exception was born.

    The message is never formatted with its arguments and an exception's text is never written: both may hold what a
    customer or a viewer sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": clock.utc(record.created).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = _place(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True, default=str)


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""


class OwnRecordsFilter(logging.Filter):
    """Lets through what this project says of itself; what libraries say may hold URLs, headers and bodies."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is ours."""
        return record.name == OWN or record.name.startswith(OWN + ".")


class OwnHandler(logging.StreamHandler):
    """A handler that writes our lines to standard error and can write no others."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(JsonLines())

    def setFormatter(self, fmt: logging.Formatter | None) -> None:
        """Only our own form is taken."""
        super().setFormatter(fmt if isinstance(fmt, JsonLines) else JsonLines())

    def handleError(self, record: logging.LogRecord) -> None:
        """A line that cannot be written is dropped: the stock handler would print the record with its arguments."""


def configure(level: str) -> None:
    """The one handler of the process, on the root logger; every other handler but our own is removed."""
    handler = OwnHandler()
    handler.addFilter(OwnRecordsFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers[:] = [existing for existing in logger.handlers if isinstance(existing, OwnHandler)]
        logger.propagate = True
    threading.excepthook = lambda hook_args: _died(
        "thread_died", hook_args.exc_type, hook_args.exc_value, hook_args.exc_traceback
    )
    sys.unraisablehook = lambda hook_args: _died(
        "cleanup_failed", hook_args.exc_type, hook_args.exc_value, hook_args.exc_traceback
    )


def guard_process() -> None:
    """For a background process: an uncaught exception is logged as one JSON line, without the text of the exception."""
    sys.excepthook = lambda kind, error, trace: _died("process_died", kind, error, trace)


def _died(event: str, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    # A hook may be given the kind alone. The formatter reads nothing of the exception itself, so that any one will do.
    logging.getLogger(OWN).error(event, exc_info=(kind, BaseException() if error is None else error, trace))
