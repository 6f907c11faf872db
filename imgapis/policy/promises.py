"""The promises by number: what each is called, which tests prove it, and which checks of verify_privacy look at it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A promise. `tests` are node ids, `checks` are those of verify_privacy; `waits` says what is not built."""

    number: str
    title: str
    tests: tuple[str, ...]
    checks: tuple[str, ...] = ()
    waits: str = ""


PROMISES: tuple[Promise, ...] = ()


def by_number() -> dict[str, Promise]:
    """Every promise by its number."""
    return {promise.number: promise for promise in PROMISES}
