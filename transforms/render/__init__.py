"""Render processes: a bounded pool of sandboxed children."""
