"""How often an animated AVIF plays, which Pillow neither reads nor writes.

A track's edit list says that it is repeated, and how long one run is; its header says how long all runs are
(ISO/IEC 14496-12, AV1 Image File Format 1.1).
"""

from transforms.engine import avif_boxes

REPEATED = 1  # the flag of an edit list
# Where a header of version 0 and one of version 1 keep a length of time, counted from the beginning of its box.
PLACES = {b"mvhd": (24, 32), b"tkhd": (28, 36), b"elst": (16, 16)}


def plays(data: bytes) -> int:
    """How often the animation runs, 0 for ever; for ever too where the file does not say."""
    found = dict(reversed(list(avif_boxes.headers(data, {b"tkhd", b"elst"}))))
    if len(found) < 2:
        return 0
    if not data[found[b"elst"] + avif_boxes.FULL_HEAD - 1] & REPEATED:
        return 1
    whole, one = (_time(data, name, found[name]) for name in (b"tkhd", b"elst"))
    start, end = _place(data, b"tkhd", found[b"tkhd"])
    is_endless = whole == 256 ** (end - start) - 1
    return 0 if is_endless or not one else -(-whole // one)


def playing(body: bytes, times: int) -> bytes:
    """The file as our encoder writes it, for ever, made to run so many times; 0 leaves it as it is."""
    if times == 0:
        return body
    data = bytearray(body)
    found = list(avif_boxes.headers(data, set(PLACES)))
    run = next(_time(data, name, at) for name, at in found if name == b"elst")
    for name, at in found:
        if name == b"elst":
            data[at + avif_boxes.FULL_HEAD - 1] = REPEATED if times > 1 else 0
        else:
            start, end = _place(data, name, at)
            data[start:end] = (run * times).to_bytes(end - start, "big")
    return bytes(data)


def _time(data: bytes | bytearray, name: bytes, at: int) -> int:
    start, end = _place(data, name, at)
    return int.from_bytes(data[start:end], "big")


def _place(data: bytes | bytearray, name: bytes, at: int) -> tuple[int, int]:
    wide = avif_boxes.is_wide(data, at)
    start = at + PLACES[name][wide]
    return start, start + (8 if wide else 4)
