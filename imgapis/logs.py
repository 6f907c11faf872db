"""Logging by an allow-list: one JSON line an event, and every other word of every library impossible (V1, V2, V8)."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

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
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = _place(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True, default=str)


def _place(trace) -> str:
    frames = traceback.extract_tb(trace)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""


class OwnWords(logging.Filter):
    """Lets through what this project says of itself; what libraries say may hold URLs, headers and bodies."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is ours."""
        return record.name == OWN or record.name.startswith(OWN + ".")


def configure(level: str) -> None:
    """The one handler of the process, on the root logger; every other handler is removed."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(OwnWords())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in list(logging.root.manager.loggerDict):
        found = logging.getLogger(name)
        found.handlers[:] = []
        found.propagate = True
