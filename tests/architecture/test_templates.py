"""Templates can be read beside one another: no line is wider than a screen."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 160


def test_no_line_of_a_template_is_wider_than_a_screen():
    pages = sorted((ROOT / "templates").rglob("*.html"))
    wide_lines = [
        f"{page.relative_to(ROOT)}:{number}"
        for page in pages
        for number, line in enumerate(page.read_text().splitlines(), 1)
        if len(line) > WIDTH
    ]
    assert pages and not wide_lines
