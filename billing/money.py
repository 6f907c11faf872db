"""Money for people, from whole cents: never a float."""


def dollars(cents: int) -> str:
    """US cents as dollars: 1900 → $19, 1234567 → $12,345.67, -5 → −$0.05."""
    whole, rest = divmod(abs(cents), 100)
    return ("−" if cents < 0 else "") + f"${whole:,}" + (f".{rest:02}" if rest else "")
