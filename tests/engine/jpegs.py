"""JPEGs with unusual segments, and the size and colour of each as Chromium 156 draws it."""

import struct

from PIL import Image

from tests.engine import pictures
from tests.engine.coloured_sources import p3_profile

SIZE, TURNED = (24, 16), (16, 24)
INK, IN_P3 = (100, 200, 50), (45, 203, 0)
PLAIN = pictures.saved(Image.new("RGB", SIZE, INK), "JPEG", quality=100, subsampling="4:4:4")
P3 = p3_profile()
HALF = len(P3) // 2


def with_segments(*segments: tuple[int, bytes]) -> bytes:
    """The plain picture with application segments, each of a number and a body, behind the first one."""
    first = 4 + int.from_bytes(PLAIN[4:6], "big")
    parts = (b"\xff" + bytes((0xE0 + number,)) + struct.pack(">H", 2 + len(body)) + body for number, body in segments)
    return PLAIN[:first] + b"".join(parts) + PLAIN[first:]


def part(number: int, count: int, body: bytes) -> tuple[int, bytes]:
    """The segment of a part of a profile."""
    return 2, b"ICC_PROFILE\0" + bytes((number, count)) + body


def whole(profile: bytes) -> bytes:
    """The picture with a profile in one part."""
    return with_segments(part(1, 1, profile))


def exif(orientation: int = 6, order: str = "<", kind: int = 3, count: int = 1, head: bytes = b"Exif\0\0") -> bytes:
    """A picture whose EXIF names an orientation as a value of a type (3 is a short number)."""
    value = struct.pack(f"{order}H2x" if kind == 3 else f"{order}I", orientation)
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IHHHI", 8, 1, 0x0112, kind, count)
    return with_segments((1, head + block + value + bytes(4)))


def _resized(by: int) -> bytes:
    return struct.pack(">I", len(P3) + by) + P3[4:]


FILES: dict[str, tuple[bytes, tuple[int, int], tuple[int, int, int]]] = {
    "profile": (whole(P3), SIZE, IN_P3),
    "profile in two parts": (with_segments(part(1, 2, P3[:HALF]), part(2, 2, P3[HALF:])), SIZE, IN_P3),
    "parts in another order": (with_segments(part(2, 2, P3[HALF:]), part(1, 2, P3[:HALF])), SIZE, IN_P3),
    "part that is missing": (with_segments(part(1, 3, P3[:HALF]), part(2, 3, P3[HALF:])), SIZE, INK),
    "profile twice": (with_segments(part(1, 1, P3), part(1, 1, P3)), SIZE, IN_P3),
    "part of number nought": (with_segments(part(0, 1, P3)), SIZE, INK),
    "profile longer than it says": (whole(P3 + bytes(30)), SIZE, IN_P3),
    "profile shorter than it says": (whole(_resized(80)), SIZE, INK),
    "tag beyond the size of the profile": (whole(_resized(-8)), SIZE, INK),
    "profile of version 5": (whole(P3[:8] + b"\5" + P3[9:]), SIZE, INK),
    "profile for daylight": (whole(P3[:68] + struct.pack(">3i", 62_289, 65_536, 71_372) + P3[80:]), SIZE, INK),
    "profile without its signature": (whole(P3[:36] + b"none" + P3[40:]), SIZE, INK),
    **{
        f"profile of class {name}": (whole(P3[:12] + name.encode() + P3[16:]), SIZE, IN_P3)
        for name in ("scnr", "prtr", "spac", "link", "abst", "nmcl", "none")
    },
    **{
        f"orientation {order} {name}": (exif(order=order, **options), size, INK)
        for order in "<>"
        for name, options, size in (
            ("short", {}, TURNED),
            ("long", {"kind": 4}, SIZE),
            ("two of them", {"count": 2}, SIZE),
            ("none", {"orientation": 9}, SIZE),
            ("another byte behind its name", {"head": b"Exif\0\xff"}, TURNED),
            ("no name", {"head": b"exif\0\0"}, SIZE),
        )
    },
}
