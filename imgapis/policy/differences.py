"""What changed from one version of the policy to the next: statement by statement, word by word."""

import difflib
from dataclasses import dataclass

from imgapis.policy.versions import Version


@dataclass(frozen=True)
class Piece:
    """Words that stayed (`same`), came (`added`) or went (`removed`)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Change:
    """A statement that is not as it was, in pieces in reading order."""

    number: str
    pieces: tuple[Piece, ...]


def between(old: Version, new: Version) -> list[Change]:
    """Every statement that differs, in order of its number."""
    before, after = old.statements, new.statements
    numbers = [number for number in sorted({*before, *after}) if before.get(number) != after.get(number)]
    return [Change(number, words(before.get(number, ""), after.get(number, ""))) for number in numbers]


def words(before: str, after: str) -> tuple[Piece, ...]:
    """The way from one text to the other, a word at a time."""
    old, new = before.split(), after.split()
    pieces: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", " ".join(old[a:b])))
            continue
        if b > a:
            pieces.append(Piece("removed", " ".join(old[a:b])))
        if d > c:
            pieces.append(Piece("added", " ".join(new[c:d])))
    return tuple(pieces)
