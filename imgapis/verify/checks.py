"""verify_privacy: plant marks through every door, look where they went, erase them, look again."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from imgapis.base import clock
from imgapis.policy import store
from imgapis.verify import crawl, doors, erasing, marks, search, stage
from imgapis.verify.doors import Planted
from imgapis.verify.marks import Marks
from imgapis.verify.search import Found
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

    def judge(self, check: str, found: list) -> None:
        """Held where nothing was found; a check that was broken once stays so."""
        if found:
            self.states[check] = BROKEN
            self.findings += [f"{check}: {_words(each)}" for each in found]
        elif self.states[check] == NOT_LOOKED_AT:
            self.states[check] = HELD

    @property
    def broken(self) -> bool:
        """Whether any check was."""
        return BROKEN in self.states.values()


def _words(found) -> str:
    return f"{found.mark} in {found.place}" if isinstance(found, Found) else str(found)


class NothingProven(Exception):
    """The marks did not go where they should have: whatever is found, it would prove nothing."""


def verify(crawls: bool = True) -> Verdicts:
    """Do it all against the running engines, and keep the result for /privacy and /status."""
    verdicts, planted_marks, began = Verdicts(), marks.fresh(), clock.now()
    with tempfile.TemporaryDirectory(prefix="imgapis-verify-") as name:
        folder = Path(name)
        with stage.staged(folder, planted_marks) as made:
            planted = _plant(made, planted_marks, verdicts)
            _look(made, planted_marks, began, verdicts)
            if crawls and crawl.browser():
                _crawl(made, planted, verdicts)
            _wait_for_spool(folder)
            erased = erasing.erase(planted.email, planted.namespace)
            _wait_for_spool(folder)
        _look_after(folder, planted_marks, began, verdicts, erased)
    store.keep_proof(clock.now(), verdicts.states)
    return verdicts


def _plant(made: Stage, planted_marks: Marks, verdicts: Verdicts) -> Planted:
    """Through every door of the sound server, then of the two with broken parts."""
    planted = doors.open_account(made.sound, made.folder, planted_marks)
    doors.fill_workspace(planted, made.origin, planted_marks)
    visitors = [planted.visitor]
    for port in (made.sound, made.storeless, made.hampered):
        viewer = doors.look_at_pictures(port, planted.namespace, planted_marks)
        owner = Visitor(port, planted.visitor.headers, dict(planted.visitor.cookies))
        for path in ("settings", "usage", "sources/shop"):
            owner.get(f"/w/{planted.namespace}/{path}")
        visitors += [viewer, owner, doors.walk_past(port, planted_marks)]
        if port != made.storeless:  # it would wait for the database at every page
            visitors += doors.try_every_route(port, planted, planted_marks)
    statuses = {status for _, _, status, _ in visitors[1].seen}
    if not {200, 404} <= statuses:
        raise NothingProven("No picture came through.")
    verdicts.judge("cookies", _foreign_cookies(visitors))
    verdicts.judge("errors", [trace for visitor in visitors for trace in visitor.traces])
    return planted


def _foreign_cookies(visitors: list[Visitor]) -> list[str]:
    """Cookies that are not the one, or set where nobody signs in."""
    one, private = settings.SESSION_COOKIE_NAME, ("/login", "/signup", "/account", "/w/", "/workspaces", "/invites")
    return [
        f"{name} at {path.partition('?')[0]}"
        for visitor in visitors
        for _, path, _, names in visitor.seen
        for name in names
        if name != one or not path.startswith(private)
    ]


def _kept(made: Path, began: float):
    """Everything that is kept: tables, outputs of this run, and the files of this machine."""
    yield from search.tables(settings.TABLE_PREFIX)
    yield from search.objects(began - 60)
    yield from search.files(made, Path(settings.VAR_DIR))


def _logs(places) -> list[tuple[str, bytes]]:
    return [(place, held) for place, held in places if place.startswith("file ") and place.endswith(".log")]


def _look(made: Stage, planted_marks: Marks, began: float, verdicts: Verdicts) -> None:
    """Before the erasure: the account may be in tables, what a viewer sent may be nowhere."""
    places = list(_kept(made.folder, began))
    planted = {found.mark for found in search.find(places, planted_marks.account) if found.place.startswith("table ")}
    if missing := planted_marks.account.keys() - planted:
        raise NothingProven(f"Planted, and in no table: {', '.join(sorted(missing))}.")
    for name in ("storeless", "hampered"):
        if b'"exception"' not in (made.folder / "log" / f"{name}.log").read_bytes():
            raise NothingProven(f"The {name} server had no exception to be silent about.")
    verdicts.judge("logs", search.find(_logs(places), planted_marks.every()))
    verdicts.judge("viewers", search.find(places, planted_marks.viewer))
    verdicts.judge("originals", search.find(places, planted_marks.original))
    verdicts.judge("secrets", search.find(places, planted_marks.secret))
    verdicts.judge("digests", search.find(places, planted_marks.digests()))


def _crawl(made: Stage, planted: Planted, verdicts: Verdicts) -> None:
    """As nobody, and as the account's owner."""
    site = f"http://localhost:{made.sound}"
    cookie = "=".join(next(iter(planted.visitor.cookies.items())))
    for signs_in in ((), (cookie,)):
        command = [sys.executable, "-m", "imgapis.verify.crawl", site, *signs_in]
        run = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, timeout=CRAWL_SECONDS)
        if run.returncode:
            raise NothingProven("Chromium did not get through: --no-crawl leaves it out.")
        seen = json.loads(run.stdout)
        own = {"localhost", f"demo.{settings.IMAGE_DOMAIN}", f"{planted.namespace}.{settings.IMAGE_DOMAIN}"}
        verdicts.judge("hosts", sorted(set(seen["hosts"]) - own))
        verdicts.judge("storage", seen["storage"])
        verdicts.judge("cookies", sorted(set(seen["cookies"]) - {settings.SESSION_COOKIE_NAME}))
        verdicts.judge("reports", seen["reports"])
        if len(seen["pages"]) < 10:
            raise NothingProven("The crawl saw hardly a page.")


def _wait_for_spool(folder: Path) -> None:
    """Until the servers have shipped what they counted."""
    ends = time.monotonic() + SPOOL_SECONDS
    while any(search.files(folder / "spool")) and time.monotonic() < ends:
        time.sleep(0.2)


def _look_after(folder: Path, planted_marks: Marks, began: float, verdicts: Verdicts, erased: bool) -> None:
    """After the erasure and the end of the servers: no log has anything, and nothing of the account is left."""
    places = list(_kept(folder, began))
    verdicts.judge("logs", search.find(_logs(places), planted_marks.every()))
    if erased:
        ours = [(place, held) for place, held in places if not place.startswith(search.MAILBOX)]
        found = search.find(ours, planted_marks.every())
        verdicts.judge("erasure", [one for one in found if not search.ends_by_itself(one)])
