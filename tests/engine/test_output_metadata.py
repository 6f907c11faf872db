"""`metadata=keep` hands on EXIF, XMP and IPTC without location, serial numbers, thumbnails, comments, maker notes and
the history of editing."""

import struct
import time
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, IptcImagePlugin, PngImagePlugin

from tests.engine import copies, pictures
from transforms.engine.metadata import output_metadata
from transforms.engine.request import params

FORMATS = ["jpeg", "png", "webp", "avif"]
GPS, CAMERA = 34853, 34665
SECRETS = [
    "SECRETPLACE",
    "SECRETSERIAL",
    "SECRETLENS",
    "SECRETNOTE",
    "SECRETCOMMENT",
    "SECRETHISTORY",
    "SECRETTHUMB",
    "SECRETCITY",
    "SECRETXPCOMMENT",
    "SECRETTAG",
]
PACKET = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:my="urn:my" xmp:Rating="5" aux:SerialNumber="SECRETSERIAL"
 aux:LensSerialNumber="SECRETLENS" exif:GPSLatitude="SECRETPLACE" photoshop:City="SECRETCITY" tiff:Orientation="6"
 xmpMM:DocumentID="SECRETHISTORY" my:Comment="SECRETCOMMENT" my:Kept="mine">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Café 写真</rdf:li></rdf:Alt></dc:title>
<xmpMM:History><rdf:Seq><rdf:li>SECRETHISTORY</rdf:li></rdf:Seq></xmpMM:History>
<photoshop:History>SECRETHISTORY</photoshop:History>
<xmp:Thumbnails><rdf:Alt><rdf:li>SECRETTHUMB</rdf:li></rdf:Alt></xmp:Thumbnails>
<exif:UserComment><rdf:Alt><rdf:li>SECRETCOMMENT</rdf:li></rdf:Alt></exif:UserComment>
<dc:subject><rdf:Bag><rdf:li>one</rdf:li><rdf:li>two</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def exif_block(thumbnail: bool = True) -> bytes:
    exif = Image.Exif()
    exif.update(
        {
            271: "Maker",
            272: "Model X",
            274: 6,
            270: "a title",
            33432: "© Zoë".encode(),
            282: 300.0,
            283: 300.0,
            296: 2,
            40092: "SECRETXPCOMMENT".encode("utf-16-le"),
            50735: "SECRETSERIAL",
            50740: b"SECRETNOTE",
            59000: b"SECRETTAG",
        }
    )
    exif.get_ifd(CAMERA).update(
        {
            33434: 0.01,
            34855: 200,
            36867: "2026:11:29 10:00:00",
            42036: "Lens 50",
            42033: "SECRETSERIAL",
            42037: "SECRETLENS",
            37500: b"SECRETNOTE",
            37510: b"ASCII\0\0\0SECRETCOMMENT",
            40962: 96,
            40963: 64,
        }
    )
    exif.get_ifd(GPS).update({1: "N", 2: (1.0, 2.0, 3.0), 27: b"SECRETPLACE"})
    if thumbnail:
        exif.get_ifd(ExifTags.IFD.IFD1).update({270: "SECRETTHUMB"})
    return exif.tobytes()


def records(*sets: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text for number, text in sets)


def photograph(**changes: object) -> bytes:
    iptc = records((5, b"Name"), (80, "Zoë".encode()), (90, b"SECRETCITY"), (120, b"caption"), (202, b"SECRETTHUMB"))
    options = {"exif": exif_block(), "xmp": PACKET, "comment": b"SECRETCOMMENT", "extra": output_metadata.segment(iptc)}
    return pictures.saved(pictures.cornered(), "JPEG", quality=95, **options | changes)


def rendered(data: bytes, output_format: str) -> Image.Image:
    return pictures.seen(pictures.render(data, output_format, metadata="keep"))


