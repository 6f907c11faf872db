"""AVIF files with alpha as various encoders describe it, made of pictures that ours has coded (ISO/IEC 23008-12)."""

import struct
from dataclasses import dataclass, field

from PIL import Image

from tests.engine import pictures

ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
HEVC_ALPHA = b"urn:mpeg:hevc:2015:auxid:1\0"
ESSENTIAL = {b"av1C", b"irot", b"imir"}


@dataclass(frozen=True)
class Coded:
    """An AV1 picture: its units and its configuration box."""

    units: bytes
    configuration: bytes
    size: tuple[int, int]


@dataclass(frozen=True)
class Item:
    """An item with its property boxes, and the items it refers to by the type of the reference."""

    number: int
    kind: bytes
    data: bytes
    properties: tuple[bytes, ...]
    references: tuple[tuple[bytes, tuple[int, ...]], ...] = field(default=())


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def full(name: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags) + body)


def coded(image: Image.Image, **options: object) -> Coded:
    """A picture as our encoder codes it: `L` is monochrome."""
    data = pictures.saved(image, "AVIF", **{"quality": 100, "subsampling": "4:4:4", **options})
    at = data.index(b"av1C") - 4
    return Coded(data[data.index(b"mdat") + 4 :], data[at : at + int.from_bytes(data[at : at + 4], "big")], image.size)


def ispe(size: tuple[int, int]) -> bytes:
    return full(b"ispe", struct.pack(">II", *size))


def pixi(channels: int) -> bytes:
    return full(b"pixi", bytes((channels, *[8] * channels)))


NCLX = box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80))


def auxc(name: bytes = ALPHA) -> bytes:
    return full(b"auxC", name)


def colour_item(picture: Coded, number: int = 1, *properties: bytes, references=()) -> Item:
    return Item(
        number,
        b"av01",
        picture.units,
        (
            ispe(picture.size),
            pixi(3),
            picture.configuration,
            NCLX,
            *properties,
        ),
        references,
    )


def grid(columns: int, rows: int, size: tuple[int, int]) -> bytes:
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)


