"""A row of the parameter table, and the description of its accepted values."""

from dataclasses import dataclass

from transforms.engine.request.endpoints import TRANSFORM


@dataclass(frozen=True, slots=True)
class Param:
    """One row: a parameter at `endpoints`. A name has one row per endpoint at most.

    `kind` is the reader (see values.py). `least` and `most` bound integers, numbers and, where `least` and `most`
    stand for characters, texts. `choices` are the accepted words; beside a number they are words that may stand for it.
    `spelled` maps other spellings of a choice to the canonical one. `default` None means there is none, or that it
    depends on the source. A parameter that is `outside` is read and removed before the engine parses a request.
    """

    name: str
    kind: str
    endpoints: tuple[str, ...]
    meaning: str
    aliases: tuple[str, ...] = ()
    default: object = None
    least: float | None = None
    most: float | None = None
    choices: tuple = ()
    spelled: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    repeatable: bool = False
    available: bool = True
    outside: bool = False

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most of a parameter that has both."""
        if self.least is None or self.most is None:
            raise TypeError(f"The parameter {self.name} has no bounds.")
        return self.least, self.most

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


def switch(name: str, meaning: str, default: bool = False, available: bool = True) -> Param:
    """A row of /transform that is on or off."""
    return Param(name, "switch", (TRANSFORM,), meaning, default=default, available=available)


def accepts(param: Param) -> str:
    """The accepted values as the end of a sentence: `a whole number from 1 to 8192`."""
    return _KINDS[param.kind](param)


def _span(param: Param) -> str:
    if param.least is None:
        return ""
    return f" from {param.least} to {param.most}" if param.most is not None else f" of at least {param.least}"


def _words(param: Param) -> str:
    return " or ".join(filter(None, (", ".join(map(str, param.choices[:-1])), *map(str, param.choices[-1:]))))


def _whole(param: Param) -> str:
    if param.choices and param.least is None:
        return f"one of {_words(param)}"
    return f"a whole number{_span(param)}" + (f", or {_words(param)}" if param.choices else "")


_KINDS = {
    "integer": _whole,
    "number": lambda param: f"a number{_span(param)}",
    "length": lambda param: f"a fraction above 0 and up to 1, or a whole number{_span(param)}",
    "angle": lambda param: f"a number of degrees{_span(param)}",
    "switch": lambda param: "0 or 1",
    "choice": lambda param: f"one of {_words(param)}",
    "colour": lambda param: "a hex colour: rgb, rgba, rrggbb or rrggbbaa, with or without #",
    "position": lambda param: f"{_words(param)}, or x,y from 0 to 1",
    "focus": lambda param: f"{_words(param)}, or x,y from 0 to 1",
    "crop": lambda param: "x,y,w,h in whole pixels, or as fractions from 0 to 1",
    "source": lambda param: f"a URL, or a source name and a path, of {param.least} to {param.most} characters",
    "select": lambda param: f"names out of {_words(param)}, separated by commas",
    "blurhash": lambda param: f"a BlurHash of {param.least} to {param.most} characters",
    "version": lambda param: f"{param.least} to {param.most} of A-Z, a-z, 0-9, ., _ and -",
    "filename": lambda param: f"a file name of {param.least} to {param.most} characters without / or \\",
    "name": lambda param: "a name",
    "signature": lambda param: "a key's id, a dot, and an HMAC-SHA256 in base64url",
    "moment": lambda param: "whole seconds since 1970",
    "policy": lambda param: "base64url of a JSON object",
}
