"""Reads the EXIF block of a header as far as it is used: the orientation, the camera, and who holds the rights."""

from PIL import ExifTags, Image, TiffImagePlugin

from transforms.engine.metadata import rights

ORIENTATION = ExifTags.Base.Orientation
CAMERA = (ExifTags.Base.Make, ExifTags.Base.Model)


def orientation(image: Image.Image) -> int:
    """EXIF orientation 1–8; any other value counts as 1."""
    number = read(image).get(ORIENTATION, 1)
    return number if isinstance(number, int) and 1 <= number <= 8 else 1


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
    elif isinstance(image.info.get("exif"), bytes):
        try:
            exif.load(image.info["exif"])
        except Exception:
            # A damaged EXIF block does not affect the pixels.
            return Image.Exif()
    return exif
