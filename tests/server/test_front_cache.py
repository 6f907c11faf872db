"""H37: which hits nginx in front is told to keep, and that it reads Accept and Origin as the server does."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import workspaces
from imgapis.base import clock
from imgapis.base.outbound import fetch
from imgapis.server import front_cache
from imgapis.server.front_cache import FrontCache
from telemetry import events, front_spool
from tests.conftest import ROOT
from tests.server.test_fast_lane import PICTURE, SHOP, lanes, time  # noqa: F401 - fixtures
from tests.transforms.signer import signed
from transforms.access import signing_keys
from transforms.engine.request import negotiate
from transforms.tenant import tenants

CONFIGURATION = (ROOT / "deploy/nginx.conf").read_text()
PIECES = ("image/avif", "image/webp", "IMAGE/AVIF", "image/*", "*/*", ";", ",", " ", "\t", "q", "q=", "Q=", "=")
PIECES += ("0", "1", "0.", "0.5", "0.000", "1.000", "1.001", "0.0001", "level=1", ";q=0", ";q=0.8", "; q=1", ";q =1")


def _map(variable: str) -> list[tuple[str, str]]:
    """The lines of a map of the configuration: pattern and value."""
    (body,) = re.findall(rf"^map \S+ {re.escape(variable)} \{{\n(.*?)^\}}", CONFIGURATION, re.MULTILINE | re.DOTALL)
    return re.findall(r'^\s*(?:"((?:[^"\\]|\\.)*)"|default)\s+"?([^";]*)"?;', body, re.MULTILINE)


def _mapped(variable: str, text: str) -> str:
    """What nginx reads in a header: the first pattern that fits, or the default."""
    lines = _map(variable)
    for pattern, value in lines:
        flags = re.IGNORECASE if pattern.startswith("~*") else 0
        expression = pattern.lstrip("~*").replace("(?<imgapis", "(?P<imgapis")
        if pattern.startswith("~") and (match := re.search(expression, text, flags)):
            return match[value[1:]] if value.startswith("$") else value
        if pattern and not pattern.startswith("~") and pattern == text:
            return value
    return "" if not text and variable == "$imgapis_origin" else next(value for pattern, value in lines if not pattern)


def _format(accept: str) -> str:
    return negotiate.output_format("transform", None, accept)


@given(accept=st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_nginx_reads_accept_as_the_server_does(accept):
    assert _format(_mapped("$imgapis_accept", accept)) == _format(accept)


def test_nginx_reads_an_accept_of_eight_kilobytes_as_none():
    for accept in ("image/avif," + "x" * 8_000, "x/y," * 2_000 + "image/avif", "image/avif" + ";a=b" * 100):
        assert _format(_mapped("$imgapis_accept", accept)) == _format(accept)


@given(origin=st.text(st.sampled_from('htps:/.-[]0189azAZ é"\\'), max_size=40) | st.just("https://" + "a" * 300))
def test_nginx_writes_no_origin_that_the_server_would_not(origin):
    written = _mapped("$imgapis_origin", origin) if origin else ""
    assert events.normalized_origin(written) == events.normalized_origin(origin)


def test_nginx_knows_our_own_fetcher():
    """S17"""
    assert f'"{fetch.HEADERS["User-Agent"]}" "fetcher"' in CONFIGURATION


@pytest.fixture
def front(lanes, tmp_path):  # noqa: F811
    """The pictures of a workspace as nginx is given them."""
    return FrontCache(lanes.lane, tmp_path)


def _marks(lanes, front, address: str = PICTURE, **request) -> dict[str, str]:  # noqa: F811
    """The headers for nginx on the third answer, which is the fast lane's own where it can be."""
    answers = [lanes.ask(front, address, **request) for _ in range(3)]
    names = ("X-Accel-Expires", "X-Img-Workspace", "X-Img-Operation")
    return {name: value for name, value in answers[-1].headers if name in names}


def test_a_hit_that_any_site_may_see_is_kept_for_a_second(lanes, front, time):  # noqa: F811
    assert "X-Accel-Expires" not in dict(lanes.ask(front, PICTURE).headers), "a miss is not kept"
    expected = {"X-Accel-Expires": "1", "X-Img-Workspace": lanes.row.workspace_id, "X-Img-Operation": "transform"}
    assert _marks(lanes, front, HTTP_ORIGIN=SHOP) == expected
    assert _marks(lanes, front, "/info/colors?src=shop/shoe.jpg")["X-Img-Operation"] == "info"


def test_nothing_else_is_kept(lanes, front, time):  # noqa: F811
    for address, request in (
        (PICTURE, {"method": "HEAD"}),
        (PICTURE, {"HTTP_IF_NONE_MATCH": "*"}),
        ("/transform?src=shop/none.jpg&w=20", {}),
        ("/limits", {}),
        ("/explain" + PICTURE, {}),
    ):
        assert _marks(lanes, front, address, **request) == {}, address
    row = workspaces.find(lanes.row.workspace_id)
    workspaces.change(row, allowed_origins=["shop.example"])
    tenants.clear_cache()
    assert _marks(lanes, front, HTTP_ORIGIN=SHOP) == {} == _marks(lanes, front)
    workspaces.change(row, allowed_origins=["*"])
    lanes.key = signing_keys.turn_on(row, "system")
    tenants.clear_cache()
    assert lanes.fast(PICTURE) is None
    assert _marks(lanes, front) == {}
    address = signed(lanes.key, PICTURE)
    assert lanes.ask(front, address).status.startswith("200") and _marks(lanes, front, address) == {}


def test_nothing_that_ends_within_seconds_is_kept(lanes, front, time):  # noqa: F811
    address = PICTURE + "&ttl=60"
    assert _marks(lanes, front, address)
    time.move(57.5)
    assert _marks(lanes, front, address) == {}


def test_while_too_much_waits_nginx_keeps_nothing(lanes, front, time, tmp_path, monkeypatch):  # noqa: F811
    """R10: the spool of nginx is bounded: within two seconds it writes no more."""
    monkeypatch.setattr(front_spool, "FULL_BYTES", 100)
    assert _marks(lanes, front)
    Path(tmp_path / "2026-01-01T00:00:00.jsonl").write_bytes(b"x" * 100)
    time.move(front_cache.LOOKS_APART)
    assert _marks(lanes, front) == {}
    Path(tmp_path / "2026-01-01T00:00:00.jsonl").unlink()
    time.move(front_cache.LOOKS_APART)
    assert _marks(lanes, front)
    assert clock.monotonic() == time.monotonic
