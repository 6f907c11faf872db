"""Reads the EXIF block of a header as far as it is used: the orientation, the camera, and who holds the rights."""

from PIL import ExifTags, Image, JpegImagePlugin, TiffImagePlugin

from transforms.engine.containers import exif_block
from transforms.engine.metadata import rights

ORIENTATION = ExifTags.Base.Orientation
NAME = b"Exif\0"
CAMERA = (ExifTags.Base.Make, ExifTags.Base.Model)


def orientation(image: Image.Image) -> int:
    """EXIF orientation 1–8; any other value counts as 1."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return exif_block.orientation(block(image))
    number = read(image).get(ORIENTATION, 1)
    return number if isinstance(number, int) and 1 <= number <= 8 else 1


def block(image: Image.Image) -> bytes:
    """The EXIF block of a header as it is stored, empty where there is none. One byte behind its name may be any, of
    which Pillow knows nought alone."""
    stored = image.info.get("exif")
    if isinstance(stored, bytes):
        return stored
    segments = image.applist if isinstance(image, JpegImagePlugin.JpegImageFile) else ()
    return next((exif_block.HEAD + body[6:] for name, body in segments if name == "APP1" and body[:5] == NAME), b"")


def read(image: Image.Image) -> Image.Exif:
    """The EXIF block of the header. `getexif` is not used: it decodes a PNG, and trusts XMP."""
    exif = Image.Exif()
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        exif.update(
            {
                tag: image.tag_v2[tag]
                for tag in (ORIENTATION, rights.ARTIST, rights.COPYRIGHT, *CAMERA)
                if tag in image.tag_v2
            }
        )
    elif stored := block(image):
        try:
            exif.load(stored)
        except Exception:
            # A damaged EXIF block does not affect the pixels.
            return Image.Exif()
    return exif
