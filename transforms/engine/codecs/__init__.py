"""Decoding and encoding: formats, quality, metadata.

cut_files ← animations
"""
