"""Named sources and full addresses: from a `src` to an original."""
