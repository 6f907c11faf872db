"""People with accounts of 2015 and a coming policy version: older than the accounts of all other tests."""

import io
import itertools
import os
from collections import Counter
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from accounts.people import people
from imgapis.models import Notice, announcements
from imgapis.policy import versions
from tests import environment

FIRST = "2010-01-01"
YEAR = 2015  # every other account of the tests is of a later year
_numbers = itertools.count(1)
_texts: dict[Path, str] = {}


class World:
    """`name` is the coming version, 20 days after `now` (epoch seconds), which a test may set; `addresses` are those of
    the people."""

    def __init__(self, folder: Path):
        self.name = f"{YEAR}-06-30"
        self.now = versions.midnight(f"{YEAR}-06-10")
        source = (settings.BASE_DIR / "docs" / "policy" / "2026-05-18.md").read_text()
        for name in (FIRST, self.name):
            (folder / f"{name}.md").write_text(source.replace("2026-05-18", name))
        self.addresses: list[str] = []

    def fill(self, count: int) -> None:
        """Open `count` accounts."""
        for _ in range(count):
            self.addresses.append(f"told-{next(_numbers)}-{os.getpid()}@example.com")
            people.create(self.addresses[-1])

    def notices_by_address(self) -> Counter:
        """The number of notices mailed to each address."""
        return Counter(_texts[path].partition("To: ")[2].partition("\n")[0] for path in self.mails())

    def mails(self) -> list[Path]:
        """The paths of the mailed notices of this version."""
        paths = set((Path(environment.FOLDER) / "mail").glob("*.eml"))
        for path in paths - _texts.keys():
            _texts[path] = path.read_text()  # a mail is written once and whole
        return [path for path in paths if f"/privacy/versions/{self.name}" in _texts[path]]

    def clean(self) -> None:
        """Delete the rows, accounts and mails of the test."""
        for row in [*Notice.query(self.name), *filter(None, [announcements.find(self.name)])]:
            row.delete()
        for address in self.addresses:
            people.of_email(address).delete()
        for path in self.mails():
            path.unlink()

    def run(self, *arguments: str) -> str:
        """Run `policy_notice` for the version; returns its output."""
        out = io.StringIO()
        call_command("policy_notice", self.name, *arguments, stdout=out)
        return out.getvalue()

    @property
    def effective(self) -> str:
        """The day the version takes effect."""
        return versions.takes_effect(versions.named(self.name))
