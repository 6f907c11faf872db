"""Reads and writes the loop count of an animated AVIF, which Pillow does not support.

A track's edit list says that it is repeated, and how long one run is; its header says how long all runs are
(ISO/IEC 14496-12, AV1 Image File Format 1.1).
"""

from transforms.engine.containers import avif_boxes

REPEATED = 1  # the flag of an edit list
# The offset of the duration in a header of version 0 and of version 1, from the start of its box.
PLACES = {b"mvhd": (24, 32), b"tkhd": (28, 36), b"elst": (16, 16)}


def plays(data: bytes) -> int:
    """How often the animation plays, 0 for ever; 0 also where the file does not say."""
    offsets = dict(reversed(list(avif_boxes.headers(data, {b"tkhd", b"elst"}))))
    if len(offsets) < 2:
        return 0
    if not data[offsets[b"elst"] + avif_boxes.FULL_HEAD - 1] & REPEATED:
        return 1
    total_duration, run_duration = (_time(data, name, offsets[name]) for name in (b"tkhd", b"elst"))
    start, end = _place(data, b"tkhd", offsets[b"tkhd"])
    is_endless = total_duration == 256 ** (end - start) - 1
    return 0 if is_endless or not run_duration else -(-total_duration // run_duration)


def playing(body: bytes, times: int) -> bytes:
    """The file as our encoder writes it (endless), changed to play `times` times; 0 leaves it as it is."""
    if times == 0:
        return body
    data = bytearray(body)
    headers = list(avif_boxes.headers(data, set(PLACES)))
    run_duration = next(_time(data, name, offset) for name, offset in headers if name == b"elst")
    for name, offset in headers:
        if name == b"elst":
            data[offset + avif_boxes.FULL_HEAD - 1] = REPEATED if times > 1 else 0
        else:
            start, end = _place(data, name, offset)
            data[start:end] = (run_duration * times).to_bytes(end - start, "big")
    return bytes(data)


def _time(data: bytes | bytearray, name: bytes, offset: int) -> int:
    start, end = _place(data, name, offset)
    return int.from_bytes(data[start:end], "big")


def _place(data: bytes | bytearray, name: bytes, offset: int) -> tuple[int, int]:
    wide = avif_boxes.is_wide(data, offset)
    start = offset + PLACES[name][wide]
    return start, start + (8 if wide else 4)
