"""Templates can be read beside one another, and the style sheets style what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "imgapis/static"
WIDTH = 160
# What the stock admin's own templates have.
OF_DJANGO = {
    "app-imgapis",
    "changelist-search",
    "content",
    "header",
    "logout-form",
    "section",
    "site-name",
    "user-tools",
}


def test_no_line_of_a_template_is_wider_than_a_screen():
    pages = sorted((ROOT / "templates").rglob("*.html"))
    wide_lines = [
        f"{page.relative_to(ROOT)}:{number}"
        for page in pages
        for number, line in enumerate(page.read_text().splitlines(), 1)
        if len(line) > WIDTH
    ]
    assert pages and not wide_lines


@pytest.mark.parametrize("name", ["site.css", "support.css"])
def test_every_class_and_id_of_a_style_sheet_is_on_some_page(name):
    apps = ("imgapis", "accounts", "billing", "telemetry", "transforms")
    paths = [*(ROOT / "templates").rglob("*.html"), *STATIC.rglob("*.js")]
    paths += [path for app in apps for path in (ROOT / app).rglob("*.py")]
    words = set(re.findall(r"[\w-]+", "\n".join(path.read_text() for path in paths)))
    selectors = " ".join(
        re.findall(r"[^{}]+(?=\{)", re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(), flags=re.DOTALL))
    )
    styled = set(re.findall(r"[.#]([a-zA-Z][\w-]*)", selectors)) - OF_DJANGO
    # A template or a chart counts: key-1, key-2.
    assert not {style for style in styled if style not in words and re.sub(r"\d$", "", style) not in words}


def test_every_custom_property_of_the_site_is_used():
    css = (STATIC / "site.css").read_text()
    assert set(re.findall(r"(--[\w-]+):", css)) == set(re.findall(r"var\((--[\w-]+)\)", css))
