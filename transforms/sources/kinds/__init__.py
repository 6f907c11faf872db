"""The kinds of source, one module each, listed in `registry`."""
