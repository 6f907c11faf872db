"""Writes ICC profiles (ICC.1:2022) of three colorants and one curve, and reads which colour space a profile is of."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

# XYZ of the profile connection space, and the cone responses of Bradford's adaptation (ICC.1:2022, annex E).
D50 = np.array((0.9642, 1.0, 0.8249))
BRADFORD = np.array(((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)))
HEADER = struct.Struct(">I4sI4s4s4s12s4s4sI4s4sQI3i4s44x")
VERSION = 0x04300000
SPACE, CONNECTION, TAGS, MOST_TAGS = slice(16, 20), slice(20, 24), 132, 200
# What a profile needs to convert colours (ICC.1:2022, 8 and 9), and the parts of its header that say who made it.
MATRIX = {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}
CONVERTING = MATRIX | {b"wtpt", b"bkpt", b"chad", b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"cicp"}
UNNEEDED = (slice(4, 8), slice(24, 36), slice(40, 44), slice(48, 56), slice(80, 100))
LONGEST_KEPT = 600_000
DEVICES = {b"scnr", b"mntr", b"prtr", b"spac"}
PART = b"ICC_PROFILE\0"  # begins each segment of a JPEG that holds a part of a profile
LIGHT, LIGHT_TOLERANCE = 68, 0.01
LEAST_DETERMINANT = 1e-4

Point = tuple[float, float]


@dataclass(frozen=True)
class Primaries:
    """Chromaticities (x, y) of red, green, blue and white."""

    red: Point
    green: Point
    blue: Point
    white: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """Red, green, blue, white."""
        return self.red, self.green, self.blue, self.white

    def to_xyz(self) -> np.ndarray | None:
        """The matrix from linear RGB to XYZ, white at Y = 1; None where the points span no colours."""
        if any(y <= 0 for _, y in self.points):
            return None
        directions = np.array([xyz(*point) for point in self.points[:3]]).T
        if abs(np.linalg.det(directions)) < LEAST_DETERMINANT:
            return None
        return directions * np.linalg.solve(directions, xyz(*self.white))

    def to_pcs(self) -> np.ndarray | None:
        """The same matrix, adapted to D50."""
        matrix = self.to_xyz()
        if matrix is None:
            return None
        return adaptation(xyz(*self.white), D50) @ matrix


@dataclass(frozen=True)
class Curve:
    """From level to light, both 0 to 1: (a · level + b) ^ gamma from the level `start` on, below it c · level."""

    gamma: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    start: float = 0.0

    def light(self, level: float) -> float:
        """The light of a level, which is not below 0."""
        return (self.a * level + self.b) ** self.gamma if level >= self.start else self.c * level


def adaptation(white: np.ndarray, other_white: np.ndarray) -> np.ndarray:
    """Bradford's matrix from XYZ under one white to XYZ under another."""
    return np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ other_white) / (BRADFORD @ white)) @ BRADFORD


def write(primaries: Primaries, curve: Curve | bytes) -> bytes | None:
    """A display profile of a curve, or of a tag that holds one; None where the primaries span no colours."""
    colorants = primaries.to_pcs()
    if colorants is None:
        return None
    tags = {
        b"desc": _text(b"made of code points"),
        b"cprt": _text(b"none"),
        b"wtpt": _xyz_tag(D50),
        b"rXYZ": _xyz_tag(colorants[:, 0]),
        b"gXYZ": _xyz_tag(colorants[:, 1]),
        b"bXYZ": _xyz_tag(colorants[:, 2]),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve if isinstance(curve, bytes) else _curve_tag(curve)),
    }
    header = HEADER.pack(
        0,
        bytes(4),
        VERSION,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        bytes(12),
        b"acsp",
        bytes(4),
        0,
        bytes(4),
        bytes(4),
        0,
        0,
        *map(_fixed, D50),
        bytes(4),
    )
    return _assembled(header, tags)


