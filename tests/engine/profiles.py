"""Small ICC profiles of grey and of ink, byte by byte after ICC.1:2010, that change every colour they meet."""

import struct

D50 = (0.9642, 1.0, 0.8249)
HEADER = struct.Struct(">I4sI4s4s4s12s4s4sI4s4sQI3i4s44x")


def grey(gamma: float) -> bytes:
    """A profile of grey whose light is the level to the power of `gamma`."""
    curve = struct.pack(">4s4xIH2x", b"curv", 1, round(gamma * 256))
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve})


def ink(lab_of_inks) -> bytes:
    """A profile of CMYK: `lab_of_inks(c, m, y, k)`, each 0 or 1, is the L*, a* and b* of that corner."""
    ramp = bytes(range(256))
    corners = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    table = b"".join(_lab8(*lab_of_inks(*corner)) for corner in corners)
    matrix = struct.pack(">9i", *(65536 if at in (0, 4, 8) else 0 for at in range(9)))
    lut = struct.pack(">4s4xBBBx", b"mft1", 4, 3, 2) + matrix + ramp * 4 + table + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})


def _lab8(lightness: float, a: float, b: float) -> bytes:
    return bytes((round(lightness * 2.55), round(a + 128), round(b + 128)))


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = struct.pack(">4s4xI5s", b"text", 0, b"test\0")
    tags = {
        **tags,
        b"wtpt": struct.pack(">4s4x3i", b"XYZ ", *(round(x * 65536) for x in D50)),
        b"desc": struct.pack(">4s4xI", b"desc", 5) + b"test\0" + bytes(78),
        b"cprt": text,
    }
    offset, index, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        index += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = HEADER.pack(
        offset + len(body),
        b"test",
        0x02400000,
        kind,
        space,
        connection,
        bytes(12),
        b"acsp",
        bytes(4),
        0,
        bytes(4),
        bytes(4),
        0,
        0,
        *(round(x * 65536) for x in D50),
        bytes(4),
    )
    return header + index + body
