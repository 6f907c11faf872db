"""Nothing but our own events is logged, with libraries at DEBUG, by gunicorn, by threads (P06, V1, V2, V8)."""

import ast
import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import mail

from imgapis.server import logs, server_log

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("imgapis", "accounts", "telemetry", "billing", "transforms")
# Event names that are no literals, each from a closed list of our own: the tasks of `work`, the alerts of the watch.
CLOSED = {"self.failed", "f'alert_{name}'"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def logger_calls() -> list[tuple[str, ast.Call]]:
    """(`file:line`, call) of every call of a logger in the product."""
    calls = []
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            is_log_call = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
            )
            if is_log_call and ast.unparse(node.func.value).endswith("log"):
                calls.append((f"{path.relative_to(ROOT)}:{node.lineno}", node))
    return calls


def test_the_product_logs_names_of_events_and_the_fields_of_the_list():
    """V1: no text is formatted in, and nothing is added but numbers and the id of the request."""
    calls = logger_calls()
    assert len(calls) >= 10
    for place, call in calls:
        (event,) = call.args
        assert isinstance(event, ast.Constant) or ast.unparse(event) in CLOSED, place
        for extra in (keyword.value for keyword in call.keywords if keyword.arg == "extra"):
            assert {key.value for key in extra.keys} <= set(logs.FIELDS), place
        assert {keyword.arg for keyword in call.keywords} <= {"extra", "exc_info"}, place


def test_nothing_of_the_product_prints_but_the_tools_of_this_machine():
    paths = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.stdout.write", "sys.stderr.write")
    ]
    assert {path.rpartition("/")[0] for path in paths} <= {"imgapis/devstack", "imgapis/verify"}


def test_every_library_at_debug_writes_nothing():
    """V2: every logger that the product's libraries create, and the handlers they would add."""
    program = """
import logging, os, warnings
from django.conf import settings
import django
django.setup()
assert "STRIPE_LOG" not in os.environ
import boto3, botocore.session, urllib3, pynamodb.connection, markdown_it, ninja, PIL.Image, idna, dns.resolver
import imgapis.urls, imgapis.image_urls
from imgapis.server import logs
logs.configure("DEBUG")
names = list(logging.root.manager.loggerDict)
for name in [*names, "stripe", "httpx", "django.security.DisallowedHost", "django.request", "py.warnings", "asyncio"]:
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    if not name.startswith("imgapis"):
        for level in (10, 20, 30, 40, 50):
            logger.log(level, "canary %s", "canary")
        try:
            raise ValueError("canary")
        except ValueError:
            logger.exception("canary")
warnings.warn("canary")
logging.getLogger().critical("canary")
print(len(names))
"""
    env = {"DJANGO_SETTINGS_MODULE": "imgapis.settings", "EMBEDDED": "1", "DYNAMODB_ENDPOINT": "http://127.0.0.1:9"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=env | {"LOG_LEVEL": "DEBUG", "STRIPE_LOG": "debug"},
        capture_output=True,
        timeout=60,
    )
    assert run.returncode == 0 and int(run.stdout) > 20
    assert run.stderr == b""


def test_an_error_is_mailed_to_nobody(settings, client):
    """V2: Django's own handler would mail headers, bodies and settings to the admins."""
    settings.ADMINS = [("Admin", "admin@example.com")]
    settings.DEBUG = False
    logging.getLogger("django.request").error("canary", extra={"status_code": 500})
    assert mail.outbox == []
    names = [None, *logging.root.manager.loggerDict]
    handlers = [handler for name in names for handler in logging.getLogger(name).handlers]
    assert not [handler for handler in handlers if type(handler).__name__ == "AdminEmailHandler"]


def server_record(sentence: str, *arguments) -> logging.LogRecord:
    """A log record of gunicorn."""
    return logging.LogRecord("gunicorn.error", logging.ERROR, "", 1, sentence, arguments, None)


@pytest.mark.parametrize(
    ("sentence", "arguments", "event"),
    [
        ("Booting worker with pid: %s", (7,), "worker_starts"),
        ("WORKER TIMEOUT (pid:%s)", (7,), "worker_timeout"),
        ("Error handling request %s %s", ("GET", "/?canary"), "request_failed"),
        ("Invalid request from ip=203.0.113.77: canary", (), None),
        ("Ignored premature client disconnection. %s", ("canary",), None),
    ],
)
def test_gunicorn_says_what_it_does_and_nothing_of_a_request(sentence, arguments, event):
    record = server_record(sentence, *arguments)
    assert server_log.KnownMessagesFilter().filter(record) is (event is not None)
    if event:
        line = logs.JsonLines().format(record)
        assert json.loads(line)["event"] == event and "canary" not in line


def test_gunicorn_has_one_handler_of_ours_and_no_access_log_whatever_it_is_told():
    config = SimpleNamespace(loglevel="debug", accesslog="-", errorlog="-", syslog=True, capture_output=True)
    server_logger = server_log.ServerLog(config)
    assert [type(handler) for handler in server_logger.error_log.handlers] == [logs.OwnHandler]
    assert server_logger.access_log.handlers == [] and server_logger.access(None, None, {}, None) is None
    logs.configure("INFO")
    assert [type(handler) for handler in server_logger.error_log.handlers] == [logs.OwnHandler]
    server_logger.error_log.handlers[:] = []


def test_a_dying_thread_leaves_its_kind_and_place_and_no_text(capsys):
    logs.configure("INFO")
    thread = threading.Thread(target=lambda: {}["canary"])
    thread.start()
    thread.join()
    output = capsys.readouterr().err
    assert json.loads(output)["event"] == "thread_died" and "KeyError" in output and "canary" not in output


def test_our_handler_takes_no_other_form_and_prints_no_record_it_cannot_write(capsys):
    handler = logs.OwnHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    record = server_record("canary %s", "canary")
    assert "canary canary" not in handler.format(record)
    handler.handleError(record)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", 'a"}\n{"b'])
def test_a_line_stays_one_line(text):
    """V8"""
    record = logging.LogRecord("imgapis.x", logging.ERROR, "", 1, text, (), None)
    line = logs.JsonLines().format(record)
    assert line.isascii() and line.isprintable() and json.loads(line)["event"] == text
