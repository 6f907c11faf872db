"""The parts of a picture file by name, so that a test can say which of them may be there at all."""

import zlib
from collections.abc import Iterator


def parts(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every segment, chunk, block or box of a jpeg, png, webp, gif or avif, and of what trails."""
    yield from {"jpeg": jpeg, "png": png, "webp": webp, "gif": gif, "avif": avif}[name](data)


def jpeg(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 2
    while at < len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xD9:
            yield "EOI", data[at + 2 :]
            return
        end = at + 2 + length
        body = data[at + 4 : end]
        if marker == 0xDA:
            while data[end] != 0xFF or data[end + 1] == 0 or 0xD0 <= data[end + 1] <= 0xD7:
                end += 1
            body = b""
        yield f"{marker:02x}", body
        at = end


def png(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 8
    while at < len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8].decode("latin1")
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length
        if name == "IEND":
            yield "tail", data[at:]
            return


def webp(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "tail", data[8 + int.from_bytes(data[4:8], "little") :]
    yield from chunks(data[12 : 8 + int.from_bytes(data[4:8], "little")])


def chunks(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at + 8 <= len(data):
        name, size = data[at : at + 4].decode("latin1"), int.from_bytes(data[at + 4 : at + 8], "little")
        yield name.strip(), data[at + 8 : at + 8 + size]
        if name == "ANMF":
            yield from chunks(data[at + 24 : at + 8 + size])
        at += 8 + size + size % 2


def gif(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 13 + table(data[10])
    while data[at] != 0x3B:
        picture = data[at] == 0x2C
        name = "picture" if picture else {0xF9: "control", 0xFE: "comment"}.get(data[at + 1], "other")
        at += 11 + table(data[at + 9]) if picture else 2
        content = b""
        while data[at]:
            content += data[at + 1 : at + 1 + data[at]]
            at += data[at] + 1
        at += 1
        yield ("loop" if content.startswith(b"NETSCAPE2.0") else name), b"" if picture else content
    yield "tail", data[at + 1 :]


def table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def avif(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Boxes, those within boxes too; an item's type and name stand in its infe box."""
    inner = {"meta": 4, "iinf": 6, "iprp": 0, "ipco": 0, "moov": 0, "trak": 0, "mdia": 0, "minf": 0, "stbl": 0}
    at = 0
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8].decode("latin1")
        body = data[at + 8 : at + (size or len(data))]
        yield name, b"" if name == "mdat" else body
        if name in inner:
            yield from avif(body[inner[name] :])
        at += size or len(data)
    yield "tail", data[at:]


def inflated(content: bytes) -> bytes:
    """All that zlib can decompress in a part, at any offset; at most 100,000 bytes a stream."""
    payload = b""
    for at in range(len(content) - 1):
        if content[at] & 0x0F == 8 and (content[at] << 8 | content[at + 1]) % 31 == 0:
            try:
                payload += zlib.decompressobj().decompress(content[at:], 100_000)
            except zlib.error:
                continue
    return payload