def _assembled(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A profile of a header and its tags; those of the same content share it."""
    index, body, first = struct.pack(">I", len(tags)), b"", HEADER.size + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    for name, data in tags.items():
        if data not in places:
            places[data] = first + len(body)
            body += data + bytes(-len(data) % 4)
        index += struct.pack(">4sII", name, places[data], len(data))
    return struct.pack(">I", first + len(body)) + header[4:] + index + body


def cleaned(profile: bytes) -> bytes | None:
    """The profile with nothing but what converts colours: no names, serial numbers or dates. None where it is damaged,
    longer than LONGEST_KEPT, or not of RGB."""
    if space_of(profile) != b"RGB " or len(profile) > LONGEST_KEPT:
        return None
    count = int.from_bytes(profile[HEADER.size : TAGS], "big")
    found: dict[bytes, bytes] = {}
    for offset in range(TAGS, min(TAGS + 12 * min(count, MOST_TAGS), len(profile) - 11), 12):
        name, start, length = struct.unpack_from(">4sII", profile, offset)
        if name in CONVERTING and start + length <= len(profile):
            found.setdefault(name, profile[start : start + length])
    if not ({*found} >= MATRIX or b"A2B0" in found) or sum(map(len, found.values())) > LONGEST_KEPT:
        return None
    is_old = profile[8] < 4
    described = {b"desc": _old_text if is_old else _text, b"cprt": _old_copyright if is_old else _text}
    texts = {name: write(b"colours of the source") for name, write in described.items()}
    header = bytearray(profile[: HEADER.size])
    for part in UNNEEDED:
        header[part] = bytes(part.stop - part.start)
    return _assembled(bytes(header), texts | found)


def of_parts(segments: Iterable[bytes]) -> bytes:
    """The profile of the segments of a JPEG, whatever their order; empty where one of them is missing. The first of
    two of the same number counts."""
    parts: dict[int, bytes] = {}
    counts = set()
    for segment in segments:
        if segment.startswith(PART) and len(segment) > len(PART) + 2:
            number, count = segment[len(PART) : len(PART) + 2]
            counts.add(count)
            parts.setdefault(number, segment[len(PART) + 2 :])
    is_whole = len(counts) == 1 and {*parts} == {*range(1, max(counts) + 1)}
    return b"".join(parts[number] for number in sorted(parts)) if is_whole else b""


def is_sound(profile: bytes) -> bool:
    """Whether browsers believe a profile: of a version up to 4, for the light of the connection space, with every tag
    within the size that it says."""
    size = int.from_bytes(profile[:4], "big")
    if not TAGS <= size <= len(profile) or profile[8] > 4 or profile[36:40] != b"acsp":
        return False
    count = int.from_bytes(profile[HEADER.size : TAGS], "big")
    if count > MOST_TAGS or TAGS + 12 * count > size:
        return False
    light = np.array(struct.unpack_from(">3i", profile, LIGHT)) / 65_536
    tags = (struct.unpack_from(">4sII", profile, TAGS + 12 * number) for number in range(count))
    return bool((np.abs(light - D50) <= LIGHT_TOLERANCE).all()) and all(
        length >= 4 and start + length <= size for _, start, length in tags
    )


def of_display(profile: bytes) -> bytes:
    """A profile of RGB as one of a display, whatever device it says it is of: browsers pay no heed to that."""
    return profile[:12] + b"mntr" + profile[16:] if profile[12:16] not in DEVICES else profile


def space_of(profile: bytes) -> bytes:
    """The four letters of the colour space that a profile is of, such as `RGB ` or `GRAY`."""
    return profile[SPACE]


def grey_curve(profile: bytes) -> bytes | None:
    """The tag of the curve of a profile of grey that leads to light; None where there is none."""
    if space_of(profile) != b"GRAY" or profile[CONNECTION] != b"XYZ ":
        return None
    count = min(int.from_bytes(profile[128:132], "big"), MOST_TAGS)
    for offset in range(TAGS, min(TAGS + 12 * count, len(profile) - 11), 12):
        name, start, length = struct.unpack_from(">4sII", profile, offset)
        if name == b"kTRC":
            tag = profile[start : start + length]
            return tag if len(tag) == length and tag[:4] in (b"curv", b"para") else None
    return None


def xyz(x: float, y: float) -> np.ndarray:
    """XYZ of a chromaticity, at Y = 1."""
    return np.array((x / y, 1.0, (1 - x - y) / y))


def _fixed(number: float) -> int:
    return max(-(2**31), min(2**31 - 1, round(float(number) * 65_536)))


def _xyz_tag(values: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *map(_fixed, values))


def _curve_tag(curve: Curve) -> bytes:
    return struct.pack(">4s4xHxx5i", b"para", 3, *map(_fixed, (curve.gamma, curve.a, curve.b, curve.c, curve.start)))


def _text(words: bytes) -> bytes:
    text = words.decode().encode("utf-16-be")
    return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(text), 28) + text


def _old_text(words: bytes) -> bytes:
    """A description as profiles of version 2 have it."""
    return b"desc" + bytes(4) + struct.pack(">I", len(words) + 1) + words + bytes(1 + 4 + 4 + 2 + 1 + 67)


def _old_copyright(words: bytes) -> bytes:
    return b"text" + bytes(4) + words + b"\0"
