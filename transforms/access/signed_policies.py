"""Policies: one signed rule for many URLs, so that srcset needs no server that signs. A policy allows what it names
and nothing else, and never more than the workspace allows without it."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from imgapis.base.errors import ApiError
from imgapis.base.outbound import urls
from imgapis.base.outbound.errors import FetchError
from transforms.engine.errors import EngineError
from transforms.engine.request import params
from transforms.engine.request.query import Query
from transforms.engine.request.spec import Spec
from transforms.sources import originals

LONGEST = 2_000
NAMES = ("src", "until", "w", "h", "ops", "formats", "params")
OPERATIONS = ("transform", "info", "grid", "placeholder")
BOX = ("w", "h", "size", "dpr")
# What a policy bounds itself, or what is not part of the picture: never among the fixed parameters.
BOUND = (*BOX, "src", "format", "select")


class PolicyInvalid(ApiError):
    """The policy is signed, and cannot be parsed; the message says why."""

    status = 403
    code = "signature_invalid"

    def __init__(self, reason: str):
        super().__init__(f"The policy cannot be read: {reason}.", param="policy")


class PolicyExceeded(ApiError):
    """The request goes beyond its policy."""

    status = 403
    code = "policy_exceeded"


@dataclass(frozen=True)
class Policy:
    """A policy: every src starts with `src`; each side named may be requested up to its pixels (after dpr), one of
    them at least; `operations`; `formats` (None: any; `auto`: left to Accept); `fixed`: other parameters that may be
    given, with exactly these values."""

    src: str
    until: float
    sides: dict[str, int]
    operations: tuple[str, ...]
    formats: tuple[str, ...] | None
    fixed: Query


def read(text: str) -> Policy:
    """The policy of a `policy` parameter: base64url, padded or not, of a JSON object. Raises PolicyInvalid."""
    members = _decoded(text)
    unknown = sorted(set(members) - set(NAMES))
    if unknown:
        raise PolicyInvalid(f"it has no member {unknown[0][:64]!r}")
    return Policy(
        src=_prefix(members.get("src")),
        until=float(_whole(members, "until", 99_999_999_999)),
        sides={side: _whole(members, side, 8192) for side in ("w", "h") if side in members},
        operations=_words(members, "ops", OPERATIONS) or ("transform",),
        formats=_formats(members),
        fixed=Query.parse(_fixed(members.get("params", ""))),
    )


def check(policy: Policy, endpoint: str, query: Query, fixed: Query, parsed: Spec) -> None:
    """Raise PolicyExceeded, naming the parameter, where a request goes beyond its policy. `query` is the request's
    and `fixed` the policy's, both with their presets merged; `parsed` is the parsed request."""
    if endpoint.partition("/")[0] not in policy.operations:
        raise PolicyExceeded(f"The policy of this address does not allow /{endpoint}.", param="policy")
    for src in parsed.sources:
        if not _within(policy.src, src):
            raise PolicyExceeded("The policy of this address does not allow this src.", param="src")
    _check_sides(policy, endpoint, parsed)
    _check_format(policy, endpoint, parsed)
    _check_fixed(endpoint, query, fixed, parsed)


def _check_sides(policy: Policy, endpoint: str, parsed: Spec) -> None:
    if params.find(endpoint, "w") is None:
        return
    requested_sides = {side: parsed.values[side] for side in ("w", "h") if side in parsed.values}
    for side, pixels in requested_sides.items():
        if pixels > policy.sides.get(side, 0):
            allowance = f"{side} up to {policy.sides[side]}" if side in policy.sides else f"no {side}"
            raise PolicyExceeded(f"The policy of this address allows {allowance}.", param=side)
    if policy.sides and not requested_sides:
        wanted, most = next(iter(policy.sides.items()))
        raise PolicyExceeded(f"The policy of this address wants {wanted}, up to {most}.", param=wanted)


def _check_format(policy: Policy, endpoint: str, parsed: Spec) -> None:
    if policy.formats is None or params.find(endpoint, "format") is None:
        return
    if (parsed.format or "auto") not in policy.formats:
        allowed_formats = ", ".join(policy.formats)
        raise PolicyExceeded(f"The policy of this address allows the formats {allowed_formats}.", param="format")


def _check_fixed(endpoint: str, query: Query, fixed: Query, parsed: Spec) -> None:
    """Every other value must equal the policy's: both are parsed with the same box, so that both fold alike."""
    box, rest = query.only(endpoint, (*BOX, "src")), fixed.excluding(endpoint, BOUND)
    by_path = bool(parsed.sources) and not any(parameter.name == "src" for parameter in box.parameters)
    try:
        allowed_spec = (box + rest).spec(endpoint, "any/file" if by_path else None)
    except EngineError as error:
        raise PolicyExceeded(f"The policy does not go with this address: {error.message}", param="policy") from error
    violations = [
        name for name, value in parsed.values.items() if name not in BOX and allowed_spec.values.get(name) != value
    ]
    violations += [
        name for name in ("mark", "download", "ttl") if getattr(parsed, name) not in (None, getattr(allowed_spec, name))
    ]
    if violations:
        raise PolicyExceeded(f"The policy of this address does not allow this {violations[0]}.", param=violations[0])


def _within(prefix: str, src: str) -> bool:
    """Whether a src starts with a prefix. Full URLs are compared in canonical form, dots resolved."""
    are_full_urls = [bool(originals.FULL_URL.match(text)) for text in (prefix, src)]
    if not any(are_full_urls):
        return src.startswith(prefix)
    return all(are_full_urls) and urls.parse(src).canonical.startswith(urls.parse(prefix).canonical)


def _decoded(text: str) -> dict[str, Any]:
    try:
        if len(text) > LONGEST:
            raise ValueError
        decoded = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
        members = json.loads(decoded)
    except (ValueError, binascii.Error, RecursionError):
        raise PolicyInvalid(f"it is no base64url of a JSON object of at most {LONGEST} characters") from None
    if not isinstance(members, dict):
        raise PolicyInvalid("it is no JSON object")
    return members


def _prefix(src: Any) -> str:
    if not isinstance(src, str) or "/" not in src:
        raise PolicyInvalid('src has to be what every src begins with, "<source name>/" at least')
    if originals.FULL_URL.match(src):
        try:
            urls.parse(src)
        except FetchError:
            raise PolicyInvalid("src is no address") from None
    return src


def _whole(members: dict[str, Any], name: str, maximum: int) -> int:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= maximum:
        raise PolicyInvalid(f"{name} has to be a whole number from 1 to {maximum}")
    return value


def _words(members: dict[str, Any], name: str, choices: tuple[str, ...]) -> tuple[str, ...] | None:
    if name not in members:
        return None
    words = members[name]
    if not isinstance(words, list) or not words or any(word not in choices for word in words):
        raise PolicyInvalid(f"{name} has to be a list out of {', '.join(choices)}")
    return tuple(words)


def _formats(members: dict[str, Any]) -> tuple[str, ...] | None:
    row = params.ROWS["transform"]["format"]
    words = _words(members, "formats", ("auto", *row.choices, *dict(row.spelled)))
    return words and tuple(dict(row.spelled).get(word, word) for word in words)


def _fixed(query: Any) -> str:
    if not isinstance(query, str):
        raise PolicyInvalid("params has to be a query, such as fit=cover&quality=70")
    return query
