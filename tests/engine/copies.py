"""Bytes that count how many of them are copied: what a parser costs, whatever the machine does beside it."""


def counting(data: bytes) -> tuple[bytes, list[int]]:
    """The bytes, and a list with the number that their slices came to so far."""
    copied = [0]

    class Counting(bytes):
        def __getitem__(self, key):
            result = bytes.__getitem__(self, key)
            copied[0] += len(result) if isinstance(key, slice) else 0
            return result

        def removeprefix(self, prefix):
            return Counting(bytes.removeprefix(self, prefix))

    return Counting(data), copied
