"""Tells a picture that is broken from a process that had no memory left to read it."""

from transforms.engine.errors import EngineError


def is_behind(error: EngineError) -> bool:
    """Whether a refusal was caused by want of memory: then it says nothing about the picture.

    Pillow raises MemoryError, or an OSError that says `out of memory` when a decoder could not allocate.
    """
    cause = error.__cause__
    return isinstance(cause, MemoryError) or (isinstance(cause, OSError) and "memory" in str(cause).lower())
