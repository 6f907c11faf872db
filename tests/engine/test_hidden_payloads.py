"""Nothing rides along (I14, P09): canaries in every place of every format, and closed lists of what is sent."""

import pytest

from tests.engine import containers, hidden_payloads, pictures

OUTPUTS = ["avif", "webp", "jpeg", "png", "gif"]
LADEN = hidden_payloads.laden()
NOISE = pictures.noisy()
COPIED = [
    ("jpeg", hidden_payloads.jpeg(NOISE, quality=20)),
    ("webp", hidden_payloads.webp(NOISE, quality=20)),
    ("webp", hidden_payloads.webp(NOISE, quality=20, save_all=True, append_images=[NOISE.rotate(180)], duration=50)),
]
# What draws. JPEG: JFIF, tables, frame, scan, end; nothing may stand behind the end.
ALLOWED = {
    "jpeg": {"e0", "db", "c0", "c1", "c2", "c4", "dd", "da", "EOI"},
    "png": {"IHDR", "PLTE", "tRNS", "IDAT", "IEND", "acTL", "fcTL", "fdAT", "tail"},
    "webp": {"VP8", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "tail"},
    "gif": {"picture", "control", "loop", "tail"},
}
# AVIF's boxes of items and tracks, none of which holds free text but hdlr, infe and name.
AVIF_STILL = {"ftyp", "meta", "pitm", "iloc", "iinf", "iprp", "ipco", "ipma", "ispe", "pixi", "av1C", "colr", "auxC"}
AVIF_MOVING = {"moov", "mvhd", "trak", "tkhd", "mdia", "mdhd", "minf", "vmhd", "dinf", "edts", "tref"}
AVIF_TABLES = {"stbl", "stsd", "stts", "stsc", "stsz", "stco", "stss", "iref", "mdat", "tail"}
AVIF_NAMES = {b"", b"Color", b"Alpha"}


def foreign_parts(name: str, body: bytes) -> set[str]:
    """Parts that do not draw, and parts that should be empty and are not."""
    parts = list(containers.parts(name, body))
    if name == "avif":
        foreign = {part for part, _ in parts} - AVIF_STILL - AVIF_MOVING - AVIF_TABLES - {"infe", "hdlr"}
        foreign |= {"infe" for part, content in parts if part == "infe" and not plain_item(content)}
    else:
        foreign = {part for part, _ in parts} - ALLOWED[name]
    foreign |= {part for part, content in parts if part in ("tail", "EOI") and content}
    return foreign | {part for part, content in parts if part == "e0" and len(content) != 14}


def plain_item(content: bytes) -> bool:
    """Whether an item is a picture, under one of the names that encoders give."""
    return content[8:12] == b"av01" and content[12:].split(b"\0")[0] in AVIF_NAMES


def canary_places(name: str, body: bytes) -> list[str]:
    """The places that hold the canary: the bytes, or a part that zlib compressed; in UTF-16 too."""
    spellings = [
        hidden_payloads.RAW,
        hidden_payloads.CANARY.encode("utf-16-be"),
        hidden_payloads.CANARY.encode("utf-16-le"),
    ]
    contents = [
        ("bytes", body),
        *((part, containers.inflated(content)) for part, content in containers.parts(name, body)),
    ]
    return [where for where, content in contents if any(spelling in content for spelling in spellings)]


@pytest.mark.parametrize("source", list(LADEN))
def test_the_canaries_are_there(source):
    """Else their absence would prove nothing."""
    data = LADEN[source]
    assert data.count(hidden_payloads.RAW) >= 2
    if source in ("png", "palette"):
        assert {"zTXt", "iTXt", "iCCP", "eXIf", "caNv"} <= set(canary_places("png", data)) | {
            p for p, _ in containers.png(data)
        }
    if source == "jpeg":
        assert len([part for part, content in containers.jpeg(data) if hidden_payloads.RAW in content]) >= 16


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("source", list(LADEN))
@pytest.mark.parametrize("values", [{}, {"w": 20}, {"quality": "auto"}, {"quality": 100}], ids=str)
def test_nothing_rides_along(source, name, values):
    output = pictures.render(LADEN[source], name, **values)
    assert canary_places(name, output.body) == []
    assert foreign_parts(name, output.body) == set()


@pytest.mark.parametrize("source", list(LADEN))
def test_nothing_rides_along_without_compression(source):
    for output_format, values in (("nocompress", {}), ("webp", {"lossless": True}), ("auto", {})):
        output = pictures.render(LADEN[source], output_format, **values)
        name = output.content_type.removeprefix("image/")
        assert canary_places(name, output.body) == [] and foreign_parts(name, output.body) == set()


@pytest.mark.parametrize(("name", "data"), COPIED, ids=["jpeg", "webp", "webp moving"])
def test_nothing_rides_along_in_a_copy(name, data):
    """A re-encoding that would grow is a copy of what draws: see test_strip."""
    output = pictures.render(data, name, quality=100)
    assert canary_places(name, output.body) == [] and foreign_parts(name, output.body) == set()
    assert pictures.psnr(pictures.seen(output), pictures.seen(data)) == 99


@pytest.mark.parametrize("name", ["avif", "webp", "jpeg", "png"])
@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "avif", "tiff"])
def test_copyright_keeps_two_fields_of_text_and_nothing_else(source, name):
    """The artist and the copyright, which here are canaries themselves: twice, and nowhere else."""
    body = pictures.render(LADEN[source], name, metadata="copyright").body
    assert body.count(hidden_payloads.RAW) == 2
    assert dict(pictures.seen(body).getexif()) == {0x013B: hidden_payloads.CANARY, 0x8298: hidden_payloads.CANARY}
