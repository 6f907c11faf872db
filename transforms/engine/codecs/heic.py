"""HEIC, where the operator has installed its decoder (requirements-heic.txt, docs/decisions.md)."""

import functools
import importlib
import importlib.util
from types import ModuleType

PACKAGE = "pi_heif"
# Pillow's name for the decoder's format.
NAME = "HEIF"


def is_installed() -> bool:
    """Whether the optional decoder is installed; does not import it."""
    return importlib.util.find_spec(PACKAGE) is not None


@functools.cache
def prepare() -> ModuleType:
    """Register the format with Pillow, once a process. Raises ImportError where the decoder is not installed."""
    decoder = importlib.import_module(PACKAGE)
    decoder.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return decoder
