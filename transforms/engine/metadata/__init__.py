"""What a file says beside its pixels: EXIF, XMP and IPTC, rights, gain maps."""
