"""The parameters of a request: parsed strictly from the names and texts of its query, and serialized in one canonical
form."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from transforms.engine import errors
from transforms.engine.formats import SVG
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import endpoints, normalize, param, params, query_text, request_parameters
from transforms.engine.request import values as request_values

ESCAPED = "amp;"
ASIDE = ("src", "mark", "select", "format", "download", "ttl")


@dataclass(frozen=True)
class Spec:
    """One request. Two requests for the same output are equal.

    `sources` are the src texts in order, decoded once, and `mark` the text of the mark. `values` holds what differs
    from the defaults, by long-lived name, with size and dpr folded in; read it, never write it. `format`, `select` and
    `download` shape the response and are not part of the picture, nor is `ttl`, the seconds it may live; None means not
    given. `requested` holds the lengths
    before dpr where a URL cannot express the scaled ones.
    """

    endpoint: str
    sources: tuple[str, ...]
    values: PictureValues = field(hash=False)
    format: str | None = None
    select: tuple[str, ...] | None = None
    download: str | None = None
    mark: str | None = None
    requested: Mapping[str, object] = field(default_factory=dict, compare=False)
    ttl: int | None = None

    @property
    def operation(self) -> str:
        return self.endpoint.partition("/")[0]

    def get(self, name: str) -> object:
        """The value, or the table's default. KeyError for a name the endpoint does not have."""
        values: Mapping[str, object] = self.values
        return values[name] if name in values else params.default(self.endpoint, name)


def parse(endpoint: str, pairs: Iterable[tuple[str, str]], path_source: str | None = None) -> Spec:
    """Parses the decoded names and texts of a query, and a source named by the path (already decoded), to a Spec.

    Raises EngineError, one of errors.REQUEST_CODES, naming the parameter as in the query.
    """
    texts, spellings = _collect(endpoint, pairs)
    if path_source is not None:
        _take_path(texts, spellings, path_source)
    parsed = {name: _read(endpoint, name, spellings[name], name_texts) for name, name_texts in texts.items()}
    sources = parsed.get("src", ())
    picture_values = {name: value for name, value in parsed.items() if name not in ASIDE}
    _check_presence(endpoint, sources, picture_values, spellings)
    _check_passed_on(parsed, picture_values, spellings)
    values, unscaled = normalize.fold(endpoint, picture_values, spellings)
    select = parsed.get("select")
    return Spec(
        endpoint=endpoint,
        sources=sources,
        values=values,
        format=parsed.get("format"),
        select=None if select == request_parameters.DEFAULT_SELECTION else select,
        download=parsed.get("download"),
        mark=parsed.get("mark"),
        requested=unscaled,
        ttl=parsed.get("ttl"),
    )


def canonical(spec: Spec) -> tuple[str, ...]:
    """The picture's identity, but for its sources: independent of order, aliases, explicit defaults and output format.

    It starts with the endpoint; the four /info endpoints share one, as they are parts of one stored JSON.
    """
    if spec.operation == "info":
        return ("info", *(f"{name}={request_values.write(value)}" for name, value in sorted(spec.values.items())))
    mark = ("mark",) if spec.mark is not None else ()
    return (
        spec.endpoint,
        *(f"{name}={request_values.write(value)}" for name, value in sorted(spec.values.items())),
        *mark,
    )


def canonical_query(spec: Spec) -> str:
    """The query in table order, percent-encoded: parsing it gives the same Spec."""
    values = {**spec.values, **spec.requested}
    values.update({name: value for name in ASIDE if (value := getattr(spec, name, None)) is not None})
    items = [("src", source) for source in spec.sources]
    items += [
        (row.name, request_values.write(values[row.name])) for row in params.rows(spec.endpoint) if row.name in values
    ]
    return "&".join(query_text.encoded(name, text) for name, text in items)


def nearest(endpoint: str, name: str) -> str | None:
    """The endpoint's available name or alias most similar to `name`; None when none is similar."""
    names = [candidate for candidate, row in params.NAMES[endpoint].items() if row.available or row.outside]
    matches = difflib.get_close_matches(name[: query_text.SHOWN].lower(), names, n=1)
    return matches[0] if matches else None


def _collect(endpoint: str, pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Texts and spellings by long-lived name. Raises EngineError unless each is known, available and given once."""
    texts: dict[str, list[str]] = {}
    spellings: dict[str, str] = {}
    for name, text in pairs:
        row = _row(endpoint, name)
        if row.name in texts and not row.repeatable:
            raise query_text.duplicate(spellings[row.name], name)
        texts.setdefault(row.name, []).append(text)
        spellings.setdefault(row.name, name)
    return texts, spellings


def _row(endpoint: str, name: str) -> param.Param:
    row = params.find(endpoint, name)
    if row is None:
        suggestion = nearest(endpoint, name)
        hint = f" Did you mean {suggestion}?" if suggestion else ""
        if name.startswith(ESCAPED):
            hint = " The address holds &amp; where & is meant: it was escaped for HTML once too often."
        message = f"/{endpoint} has no parameter {query_text.shown(name)}.{hint}"
        raise errors.EngineError("unknown_parameter", message, name[: query_text.SHOWN])
    if not row.available:
        raise errors.EngineError("unavailable_parameter", f"{name} is not available yet.", name)
    return row


def _take_path(texts: dict[str, list[str]], spellings: dict[str, str], path_source: str) -> None:
    if "src" in texts:
        raise errors.EngineError("conflicting_parameters", "The path already names the source; leave src out.", "src")
    if not query_text.is_clean(path_source):
        raise errors.EngineError("invalid_parameter", "The source in the path has a control character.", "src")
    texts["src"], spellings["src"] = [path_source], "src"


def _read(endpoint: str, name: str, spelling: str, texts: list[str]) -> Any:
    row = params.ROWS[endpoint][name]
    parsed = tuple(request_values.read(row, spelling, text) for text in texts)
    return parsed if name == "src" else parsed[0]


def _check_presence(endpoint: str, sources: tuple, values: dict, spellings: dict[str, str]) -> None:
    if endpoint in endpoints.PLACEHOLDERS:
        _check_placeholder(endpoint, sources, values)
    elif not sources:
        raise errors.EngineError("missing_parameter", "src is missing: the picture to work on.", "src")
    least, most = request_parameters.GRID_SOURCES
    if endpoint == endpoints.GRID and not least <= len(sources) <= most:
        message = f"src must be given {least} to {most} times; it is given {len(sources)} times."
        raise errors.EngineError("invalid_parameter", message, "src")


def _check_passed_on(parsed: dict, values: dict, spellings: dict[str, str]) -> None:
    """Raises conflicting_parameters where an SVG is to be passed on and changed as well."""
    if parsed.get("format") != SVG:
        return
    name = next((name for name in (*values, *(["mark"] if "mark" in parsed else [])) if name != "v"), None)
    if name is not None:
        message = f"format=svg passes the SVG on as it is, for any size; leave {spellings[name]} out."
        raise errors.EngineError("conflicting_parameters", message, spellings[name])


def _check_placeholder(endpoint: str, sources: tuple, values: dict) -> None:
    literal = endpoint.partition("/")[2]
    if sources and literal in values:
        message = f"{literal} and src exclude each other; give one."
        raise errors.EngineError("conflicting_parameters", message, literal)
    if not sources and literal not in values:
        raise errors.EngineError("missing_parameter", f"src or {literal} is missing; give one.", "src")
    missing = next((side for side in ("w", "h") if side not in values), None)
    if not sources and missing:
        raise errors.EngineError("missing_parameter", f"{missing} is required where there is no src.", missing)