def written(*items: Item, primary: int = 1, hidden: bool = False) -> bytes:
    """The file of the items, the first of which to be shown is `primary`."""
    properties: list[bytes] = []
    for item in items:
        properties += [one for one in item.properties if one not in properties]
    associations = b"".join(
        struct.pack(">HB", item.number, len(item.properties))
        + bytes(properties.index(one) + 1 | (0x80 if one[4:8] in ESSENTIAL else 0) for one in item.properties)
        for item in items
    )
    iprp = box(
        b"iprp", box(b"ipco", b"".join(properties)) + full(b"ipma", struct.pack(">I", len(items)) + associations)
    )
    entries = b"".join(
        full(b"infe", struct.pack(">HH4s", item.number, 0, item.kind) + b"\0", 2, 0 if item.number == primary else 1)
        for item in items
    )
    references = b"".join(
        box(name, struct.pack(f">HH{len(to)}H", item.number, len(to), *to))
        for item in items
        for name, to in item.references
    )
    head = box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")

    def meta(offset: int) -> bytes:
        places = b""
        for item in items:
            places += struct.pack(">HHHII", item.number, 0, 1, offset, len(item.data))
            offset += len(item.data)
        return full(
            b"meta",
            b"".join(
                (
                    full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
                    full(b"pitm", struct.pack(">H", primary)),
                    full(b"iloc", b"\x44\0" + struct.pack(">H", len(items)) + places),
                    full(b"iinf", struct.pack(">H", len(items)) + entries),
                    full(b"iref", references) if references else b"",
                    iprp,
                )
            ),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", b"".join(item.data for item in items))


SIZE, HALF = (128, 96), (64, 48)


def kinds() -> dict[str, bytes]:
    """Files by what is told about the alpha; the picture is `shaded`, its alpha the same ramp in each."""
    image, ramp = pictures.shaded(*SIZE), alpha()
    colour, plain = coded(image), coded(ramp)
    three = coded(ramp.convert("RGB"), subsampling="4:2:0")
    small = coded(ramp.resize(HALF))
    limited = coded(ramp, range="limited")
    premultiplied = coded(Image.composite(image, Image.new("RGB", SIZE), ramp))
    to_one = ((b"auxl", (1,)),)

    def alpha_item(one: Coded, *properties: bytes, number: int = 2, references=to_one) -> Item:
        return Item(number, b"av01", one.units, (*properties, one.configuration, auxc()), references)

    size, mono = ispe(SIZE), pixi(1)
    turn = box(b"irot", b"\2")
    left, right = (0, 0, 64, 96), (64, 0, 128, 96)
    colours = [coded(image.crop(part)) for part in (left, right)]
    alphas = [coded(ramp.crop(part)) for part in (left, right)]
    tile = ispe((64, 96))
    tiles = [
        Item(3 + index, b"av01", one.units, (tile, pixi(3), one.configuration, NCLX))
        for index, one in enumerate(colours)
    ]
    whole = Item(1, b"grid", grid(2, 1, SIZE), (size, pixi(3), NCLX), ((b"dimg", (3, 4)),))

    def alpha_grid(*properties: bytes, of_tiles: tuple[bytes, ...] = (tile,)) -> list[Item]:
        return [
            Item(2, b"grid", grid(2, 1, SIZE), (*properties, auxc()), ((b"auxl", (1,)), (b"dimg", (5, 6)))),
            *(
                Item(5 + index, b"av01", one.units, (*of_tiles, one.configuration, auxc()))
                for index, one in enumerate(alphas)
            ),
        ]

    return {
        "as ours": written(colour_item(colour), alpha_item(plain, size, mono)),
        "no pixi": written(colour_item(colour), alpha_item(plain, size)),
        "no ispe": written(colour_item(colour), alpha_item(plain, mono)),
        "neither": written(colour_item(colour), alpha_item(plain)),
        "pixi of three": written(colour_item(colour), alpha_item(three, size, pixi(3))),
        "pixi of three for one": written(colour_item(colour), alpha_item(plain, size, pixi(3))),
        "three channels": written(colour_item(colour), alpha_item(three)),
        "half its size": written(colour_item(colour), alpha_item(small, ispe(HALF), mono)),
        "half its size, ispe of the colour": written(colour_item(colour), alpha_item(small, size, mono)),
        "limited range": written(colour_item(colour), alpha_item(limited, mono)),
        "name of HEVC": written(
            colour_item(colour),
            Item(2, b"av01", plain.units, (mono, plain.configuration, auxc(HEVC_ALPHA)), to_one),
        ),
        "premultiplied": written(colour_item(premultiplied, references=((b"prem", (2,)),)), alpha_item(plain, mono)),
        "alpha first": written(alpha_item(plain, mono), colour_item(colour)),
        "turned": written(colour_item(colour, 1, turn), alpha_item(plain, turn)),
        "colour turned alone": written(colour_item(colour, 1, turn), alpha_item(plain, size)),
        "grid": written(whole, *tiles, *alpha_grid(size, mono, of_tiles=(tile, mono))),
        "grid without ispe": written(whole, *tiles, *alpha_grid(of_tiles=())),
        "grid without ispe of its own": written(whole, *tiles, *alpha_grid()),
        "alpha of each tile": written(
            whole,
            *tiles,
            *(
                Item(5 + index, b"av01", one.units, (tile, one.configuration, auxc()), ((b"auxl", (3 + index,)),))
                for index, one in enumerate(alphas)
            ),
        ),
        "alpha of each tile without ispe": written(
            whole,
            *tiles,
            *(
                Item(5 + index, b"av01", one.units, (one.configuration, auxc()), ((b"auxl", (3 + index,)),))
                for index, one in enumerate(alphas)
            ),
        ),
        "colour in a grid, alpha in one piece": written(
            whole, *tiles, Item(2, b"av01", plain.units, (size, plain.configuration, auxc()), ((b"auxl", (1,)),))
        ),
        "colour in one piece, alpha in a grid": written(colour_item(colour), *alpha_grid(size)),
    }


def alpha() -> Image.Image:
    """From clear at the top to opaque at the bottom."""
    return Image.linear_gradient("L").resize(SIZE)
