"""Validation of a BlurHash by its characters alone."""

# The alphabet and the layout are those of https://github.com/woltapp/blurhash/blob/master/Algorithm.md
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def fault(text: str) -> str | None:
    """Why the text is not a BlurHash, as the end of a sentence; None when it is one."""
    if len(text) < 6:
        return f"it has {len(text)} characters, and the shortest has 6"
    invalid = next((character for character in text if character not in DIGITS), None)
    if invalid == " ":
        return "it has a space; in a URL + must be written as %2B"
    if invalid:
        return f"{invalid!r} is not one of its 83 characters"
    return _count_fault(text) or _colour_fault(text)


def _count_fault(text: str) -> str | None:
    down, across = divmod(DIGITS.index(text[0]), 9)
    if down > 8:
        return f"it cannot start with {text[0]!r}"
    length = 4 + 2 * (across + 1) * (down + 1)
    if len(text) != length:
        return f"its first character promises {length} characters and it has {len(text)}"
    return None


def _colour_fault(text: str) -> str | None:
    value = 0
    for character in text[2:6]:
        value = value * 83 + DIGITS.index(character)
    return "its average colour is out of range" if value > 0xFFFFFF else None