@pytest.mark.parametrize("output_format", FORMATS)
def test_exif_stays_without_what_is_named(output_format):
    """P01"""
    image = rendered(photograph(), output_format)
    exif = image.getexif()
    assert {tag: exif[tag] for tag in (270, 271, 272, 296)} == {270: "a title", 271: "Maker", 272: "Model X", 296: 2}
    assert exif[33432].encode("latin-1").decode() == "© Zoë" and exif[282] == 300
    camera = dict(exif.get_ifd(CAMERA))
    assert camera == {33434: 0.01, 34855: 200, 36867: "2026:11:29 10:00:00", 42036: "Lens 50"}
    assert exif.get_ifd(GPS) == {} and exif.get_ifd(ExifTags.IFD.IFD1) == {} and 274 not in exif
    assert image.size == (64, 96)


@pytest.mark.parametrize("output_format", FORMATS)
def test_nothing_that_is_not_kept_is_anywhere_in_the_file(output_format):
    """P01"""
    body = pictures.render(photograph(), output_format, metadata="keep").body
    for secret in SECRETS:
        assert secret.encode() not in body and secret.encode("utf-16-le") not in body, secret


@pytest.mark.parametrize("output_format", FORMATS)
def test_xmp_stays_without_what_is_named(output_format):
    packet = rendered(photograph(), output_format).info["xmp"]
    packet = packet if isinstance(packet, bytes) else packet.encode()
    text = packet.decode()
    for part in ("Café 写真", "<dc:title>", "<rdf:li>one</rdf:li>", 'xmp:Rating="5"', "mine"):
        assert part in text, part
    for name in ("History", "Orientation", "City", "GPS", "Serial", "xmpMM"):
        assert name not in text, name


def test_iptc_stays_in_jpeg_and_elsewhere_a_warning_says_so():
    found = IptcImagePlugin.getiptcinfo(rendered(photograph(), "jpeg"))
    assert found == {(2, 5): b"Name", (2, 80): "Zoë".encode(), (2, 120): b"caption"}
    for output_format in ("png", "webp", "avif"):
        output = pictures.render(photograph(exif=b""), output_format, metadata="keep")
        assert any("IPTC" in warning for warning in output.warnings)
        artist = pictures.seen(output).getexif()[315]
        assert artist.encode("latin-1").decode() == "Zoë"


def test_gif_says_that_it_holds_none():
    output = pictures.render(photograph(), "gif", metadata="keep")
    assert "GIF cannot hold the metadata that was asked for." in output.warnings


@pytest.mark.parametrize("values", [{}, {"metadata": "none"}, {"metadata": "copyright"}])
@pytest.mark.parametrize("output_format", FORMATS)
def test_without_it_nothing_more_is_kept_than_before(output_format, values):
    """P01"""
    image = pictures.seen(pictures.render(photograph(), output_format, **values))
    assert "xmp" not in image.info and set(image.getexif()) <= (
        {315, 33432} if values.get("metadata") == "copyright" else set()
    )


