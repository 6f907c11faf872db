"""verify_privacy: plant marks through every entry point, search where they went, erase them, search again."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from imgapis.base import clock
from imgapis.models import privacy_proofs
from imgapis.verify import crawl, doors, erasing, marks, search, stage
from imgapis.verify.doors import SeedAccount
from imgapis.verify.marks import Marks
from imgapis.verify.search import MarkFound
from imgapis.verify.stage import Stage
from imgapis.verify.visitor import Visitor

HELD, BROKEN, NOT_LOOKED_AT = "held", "broken", "not looked at"
# check → what it looks at, as the command and the pages say it
CHECKS = {
    "logs": "no mark of any kind is in a log, at DEBUG and on exceptions",
    "viewers": "nothing a viewer sent is in a table, an object, a file or a mail",
    "originals": "nothing of the original picture is kept",
    "secrets": "no code, session, key or bucket secret can be read anywhere",
    "digests": "no plain digest of an address, a picture's URL or an IP is kept",
    "cookies": "one cookie on the pages that sign in, none on public pages and pictures",
    "errors": "no error tells a trace, a path of our code or a setting",
    "hosts": "every page asks our own hosts alone",
    "storage": "no page leaves anything in the browser but the one cookie",
    "reports": "no page breaks its own Content-Security-Policy",
    "erasure": "after the erasure nothing of the account is in a table, an object, a file or a log",
}
SPOOL_SECONDS = 20.0
CRAWL_SECONDS = 240.0


@dataclass
class Verdicts:
    """What each check found: its state, and where."""

    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CHECKS, NOT_LOOKED_AT))
    findings: list[str] = field(default_factory=list)

    def judge(self, check: str, findings: Sequence[object]) -> None:
        """Set a check to `held` where there are no findings, else to `broken`, which it then stays."""
        if findings:
            self.states[check] = BROKEN
            self.findings += [f"{check}: {_words(finding)}" for finding in findings]
        elif self.states[check] == NOT_LOOKED_AT:
            self.states[check] = HELD

    @property
    def broken(self) -> bool:
        """Whether any check was."""
        return BROKEN in self.states.values()


def _words(finding: object) -> str:
    return f"{finding.mark} in {finding.place}" if isinstance(finding, MarkFound) else str(finding)


class Inconclusive(Exception):
    """The marks did not arrive where they should have, so that no result would prove anything."""


def verify(crawls: bool = True) -> Verdicts:
    """Run every check against the running engines, and store the result for /privacy and /status. Raises NothingProven
    and doors.FormRefused. `crawls` includes the checks in a browser, where there is one."""
    verdicts, planted_marks, started_at = Verdicts(), marks.fresh(), clock.now()
    with tempfile.TemporaryDirectory(prefix="imgapis-verify-") as name:
        folder = Path(name)
        with stage.staged(folder, planted_marks) as servers:
            account = _plant(servers, planted_marks, verdicts)
            _look(servers, planted_marks, started_at, verdicts)
            if crawls and crawl.browser():
                _crawl(servers, account, verdicts)
            _wait_for_spool(folder)
            was_erased = erasing.erase(account.email, account.namespace)
            _wait_for_spool(folder)
        _look_after(folder, planted_marks, started_at, verdicts, was_erased)
    privacy_proofs.save(clock.now(), verdicts.states)
    return verdicts


def _plant(servers: Stage, planted_marks: Marks, verdicts: Verdicts) -> SeedAccount:
    """Plant marks through every entry point of the sound server, then of the two with broken parts."""
    account = doors.open_account(servers.healthy, servers.folder, planted_marks)
    doors.fill_workspace(account, servers.origin, planted_marks)
    visitors = [account.visitor]
    for port in (servers.healthy, servers.without_store, servers.degraded):
        viewer = doors.request_images(port, account.namespace, planted_marks)
        owner = Visitor(port, account.visitor.headers, dict(account.visitor.cookies))
        for path in ("settings", "usage", "sources/shop"):
            owner.get(f"/w/{account.namespace}/{path}")
        visitors += [viewer, owner, doors.probe_public_paths(port, planted_marks)]
        if port != servers.without_store:  # each page would wait for the database
            visitors += doors.try_every_route(port, account, planted_marks)
    statuses = {status for _, _, status, _ in visitors[1].seen}
    if not {200, 404} <= statuses:
        raise Inconclusive("No picture came through.")
    verdicts.judge("cookies", _foreign_cookies(visitors))
    verdicts.judge("errors", [trace for visitor in visitors for trace in visitor.traces])
    return account


def _foreign_cookies(visitors: list[Visitor]) -> list[str]:
    """Every cookie that is not the session cookie, or is set on a page without sign-in."""
    session_cookie, private_paths = (
        settings.SESSION_COOKIE_NAME,
        ("/login", "/signup", "/account", "/w/", "/workspaces", "/invites"),
    )
    return [
        f"{name} at {path.partition('?')[0]}"
        for visitor in visitors
        for _, path, _, names in visitor.seen
        for name in names
        if name != session_cookie or not path.startswith(private_paths)
    ]


def _kept(folder: Path, started_at: float) -> Iterator[tuple[str, bytes]]:
    """(place, bytes) of everything stored: tables, outputs of this run, and the files of this machine."""
    yield from search.tables(settings.TABLE_PREFIX)
    yield from search.objects(started_at - 60)
    yield from search.files(folder, Path(settings.VAR_DIR))
    if settings.NGINX_SPOOL:
        yield from search.files(Path(settings.NGINX_SPOOL))


def _logs(places: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [(place, content) for place, content in places if place.startswith("file ") and place.endswith(".log")]


def _look(servers: Stage, planted_marks: Marks, started_at: float, verdicts: Verdicts) -> None:
    """Judge before the erasure: account marks may be in tables, viewer marks nowhere. Raises NothingProven."""
    places = list(_kept(servers.folder, started_at))
    found_names = {
        finding.mark for finding in search.find(places, planted_marks.account) if finding.place.startswith("table ")
    }
    if missing := planted_marks.account.keys() - found_names:
        raise Inconclusive(f"Planted, and in no table: {', '.join(sorted(missing))}.")
    for name in ("storeless", "hampered"):
        if b'"exception"' not in (servers.folder / "log" / f"{name}.log").read_bytes():
            raise Inconclusive(f"The {name} server had no exception to be silent about.")
    verdicts.judge("logs", search.find(_logs(places), planted_marks.values()))
    verdicts.judge("viewers", search.find(places, planted_marks.viewer))
    verdicts.judge("originals", search.find(places, planted_marks.original))
    verdicts.judge("secrets", search.find(places, planted_marks.secret))
    verdicts.judge("digests", search.find(places, planted_marks.digests()))


def _crawl(servers: Stage, account: SeedAccount, verdicts: Verdicts) -> None:
    """Judge what Chromium observes, first signed out, then as the account's owner. Raises NothingProven."""
    site = f"http://localhost:{servers.healthy}"
    cookie = "=".join(next(iter(account.visitor.cookies.items())))
    for crawl_args in ((), (cookie,)):
        command = [sys.executable, "-m", "imgapis.verify.crawl", site, *crawl_args]
        process = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, timeout=CRAWL_SECONDS)
        if process.returncode:
            raise Inconclusive("Chromium did not get through: --no-crawl leaves it out.")
        crawled = json.loads(process.stdout)
        own_hosts = {"localhost", f"demo.{settings.IMAGE_DOMAIN}", f"{account.namespace}.{settings.IMAGE_DOMAIN}"}
        verdicts.judge("hosts", sorted(set(crawled["hosts"]) - own_hosts))
        verdicts.judge("storage", crawled["storage"])
        verdicts.judge("cookies", sorted(set(crawled["cookies"]) - {settings.SESSION_COOKIE_NAME}))
        verdicts.judge("reports", crawled["reports"])
        if len(crawled["pages"]) < 10:
            raise Inconclusive("The crawl saw hardly a page.")


def _wait_for_spool(folder: Path) -> None:
    """Wait until the servers have shipped their spooled events, SPOOL_SECONDS at most."""
    deadline = time.monotonic() + SPOOL_SECONDS
    while any(search.files(folder / "spool")) and time.monotonic() < deadline:
        time.sleep(0.2)


def _look_after(folder: Path, planted_marks: Marks, started_at: float, verdicts: Verdicts, was_erased: bool) -> None:
    """Judge after the erasure and the end of the servers: no mark in a log, and none of the account anywhere."""
    places = list(_kept(folder, started_at))
    verdicts.judge("logs", search.find(_logs(places), planted_marks.values()))
    if was_erased:
        outside_mailbox = [(place, content) for place, content in places if not place.startswith(search.MAILBOX)]
        findings = search.find(outside_mailbox, planted_marks.values())
        verdicts.judge("erasure", [finding for finding in findings if not search.ends_by_itself(finding)])
