"""Changing the access settings: the two allow-lists, presets-only, and the answer to a refused cache miss."""

from collections.abc import Callable
from typing import Any

from accounts import audit
from accounts.models import Workspace, workspaces
from billing.charging import summary
from billing.money import dollars
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.base.outbound import urls
from imgapis.base.outbound.errors import FetchError
from telemetry.display import credits_of
from transforms.tenant import patterns

MOST_PATTERNS = 100
REFUSED = {
    "402": "Error 402",
    "original": "The original, by redirect",
    "placeholder": "A plain grey placeholder",
}


class InvalidPattern(ApiError):
    """A line of an allow-list is not a valid pattern."""

    code = "invalid_pattern"


class InvalidAccessSetting(ApiError):
    """The value of a setting is not one of its choices."""

    code = "invalid_access_setting"


class AnySourceUnconfirmed(ApiError):
    """`*` is new among the allowed external sources, and what it means has not been confirmed."""

    status = 409
    code = "any_source_unconfirmed"

    def __init__(self) -> None:
        super().__init__(
            "With * anybody can have pictures of any site made, and this workspace pays for each. Name the hosts you"
            " need, or confirm with confirm_any_source.",
            param="confirm_any_source",
        )


def read_origins(lines: list[str]) -> list[str]:
    """Origin patterns in their canonical form, each once. Raises InvalidPattern naming the line."""
    return _read(lines, patterns.origin_pattern, "allowed_origins")


def read_sources(lines: list[str]) -> list[str]:
    """Host patterns in their canonical form, each once. Raises InvalidPattern naming the line."""
    return _read(lines, patterns.host_pattern, "allowed_sources")


def change(row: Workspace, actor: str, *, confirm_any_source: bool = False, **values: Any) -> None:
    """Change any of allowed_origins, allowed_sources (lists), presets_only, refused, origin_cache_control; within five
    seconds everywhere.
    Raises InvalidPattern, InvalidAccessSetting, and AnySourceUnconfirmed where `*` is a new external source."""
    after = {name: _CHECKS[name](value) for name, value in values.items()}
    if "allowed_sources" in after:
        after["any_source_confirmed"] = confirmed(row, after["allowed_sources"], confirms=confirm_any_source)
    before = {name: getattr(row, name) for name in after}
    if before == after:
        return
    workspaces.change(row, **after)
    audit.record(row.workspace_id, actor, "access.changed", "", before, after)


def try_origin(allowed: list[str], origin: str) -> str | None:
    """The first pattern an Origin matches; None where it is refused."""
    return next((pattern for pattern in allowed if patterns.origin_allowed([pattern], origin)), None)


def try_source(allowed: list[str], address: str) -> str | None:
    """The first pattern the host of a full address matches; None where it is refused. Raises InvalidPattern where
    `address` is not one."""
    try:
        host = urls.parse(address).host
    except FetchError as error:
        raise InvalidPattern(error.message, param="try_source") from error
    return next((pattern for pattern in allowed if patterns.host_allowed([pattern], host)), None)


def confirmed(row: Workspace | None, sources: list[str], *, confirms: bool) -> float:
    """When `*` among the external sources of a workspace, None for a new one, was confirmed. Raises
    AnySourceUnconfirmed."""
    if patterns.ANY not in sources:
        return 0
    before = row.any_source_confirmed if row else 0
    if confirms:
        return before or clock.now()
    if row is None or patterns.ANY not in row.allowed_sources:
        raise AnySourceUnconfirmed
    return before


def cost_of_any_source(row: Workspace) -> str:
    """What `*` can cost in the running period, in a sentence."""
    bill = summary.of(row)
    overage = bill.plan.overage_cents(max(0, bill.left - bill.balance.unused))
    cost = f", of which {dollars(overage)} of overage" if overage else ""
    return (
        "With * anybody who knows an image address of the workspace can have pictures of any site made, and it pays for"
        f" each: until {clock.day(bill.period.ends)} up to {credits_of(bill.left)} credits{cost}."
    )


def _choice(text: str) -> str:
    if text not in REFUSED:
        raise InvalidAccessSetting(f"A refused miss returns {', '.join(REFUSED)}.", param="refused")
    return text


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "allowed_origins": read_origins,
    "allowed_sources": read_sources,
    "refused": _choice,
    "presets_only": bool,
    "origin_cache_control": bool,
}


def _read(lines: list[str], canonical: Callable[[str], str], field: str) -> list[str]:
    entries = [line.strip() for line in lines if line.strip()]
    if len(entries) > MOST_PATTERNS:
        raise InvalidPattern(f"A list has at most {MOST_PATTERNS} patterns.", param=field)
    try:
        return list(dict.fromkeys(canonical(line) for line in entries))
    except patterns.PatternError as error:
        raise InvalidPattern(str(error), param=field) from error
