"""Colour spaces that a file names without an ICC profile: by code points (ITU-T H.273) or by PNG's gAMA and cHRM."""
