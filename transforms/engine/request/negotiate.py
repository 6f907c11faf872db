"""Chooses the output format: the explicit one, or the best the client's Accept header names."""

import re

from transforms.engine.formats import FORMATS

ACCEPT_CHARACTERS = 4096
# q as RFC 9110, 12.4.2 writes it; anything else makes the item unreadable.
QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
BETTER = tuple(name for name, row in FORMATS.items() if row.is_negotiated)
FALLBACKS = ("auto", "png")


def output_format(endpoint: str, explicit: str | None, accept: str | None) -> str:
    """avif, webp, jpeg, png, gif, nocompress, or auto, which is png or jpeg by transparency, gif for an animation.

    auto is the fallback of a picture, png that of a placeholder; /info is always json. Only full media types count:
    */* and image/* do not imply AVIF. A header that is too long or unreadable counts as none. Never raises; one URL has
    at most three answers.
    """
    if endpoint.startswith("info"):
        return "json"
    if explicit:
        return explicit
    media_types = _named(accept)
    fallback = "png" if endpoint.startswith("placeholder") else "auto"
    return next((name for name in BETTER if f"image/{name}" in media_types), fallback)


def negotiated(endpoint: str, explicit: str | None) -> bool:
    """Whether the response depends on Accept, and so has it in Vary."""
    return explicit is None and not endpoint.startswith("info")


def _named(accept: str | None) -> set[str]:
    """The media types the header names with a q above 0."""
    if not accept or len(accept) > ACCEPT_CHARACTERS:
        return set()
    return {media_type for media_type, weight in map(_item, accept.split(",")) if weight > 0}


def _item(text: str) -> tuple[str, float]:
    media_type, *parameters = (part.strip(" \t").lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            return media_type, float(value) if QUALITY.fullmatch(value) else 0.0
    return media_type, 1.0
