"""Decompression of a response body, with its size checked while it grows."""

import zlib

from imgapis.base.outbound import errors

# Registered content codings that are not read here; any other unknown word is no coding, as in browsers.
UNREAD = {"br", "compress", "x-compress", "zstd", "dcb", "dcz", "exi", "pack200-gzip", "aes128gcm"}
WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 47}  # zlib's wbits: gzip only, or header detection


class Body:
    """Collects a body of at most `max_bytes` before and after inflating.

    `encoding` is the Content-Encoding. Words in it that name no coding are ignored, such as the `aws-chunked` that some
    clients leave on objects of a bucket.
    """

    def __init__(self, encoding: str, max_bytes: int):
        codings = [word for word in map(str.strip, encoding.lower().split(",")) if word in UNREAD or word in WINDOW]
        if len(codings) > 1 or UNREAD.intersection(codings):
            raise errors.encoding()
        self._inflater = zlib.decompressobj(WINDOW[codings[0]]) if codings else None
        self._received = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._max_bytes = max_bytes

    def add(self, chunk: bytes) -> None:
        """Add received bytes; FetchError beyond the cap or where they do not decompress."""
        self._received += len(chunk)
        if self._received > self._max_bytes:
            raise errors.too_large(self._max_bytes)
        piece = self._inflate(self._inflater, chunk) if self._inflater else chunk
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise errors.too_large(self._max_bytes)

    def finished(self) -> bytes:
        """The whole body; FetchError where the compressed stream is truncated or has trailing data."""
        if self._inflater and (not self._inflater.eof or self._inflater.unused_data):
            raise errors.unreachable()
        return b"".join(self._pieces)

    def _inflate(self, inflater: "zlib._Decompress", chunk: bytes) -> bytes:
        try:
            return inflater.decompress(chunk, self._max_bytes - self._size + 1)
        except zlib.error as error:
            raise errors.unreachable() from error
