"""Addresses that look like another's: told apart by UTS #39, as far as the part before the @ goes; the domain is ASCII
already (H12)."""

from collections.abc import Collection
from functools import cache
from types import ModuleType

# What looks alike in ASCII, in lower case.
ASCII_ALIKE = (("0", "o"), ("1", "l"), ("rn", "m"), ("vv", "w"))
# Scripts that one name is written in together (UTS #39, highly restrictive).
TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
NO_SCRIPT = {"COMMON", "INHERITED"}


def marks(addresses: Collection[str]) -> dict[str, str]:
    """The addresses out of some of one team that are not what they look like, each with what a person should know:
    `looks like …`, of the two the one that is not plain ASCII, or both; or `mixes scripts`."""
    found = {}
    by_look: dict[str, list[str]] = {}
    for address in dict.fromkeys(addresses):
        by_look.setdefault(_look(_local(address)), []).append(address)
    for alike in by_look.values():
        for address in alike:
            others = [other for other in alike if _local(other) != _local(address)]
            plain = [other for other in others if _local(other).isascii()]
            if others and not (_local(address).isascii() and plain != others):
                found[address] = f"looks like {(plain or others)[0]}"
            elif _mixes_scripts(_local(address)):
                found[address] = "mixes scripts"
    return found


def _local(address: str) -> str:
    return address.rpartition("@")[0]


def _look(local: str) -> str:
    """What a local part looks like: two that look alike have the same."""
    look = "".join(sign if sign.isascii() else _ascii_alike(sign) for sign in local)
    for sign, alike in ASCII_ALIKE:
        look = look.replace(sign, alike)
    return look


def _ascii_alike(sign: str) -> str:
    """The ASCII that a character looks like, in lower case; the character itself where there is none."""
    alike = [held["c"] for held in _library("confusables").confusables_data.get(sign, ()) if held["c"].isascii()]
    return min(alike, key=len).lower() if alike else sign


def _mixes_scripts(local: str) -> bool:
    if local.isascii():
        return False
    scripts = set(_library("categories").unique_aliases(local)) - NO_SCRIPT
    return len(scripts) > 1 and not any(scripts <= together for together in TOGETHER)


@cache
def _library(name: str) -> ModuleType:
    """A module of `confusable_homoglyphs`, whose tables take 18 MB: read where an address is not ASCII, and not
    before."""
    from confusable_homoglyphs import categories, confusables

    return {"categories": categories, "confusables": confusables}[name]
