"""Walks the containers of files, byte by byte: what they say, and copies that a decoder can read."""
