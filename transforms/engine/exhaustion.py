"""Distinguishes a broken picture from a process that ran out of memory."""

from transforms.engine.errors import EngineError


def is_behind(error: EngineError) -> bool:
    """Whether an error was caused by lack of memory: then it says nothing about the picture.

    Pillow raises MemoryError, or an OSError that says `out of memory` when a decoder could not allocate.
    """
    cause = error.__cause__
    return isinstance(cause, MemoryError) or (isinstance(cause, OSError) and "memory" in str(cause).lower())
