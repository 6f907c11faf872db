"""Numbers for people: credits, bytes, milliseconds, shares, and how a range compares with the one before."""


def decimal_credits(halves: int) -> str:
    """Half-credits as a decimal string for machines: 2469 → "1234.5"."""
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def credits_of(halves: int) -> str:
    """Half-credits as credits: 3 → 1.5."""
    return f"{halves // 2:,}.5" if halves % 2 else f"{halves // 2:,}"


def size(count: float) -> str:
    """Bytes: 1_500_000 → 1.5 MB."""
    for unit_bytes, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit_bytes:
            return f"{count / unit_bytes:.3g} {unit}"
    return f"{count:.0f} B"


def milliseconds(value: float | None) -> str:
    """A latency; a dash without requests."""
    if value is None:
        return "–"
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"


def share(value: float | None) -> str:
    """A ratio in per cent; a dash without one."""
    return "–" if value is None else f"{value * 100:.1f} %"


def change(now: float, before: float) -> str:
    """How a number compares with the range before; empty without one."""
    return "" if not before else f"{(now - before) / before * 100:+.0f} %"
