"""Tells a JPEG that holds a gain map: a second picture that brightens it on screens of high dynamic range."""

from PIL import Image

# ISO 21496-1 in the primary picture; Ultra HDR and Adobe in its XMP; Apple in the XMP of the second picture.
ISO = b"urn:iso:std:iso:ts:21496:-1\0"
ADOBE = b"http://ns.adobe.com/hdr-gain-map/1.0/"
APPLE = (b"urn:com:apple:photo:2020:aux:hdrgainmap", b"http://ns.apple.com/HDRGainMap/1.0/")
MULTIPLE = b"MPF\0"
WARNING = "The gain map was dropped: the picture is that of a screen without high dynamic range."


def has_one(image: Image.Image, data: bytes) -> bool:
    """Whether the file, whose header is read, holds one; always False for other formats."""
    segments = [body for name, body in getattr(image, "applist", ()) if name == "APP2"]
    if any(body.startswith(ISO) for body in segments) or ADOBE in image.info.get("xmp", b""):
        return True
    return any(body.startswith(MULTIPLE) for body in segments) and any(data.find(name) >= 0 for name in APPLE)
