"""The endpoints of the image API."""

TRANSFORM = "transform"
GRID = "grid"
INFO = ("info", "info/metadata", "info/colors", "info/blurhash")
BLURHASH = "placeholder/blurhash"
COLOR = "placeholder/color"
PLACEHOLDERS = (BLURHASH, COLOR)
ENDPOINTS = (TRANSFORM, *INFO, GRID, *PLACEHOLDERS)
LONGEST_FIRST = tuple(sorted(ENDPOINTS, key=len, reverse=True))  # the order in which paths are matched
