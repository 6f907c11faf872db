"""Decoding and encoding: formats, quality, metadata."""
