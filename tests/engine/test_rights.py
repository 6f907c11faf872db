"""`metadata=copyright`: what EXIF, XMP or IPTC say of maker and rights stays, byte for byte, in what can hold it."""

import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.engine import pictures
from transforms.engine.codecs import decode
from transforms.engine.limits import Limits
from transforms.engine.metadata import rights

FILES = Path(__file__).parent / "files" / "rights"
FORMATS = ["jpeg", "png", "webp", "avif"]
UTF8 = {315: "Zoë Müller", 33432: "© 2026 Zoë Müller 写真"}
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description>'
    "<dc:creator><rdf:Seq><rdf:li>Zoë &amp; Söhne</rdf:li></rdf:Seq></dc:creator>"
    '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Zoë</rdf:li></rdf:Alt></dc:rights>'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
).encode()


def kept(data: bytes, output_format: str) -> dict[int, str]:
    """The texts of the output's EXIF, as UTF-8."""
    exif = pictures.seen(pictures.render(data, output_format, metadata="copyright")).getexif()
    return {tag: exif[tag].encode("latin-1").decode() for tag in (315, 33432) if tag in exif}


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_text_beyond_ascii_is_kept_byte_for_byte(output_format):
    assert kept((FILES / "rights_utf8.jpg").read_bytes(), output_format) == UTF8


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize(
    ("name", "expected"),
    [("rights_xmp.jpg", {33432: "(c) XmpOwner"}), ("rights_iptc.jpg", {315: "IptcOwner", 33432: "(c) IptcOwner"})],
)
def test_rights_that_stand_in_xmp_or_iptc_alone_are_kept_as_exif(name, expected, output_format):
    assert kept((FILES / name).read_bytes(), output_format).items() >= expected.items()


def png_with(body: bytes) -> bytes:
    data = pictures.saved(Image.new("RGB", (4, 4)), "PNG")
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    return data[:33] + chunk + data[33:]


SOURCES = {
    "png": lambda: png_with(b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET),
    "packed png": lambda: png_with(b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(PACKET)),
    "jpeg": lambda: pictures.saved(Image.new("RGB", (16, 16)), "JPEG", xmp=PACKET),
    "webp": lambda: pictures.saved(Image.new("RGB", (16, 16)), "WEBP", xmp=PACKET),
    "avif": lambda: pictures.saved(Image.new("RGB", (64, 64)), "AVIF", xmp=PACKET),
}


@pytest.mark.parametrize("name", SOURCES)
def test_xmp_is_read_in_every_format(name):
    assert kept(SOURCES[name](), "jpeg") == {315: "Zoë & Söhne", 33432: "© Zoë"}


def test_exif_goes_before_xmp_and_only_rights_are_taken():
    exif = Image.Exif()
    exif[33432] = "(c) Exif"
    data = pictures.saved(Image.new("RGB", (16, 16)), "JPEG", exif=exif, xmp=PACKET)
    assert kept(data, "png") == {315: "Zoë & Söhne", 33432: "(c) Exif"}
    assert b"xmpmeta" not in pictures.render(data, "jpeg", metadata="copyright").body
    assert "exif" not in pictures.seen(pictures.render(data, "jpeg")).info


@pytest.mark.parametrize(
    "packet",
    [
        b"<dc:rights><rdf:li>",
        b"<dc:rights></dc:rights><rdf:li>late</rdf:li>",
        b'dc:rights="open',
        b"<dc:rights" * 9_000,
        b"\xff" * 5_000,
        b"",
    ],
)
def test_a_damaged_packet_gives_nothing_and_harms_nothing(packet):
    """I8"""
    assert rights.read(Image.new("L", (1, 1)), Image.Exif(), packet) == {}


def test_a_long_text_is_cut_between_characters():
    packet = b'dc:rights="' + "é".encode() * 5_000 + b'"'
    text = rights.read(Image.new("L", (1, 1)), Image.Exif(), packet)[33432]
    assert len(text) == rights.LONGEST and text.decode() == "é" * (rights.LONGEST // 2)


def packet(description: str, body: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:d="http://purl.org/dc/elements/1.1/" {description}>{body}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


@pytest.mark.parametrize(
    ("xmp", "tag", "text"),
    [
        (packet("d:rights='© Zoë'"), 0x8298, "© Zoë"),
        (packet("", "<d:rights>© Zoë</d:rights>"), 0x8298, "© Zoë"),
        (packet("", "<d:rights><rdf:Alt><rdf:li><![CDATA[© Zoë]]></rdf:li></rdf:Alt></d:rights>"), 0x8298, "© Zoë"),
        (
            packet(
                "",
                '<d:rights><rdf:Alt><rdf:li xml:lang="de">de</rdf:li><rdf:li xml:lang="x-default">© Zoë &amp; Co'
                "</rdf:li></rdf:Alt></d:rights>",
            ),
            0x8298,
            "© Zoë & Co",
        ),
        (
            packet("", "<d:creator><rdf:Seq><rdf:li>Zoë</rdf:li><rdf:li>Ada</rdf:li></rdf:Seq></d:creator>"),
            0x013B,
            "Zoë; Ada",
        ),
        (packet("d:rights='© Zoë'").decode().encode("utf-16"), 0x8298, "© Zoë"),
    ],
)
def test_rights_in_xmp_are_read_however_they_are_written(xmp, tag, text):
    """I13: any prefix, quotes and encoding."""
    data = pictures.saved(Image.new("RGB", (8, 8)), "WEBP", xmp=xmp)
    assert decode.open_picture(data, Limits()).rights == {tag: text.encode()}


def test_a_packet_that_declares_entities_or_is_damaged_says_nothing():
    """I2, I13"""
    declared = b'<!DOCTYPE x [<!ENTITY a "b">]>' + packet("d:rights='&a;'")
    for xmp in (declared, packet("d:rights='x'")[:-9], b"rights", b"\xff\xfe" + packet("d:rights='x'")):
        data = pictures.saved(Image.new("RGB", (8, 8)), "WEBP", xmp=xmp)
        assert decode.open_picture(data, Limits()).rights == {}


@pytest.mark.parametrize("name", ["creator", "rights"])
@pytest.mark.parametrize("text", ["", "x"])
def test_properties_within_one_another_are_looked_through_once(monkeypatch, name, text):
    """I8: counts the elements that are looked at."""
    depth = 20_000
    nested = f"<d:{name}>" * depth + text + f"</d:{name}>" * depth
    looked_at = []

    class Counted(ElementTree.Element):
        def __iter__(self):
            return (self._count(self[index]) for index in range(len(self)))

        def iter(self, tag=None):
            return map(self._count, super().iter())

        def _count(self, element):
            looked_at.append(1)
            assert len(looked_at) < 20 * depth
            return element

    def parse(text):
        parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(element_factory=Counted))
        parser.feed(text)
        return parser.close()

    monkeypatch.setattr(ElementTree, "fromstring", parse)
    rights.read(Image.new("L", (1, 1)), Image.Exif(), packet("", nested))
    assert len(looked_at) >= depth


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<d:rights/><d:rights>late</d:rights>", b"late"),
        ("<d:rights>one</d:rights><d:rights>other</d:rights>", b"one"),
        ("<d:rights><rdf:li>bare</rdf:li></d:rights>", b"bare"),
        ("<d:rights><d:rights>inner</d:rights></d:rights>", b"inner"),
    ],
)
def test_of_several_properties_the_first_one_that_says_something_is_read(body, text):
    """I13"""
    assert rights.read(Image.new("L", (1, 1)), Image.Exif(), packet("", body)) == {0x8298: text}
