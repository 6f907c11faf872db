"""The one error of setting up the embedded engines: a sentence for the person at the terminal."""


class SetupError(Exception):
    """Something this machine lacks or refuses; the text says what, and what to do about it."""
