"""The query of an image request: taken apart once, passed along as its parameters, each decoded and as it was sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from transforms.engine import errors
from transforms.engine.request import endpoints, params, query_text, spec
from transforms.engine.request.spec import Spec

SIGNATURE = ("sig", "exp", "policy")


@dataclass(frozen=True)
class QueryParameter:
    """`raw` as sent, percent-escapes included; `name` and `value` decoded. One that cannot be decoded has neither, and
    the `fault` that parsing the query raises."""

    raw: str
    name: str = ""
    value: str = ""
    fault: errors.EngineError | None = field(default=None, compare=False)

    @property
    def raw_name(self) -> str:
        """The name as sent."""
        return self.raw.partition("=")[0]


@dataclass(frozen=True)
class Query:
    """A query string as its parameters, in order. It never changes: each operation gives another query."""

    parameters: tuple[QueryParameter, ...] = ()

    @classmethod
    def parse(cls, raw: str) -> "Query":
        """The query of a raw query string, as WSGI passes it. Empty items are skipped; nothing is refused yet."""
        return cls(tuple(_parameter(item) for item in raw.split("&") if item))

    @classmethod
    def of_values(cls, values: Mapping[str, str]) -> "Query":
        """The query of values by name."""
        return cls(
            tuple(QueryParameter(query_text.encoded(name, value), name, value) for name, value in values.items())
        )

    @property
    def raw(self) -> str:
        """The query string: each parameter exactly as it was sent."""
        return "&".join(parameter.raw for parameter in self.parameters)

    def value(self, name: str) -> str | None:
        """The value of a parameter that may be given once; None where it is absent. Raises duplicate_parameter."""
        values = [parameter.value for parameter in self.parameters if parameter.name == name]
        if len(values) > 1:
            raise query_text.duplicate(name, name)
        return values[0] if values else None

    def without(self, *names: str) -> "Query":
        """The query without the parameters of these names."""
        return Query(tuple(parameter for parameter in self.parameters if parameter.name not in names))

    def without_signature(self) -> "Query":
        """The query without the parameters that sign it."""
        return self.without(*SIGNATURE)

    def signed_text(self) -> str:
        """What a signature covers: every parameter but sig, as sent, sorted by name as sent; repeated ones in order."""
        return Query(tuple(sorted(self.without("sig").parameters, key=lambda parameter: parameter.raw_name))).raw

    def with_preset(self, values: Mapping[str, str]) -> "Query":
        """The query of /transform with the values of its preset, by long-lived name, in the place of `preset`. Its own
        parameters override them, under any name; size overrides w and h."""
        remaining = self.without("preset")
        explicit_names = remaining.long_names(endpoints.TRANSFORM)
        explicit_names |= {"w", "h"} if "size" in explicit_names else set()
        preset = Query.of_values({name: value for name, value in values.items() if name not in explicit_names})
        return remaining + preset

    def long_names(self, endpoint: str) -> set[str]:
        """The long-lived names of the parameters at an endpoint; a name that it does not know stands for itself."""
        return {params.long_name(endpoint, parameter.name) for parameter in self.parameters}

    def only(self, endpoint: str, names: Collection[str]) -> "Query":
        """The parameters that have one of these long-lived names at an endpoint."""
        return Query(tuple(each for each in self.parameters if params.long_name(endpoint, each.name) in names))

    def excluding(self, endpoint: str, names: Collection[str]) -> "Query":
        """The parameters that have none of these long-lived names at an endpoint."""
        return Query(tuple(each for each in self.parameters if params.long_name(endpoint, each.name) not in names))

    def spec(self, endpoint: str, path_source: str | None = None) -> Spec:
        """The parsed request, whose source may be named by the path (already decoded). Raises EngineError, one of
        errors.REQUEST_CODES, naming the parameter as in the query."""
        for each in self.parameters:
            if each.fault is not None:
                raise each.fault
        return spec.parse(endpoint, [(each.name, each.value) for each in self.parameters], path_source)

    def __add__(self, other: "Query") -> "Query":
        return Query(self.parameters + other.parameters)


def _parameter(raw: str) -> QueryParameter:
    try:
        name, value = query_text.decoded(raw)
    except errors.EngineError as error:
        return QueryParameter(raw, fault=error)
    return QueryParameter(raw, name, value)