@pytest.mark.parametrize("source", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_it_is_read_in_every_format(source):
    options = {"exif": exif_block(thumbnail=False)}
    if source == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", PACKET.decode())
    elif source != "TIFF":
        options["xmp"] = PACKET
    image = rendered(pictures.saved(pictures.cornered(), source, **options), "jpeg")
    assert image.getexif()[272] == "Model X" and image.getexif().get_ifd(CAMERA)[42036] == "Lens 50"
    assert (b"dc:title" in image.info.get("xmp", b"")) == (source != "TIFF")
    assert not any(secret.encode() in image.info["exif"] for secret in SECRETS)


def test_a_file_without_metadata_gets_none():
    plain = pictures.saved(pictures.cornered(), "PNG")
    for output_format in FORMATS:
        assert pictures.render(plain, output_format, metadata="keep").body == pictures.render(plain, output_format).body


def test_a_reencoding_keeps_it_too():
    data = photograph()
    small = pictures.saved(pictures.noisy(), "JPEG", quality=10, exif=exif_block(), xmp=PACKET)
    for each in (data, small):
        assert rendered(each, "jpeg").getexif()[272] == "Model X"


def test_values_of_both_byte_orders_are_kept_as_they_are():
    for order, magic in (("<", b"II*\0"), (">", b"MM\0*")):
        entries = struct.pack(order + "HHIHH", 34855, 3, 1, 320, 0) + struct.pack(order + "HHII", 36867, 2, 20, 70)
        inner = struct.pack(order + "H", 2) + entries + bytes(4)
        main = struct.pack(order + "HHHII", 1, CAMERA, 4, 1, 26) + bytes(4)
        block = magic + struct.pack(order + "I", 8) + main + inner
        block = block.ljust(70, b"\0") + b"2026:11:29 10:00:00\0"
        exif = Image.Exif()
        exif.load(output_metadata.exif(block, {}))
        assert dict(exif.get_ifd(CAMERA)) == {34855: 320, 36867: "2026:11:29 10:00:00"}


@pytest.mark.parametrize(
    "packet",
    [
        b"<a",
        b"\xff\xfe<\0a\0",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a/>" + b" " * 70_000 + b"x",
        b"<a>" * 9_000 + b"</a>" * 9_000,
        b"<?xml version='1.0' encoding='utf-7'?><a/>",
        b"",
    ],
)
def test_a_damaged_packet_or_one_with_entities_is_left_out(packet):
    """I8"""
    started = time.process_time()
    assert output_metadata.packet(packet) == b""
    assert time.process_time() - started < 5


def test_damaged_and_endless_exif_is_left_out_and_costs_nothing():
    """I8: entries that all name the same bytes, and directories that name themselves."""
    whole = exif_block()
    for cut in range(0, len(whole), 3):
        assert len(output_metadata.exif(whole[:cut], {})) < 2_000
    noise = np.random.default_rng(3)
    for _ in range(300):
        block = bytearray(whole)
        block[noise.integers(6, len(block))] = noise.integers(0, 256)
        assert len(output_metadata.exif(bytes(block), {})) < output_metadata.LONGEST + 2_000
    entry = struct.pack("<HHII", 270, 2, 20_000, 8)
    endless = b"II*\0" + struct.pack("<IH", 8, 65_535) + entry * 65_535 + bytes(1_000_000)
    assert len(output_metadata.exif(endless, {})) < output_metadata.LONGEST
    itself = b"II*\0" + struct.pack("<IHHHII", 8, 1, CAMERA, 4, 1, 8) + bytes(4)
    assert output_metadata.exif(itself, {}) == b""


def test_damaged_iptc_ends_where_it_is_damaged():
    good = records((5, b"Name"))
    assert output_metadata.iptc(good + b"\x1c\x02\x05\xff\xff" + bytes(50)) == good
    assert output_metadata.iptc(good + b"\x1c\x02\x05\x00\x09ab") == good
    assert output_metadata.iptc(b"") == b""


def test_the_page_names_what_is_never_kept():
    meaning = params.find("transform", "metadata").meaning
    for words in ("location", "serial numbers", "thumbnails", "comments", "maker notes", "history of editing"):
        assert words in meaning


def test_a_packed_packet_of_a_png_is_read():
    data = pictures.saved(Image.new("RGB", (4, 4)), "PNG")
    body = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(PACKET)
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    image = rendered(data[:33] + chunk + data[33:], "png")
    packet = image.info["xmp"]
    assert "Café" in (packet if isinstance(packet, str) else packet.decode())


def test_entries_that_point_into_a_large_file_do_not_copy_it():
    """H13: five hundred of a tag that is not kept, and five hundred of one that is and is too long."""
    entries = b"".join(struct.pack("<HHII", tag, 1, 90_000, 8) for tag in (1, 315) for _ in range(250))
    block = b"II*\0" + struct.pack("<IH", 8, 500) + entries + bytes(4) + bytes(2_000_000)
    counted, copied = copies.counting(block)
    assert output_metadata.exif(counted, {}) == b"" and copied[0] < 1_000_000
