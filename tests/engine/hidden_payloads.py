"""Pictures that carry a canary in every place where their format lets something ride along."""

import zlib
from io import BytesIO

from PIL import ExifTags, Image, ImageCms, PngImagePlugin, TiffImagePlugin

from tests.engine import pictures

CANARY = "CANARY-7f3a"
RAW = CANARY.encode()
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:li>{CANARY}</rdf:li></x:xmpmeta>".encode()
IPTC = b"\x1c\x02\x78\x00\x0b" + RAW
PHOTOSHOP = b"8BIM\x04\x04\x00\x00\x00\x00\x00\x10" + IPTC
TEXTS = ("ImageDescription", "Artist", "Copyright", "HostComputer", "Software", "DocumentName", "DateTime")
INNER = ("UserComment", "MakerNote", "BodySerialNumber", "LensSerialNumber", "CameraOwnerName", "ImageUniqueID")


def picture() -> Image.Image:
    return pictures.shaded(64, 48)


def exif() -> Image.Exif:
    """Every text, the maker's note, the serial numbers, the position and a thumbnail."""
    block = Image.Exif()
    for name in TEXTS:
        block[ExifTags.Base[name]] = CANARY
    block.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base[name].value: CANARY for name in INNER})
    rational = TiffImagePlugin.IFDRational
    gps = {
        1: "N",
        2: (rational(27), rational(59), rational(17)),
        3: "E",
        4: (rational(86), rational(55), rational(31)),
        29: CANARY,
    }
    block.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return block


def profile() -> bytes:
    """An sRGB profile whose description is the canary."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    at = plain.find(b"mluc", plain.find(b"desc", 128) + 4)
    text = CANARY.encode("utf-16-be")
    at = at if at > 0 else 128
    return plain[: at + 28] + text + plain[at + 28 + len(text) :]


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    """EXIF, a thumbnail, XMP and its extension, IPTC, profile, every other APPn, comments, a second view, a tail."""
    image = image or picture()
    plain = pictures.saved(image, "JPEG", **options, exif=exif(), xmp=XMP, icc_profile=profile(), comment=RAW)
    extra = segment(0xED, b"Photoshop 3.0\0" + PHOTOSHOP)
    extra += segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + XMP)
    extra += b"".join(segment(0xE0 + number, RAW) for number in range(3, 16) if number != 14)
    extra += segment(0xFE, RAW) + segment(0xE0, b"JFXX\0\x10" + pictures.saved(picture(), "JPEG", comment=RAW))
    return plain[:2] + extra + plain[2:] + jpeg_view() + b"PK\3\4<?php " + RAW


def jpeg_view() -> bytes:
    return pictures.saved(picture(), "JPEG", comment=RAW, exif=exif())


def chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def png(image: Image.Image | None = None) -> bytes:
    """Plain, compressed and international texts, EXIF, a profile, a suggested palette, a strange chunk, a tail."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", CANARY)
    text.add_text("Zipped", CANARY * 20, zip=True)
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    text.add_itxt("Zipped too", CANARY * 20, zip=True)
    data = pictures.saved(image or picture(), "PNG", exif=exif(), pnginfo=text, icc_profile=profile())
    extra = chunk(b"sPLT", RAW + b"\0\x08") + chunk(b"caNv", RAW) + chunk(b"eXIx", zlib.compress(RAW * 20))
    end = data.rfind(b"IEND") - 4
    return data[:33] + extra + data[33:end] + chunk(b"tEXt", b"Late\0" + RAW) + data[end:] + b"PK\3\4" + RAW


def webp(image: Image.Image | None = None, **options: object) -> bytes:
    """EXIF, XMP, a profile, a strange chunk and a tail."""
    data = pictures.saved(image or picture(), "WEBP", exif=exif(), xmp=XMP, icc_profile=profile(), **options)
    data += b"CANV" + (12).to_bytes(4, "little") + RAW + b"\0"
    return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:] + b"PK\3\4" + RAW


def gif(**options: object) -> bytes:
    """A comment, XMP in an application's block, a plain text block, a tail."""
    data = pictures.saved(picture(), "GIF", comment=RAW, **options)
    at = 13 + (3 << ((data[10] & 7) + 1))
    blocks = b"\x21\xff\x0bXMP DataXMP" + bytes([len(RAW)]) + RAW + b"\0"
    blocks += b"\x21\x01\x0c" + bytes(12) + bytes([len(RAW)]) + RAW + b"\0"
    return data[:at] + blocks + data[at:] + b"<?php " + RAW


def avif(**options: object) -> bytes:
    """EXIF, XMP, a profile, a free box at the end."""
    data = pictures.saved(picture(), "AVIF", exif=exif(), xmp=XMP, icc_profile=profile(), **options)
    return data + (8 + len(RAW)).to_bytes(4, "big") + b"free" + RAW


def tiff() -> bytes:
    """Texts, XMP, IPTC, Photoshop's block, private tags, and a second page."""
    tags = {270: CANARY, 315: CANARY, 33432: CANARY, 700: XMP, 33723: IPTC, 34377: PHOTOSHOP, 65000: CANARY}
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info[tag] = value
        info.tagtype[tag] = 7 if isinstance(value, bytes) else 2
    options = {"tiffinfo": info, "icc_profile": profile(), "save_all": True, "append_images": [picture()]}
    return pictures.saved(picture(), "TIFF", **options) + RAW


def bmp() -> bytes:
    """A gap between header and pixels, and a tail."""
    data = pictures.saved(picture(), "BMP")
    offset = int.from_bytes(data[10:14], "little")
    new_offset = (offset + len(RAW)).to_bytes(4, "little")
    return data[:10] + new_offset + data[14:offset] + RAW + data[offset:] + RAW


def moving() -> dict[str, object]:
    """What makes a file of two frames."""
    return {"save_all": True, "append_images": [picture().rotate(180)], "duration": 50}


def laden() -> dict[str, bytes]:
    """One file a format, and animations where there are any."""
    return {
        "jpeg": jpeg(),
        "mpo": mpo(),
        "png": png(),
        "palette": png(picture().quantize(16)),
        "webp": webp(),
        "webp moving": webp(**moving()),
        "gif": gif(),
        "gif moving": gif(**moving()),
        "avif": avif(),
        "avif moving": avif(**moving()),
        "tiff": tiff(),
        "bmp": bmp(),
    }


def mpo() -> bytes:
    """A JPEG with a second view, as cameras write it."""
    buffer = BytesIO()
    picture().save(buffer, "MPO", save_all=True, append_images=[picture().rotate(180)], exif=exif())
    return buffer.getvalue() + RAW
