"""The docs of the site: the files of docs/ that are for users, as pages and as the Markdown they are."""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin

# name of the file in docs/ → what the list of pages says of it
PAGES = {
    "start": "Your first picture in three minutes",
    "image-api": "The image API: every endpoint and parameter",
    "signing": "Signing, policies, presets and purges",
    "billing": "Credits, plans and bills, and the bill simulator",
    "rest-api": "The REST API: everything of the dashboard, by key",
    "your-data": "Your data: export, deletion, and how to check a certificate",
    "faults": "When something fails: what you see, what is charged",
    "errors": "Errors: one code per cause, and what to do",
}
CODE_CELL = re.compile(r"<td>((?:<code>[a-z_]+</code> ?)+)</td>")
CODE = re.compile(r"<code>([a-z_]+)</code>")


@dataclass(frozen=True)
class Page:
    """A page of the docs: its title, its Markdown, and its HTML, which we wrote ourselves."""

    title: str
    source: str
    html: str


@lru_cache(maxsize=32)
def page(name: str) -> Page | None:
    """A page by its name; None where there is none."""
    if name not in PAGES:
        return None
    return rendered((settings.BASE_DIR / "docs" / f"{name}.md").read_text())


def rendered(source: str) -> Page:
    """A page out of Markdown of our own. Each heading of the first two levels can be linked to."""
    markdown = MarkdownIt("commonmark").enable("table").use(anchors_plugin, max_level=2, slug_func=heading_anchor)
    html = CODE_CELL.sub(_anchored_cell, markdown.render(source))
    html = html.replace("<table>", '<div class="table-wrap" tabindex="0"><table class="table">')
    return Page(source.partition("\n")[0].lstrip("# "), source, html.replace("</table>", "</table></div>"))


def heading_anchor(text: str) -> str:
    """The id of a heading: its letters and digits of ASCII, in lower case, with hyphens for what is between them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _anchored_cell(match: re.Match) -> str:
    """Each error code can be linked to: the `type` of a problem is such a link."""
    return "<td>" + CODE.sub(r'<code id="\1">\1</code>', match[1]) + "</td>"
