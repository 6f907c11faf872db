"""Lines of CSV in which no cell is a formula (A18)."""

import csv
import io
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(cells: Iterable[object]) -> str:
    """One line with its end. A text that a spreadsheet would take for a formula begins with an apostrophe; numbers stay
    as they are."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(
        f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in cells
    )
    return buffer.getvalue()
