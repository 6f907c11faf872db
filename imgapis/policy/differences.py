"""What changed from one version of the policy to the next: statement by statement, word by word."""

import difflib
from dataclasses import dataclass

from imgapis.policy.versions import Version


@dataclass(frozen=True)
class DiffSpan:
    """Words that stayed (`same`), came (`added`) or went (`removed`)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Change:
    """A statement that is not as it was, in pieces in reading order."""

    number: str
    spans: tuple[DiffSpan, ...]


def between(old: Version, new: Version) -> list[Change]:
    """Every statement that differs, in order of its number."""
    before, after = old.statements, new.statements
    numbers = [number for number in sorted({*before, *after}) if before.get(number) != after.get(number)]
    return [Change(number, words(before.get(number, ""), after.get(number, ""))) for number in numbers]


def words(before: str, after: str) -> tuple[DiffSpan, ...]:
    """The way from one text to the other, a word at a time."""
    old, new = before.split(), after.split()
    pieces: list[DiffSpan] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(DiffSpan("same", " ".join(old[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(DiffSpan("removed", " ".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(DiffSpan("added", " ".join(new[j1:j2])))
    return tuple(pieces)
