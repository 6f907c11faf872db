"""The stub's arithmetic of money and of periods."""

from decimal import ROUND_HALF_UP, Decimal

from imgapis.base import clock


def half_up_decimal(quantity: int, unit_amount: str) -> int:
    """The cents of a quantity at a price with a fraction of a cent, a half up."""
    return int((quantity * Decimal(unit_amount)).quantize(Decimal(1), ROUND_HALF_UP))


def half_up(cents: int, parts: int) -> int:
    """A division rounded to the nearest whole, a half up."""
    return (2 * cents + parts) // (2 * parts)


def after(moment: int, interval: str) -> int:
    """The same day and hour a month or a year later; the 31st becomes a month's last day."""
    return int(clock.months_after(moment, 12 if interval == "year" else 1))
