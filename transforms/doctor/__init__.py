"""The source doctor: which step of a source fails first, and what mends it."""
