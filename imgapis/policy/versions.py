"""The versions of the privacy policy: files of docs/policy, each a list of numbered statements and a planned day."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from pynamodb.exceptions import PynamoDBException

from imgapis.base import clock
from imgapis.models import announcements

NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
STATEMENT = re.compile(r"(P[0-9]{2}): (.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """A numbered sentence or two of the policy, as inline Markdown with `{contact}` for the contact's address."""

    number: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading and its statements."""

    title: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Version:
    """A version, named by the day it was planned for (`2026-05-18`); `summary` says what changed."""

    name: str
    summary: str
    sections: tuple[Section, ...]

    @property
    def statements(self) -> dict[str, str]:
        """Every statement by its number."""
        return {statement.number: statement.text for section in self.sections for statement in section.statements}


def folder() -> Path:
    """The directory of the policy files."""
    return settings.BASE_DIR / "docs" / "policy"


def list_all() -> list[Version]:
    """Every version, oldest first."""
    return [_read(path, path.stat().st_mtime_ns) for path in sorted(folder().glob("*.md")) if NAME.match(path.stem)]


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Version:
    return parsed(path.stem, path.read_text())


def parsed(name: str, source: str) -> Version:
    """A version out of its file's text; ValueError where the file says another day than its name."""
    header, *parts = source.split("\n## ")
    front_matter = dict(line.split(": ", 1) for line in header.splitlines() if re.match(r"[a-z]+: ", line))
    if front_matter.get("effective") != name:
        raise ValueError(f"docs/policy/{name}.md must say `effective: {name}`.")
    return Version(name, front_matter.get("summary", ""), tuple(_section(part) for part in parts))


def _section(part: str) -> Section:
    title, _, body = part.partition("\n")
    paragraphs = (paragraph.strip() for paragraph in body.split("\n\n"))
    return Section(title.strip(), tuple(_statement(paragraph) for paragraph in paragraphs if paragraph))


def _statement(paragraph: str) -> Statement:
    match = STATEMENT.match(paragraph)
    if match is None:
        raise ValueError(f"A paragraph of a policy begins with the number of its promise: {paragraph[:40]!r} does not.")
    return Statement(match[1], " ".join(match[2].split()))


def named(name: str) -> Version | None:
    """The version of a name."""
    return next((version for version in list_all() if version.name == name), None)


def takes_effect(version: Version) -> str:
    """The day (`2026-05-18`) a version takes effect: the planned one, or a later one after a late notice (P23)."""
    if version == list_all()[0]:
        return version.name  # needs no notice: there was no account
    announcement = announcements.find(version.name)
    return max(version.name, announcement.effective) if announcement else version.name


def in_effect(version: Version, moment: float | None = None) -> bool:
    """Whether a version is in effect: the first from its day on, a later one only once everybody was notified (P23)."""
    today = clock.day(clock.now() if moment is None else moment)
    if version.name > today:
        return False  # the day only ever moves later, so no read of the store is needed
    if version == list_all()[0]:
        return True
    announcement = announcements.find(version.name)
    return (
        announcement is not None and bool(announcement.completed) and max(version.name, announcement.effective) <= today
    )


def current() -> Version:
    """The version in effect now."""
    return next((version for version in reversed(list_all()) if in_effect(version)), list_all()[0])


@dataclass(frozen=True)
class Calendar:
    """Which version holds, and the day each one takes effect, by its name."""

    current: Version
    days: dict[str, str]

    @property
    def coming(self) -> list[Version]:
        """Versions newer than the one that holds, oldest first."""
        return [version for version in list_all() if version.name > self.current.name]


_last_known: list[Calendar] = []


def calendar() -> Calendar:
    """The calendar for the pages: the last one read where the store does not answer, since the policy must be readable
    in any outage."""
    try:
        latest = Calendar(current(), {version.name: takes_effect(version) for version in list_all()})
    except PynamoDBException:
        planned = Calendar(list_all()[0], {version.name: version.name for version in list_all()})
        return _last_known[0] if _last_known else planned
    _last_known[:] = [latest]
    return latest


def midnight(day: str) -> float:
    """When a day begins, in seconds since 1970."""
    return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
