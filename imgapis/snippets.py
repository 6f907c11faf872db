"""One picture in six languages, to be pasted: what the playground shows beside it."""

import json
import shlex
from dataclasses import dataclass
from urllib.parse import quote, urlencode

Pairs = list[tuple[str, str]]

HTML = '<img src="{url}"\n     srcset="{url} 1x,\n             {double} 2x"\n{size}     alt="">'
NEXT = """// image-loader.js; next.config.js names it: images: {{ loader: "custom", loaderFile: "./image-loader.js" }}
export default function imageLoader({{ src, width, quality }}) {{
  const query = new URLSearchParams({{ src, w: width{height}{fixed} }});
  if (quality) query.set("q", quality);
  return {endpoint} + "?" + query;
}}

// in a page
<Image src={src} width={{{width}}} height={{{tall}}} alt="" />"""
CURL = "curl --fail --output picture --header 'Accept: image/avif,image/webp,*/*' \\\n  {url}"
CSS = '.picture {{\n  background-image: image-set(\n    url("{url}") 1x,\n    url("{double}") 2x);\n}}'
MARKDOWN = "![What the picture shows]({url})"
PYTHON = """from urllib.parse import urlencode
from urllib.request import urlopen

query = urlencode({pairs})
with urlopen({endpoint} + "?" + query) as answer, open("picture", "wb") as file:
    file.write(answer.read())"""


@dataclass(frozen=True)
class Snippet:
    """Code to paste: its language, its text, and what to know before pasting; empty where there is nothing."""

    language: str
    text: str
    note: str = ""


def address(host: str, pairs: Pairs) -> str:
    """The address of a picture; only what would break it is escaped, so that it stays readable."""
    return f"{host}/transform?" + urlencode(pairs, safe="/,:", quote_via=quote)


def of(host: str, pairs: Pairs) -> list[Snippet]:
    """The picture in each language. `pairs` are its parameters, names and unescaped texts, in order."""
    values = dict(pairs)
    url = address(host, pairs)
    double = url if "dpr" in values else address(host, [*pairs, ("dpr", "2")])
    sharp = "Screens of double density ask for a second picture: one more credit, once." if double != url else ""
    return [
        Snippet("HTML", HTML.format(url=_marked(url), double=_marked(double), size=_size(values)), sharp),
        Snippet("Next.js", _next(host, pairs, values), "Each width of deviceSizes and imageSizes is a picture."),
        Snippet("curl", CURL.format(url=shlex.quote(url))),
        Snippet("CSS", CSS.format(url=url, double=double), sharp),
        Snippet("Markdown", MARKDOWN.format(url=url.replace("(", "%28").replace(")", "%29"))),
        Snippet("Python", PYTHON.format(pairs=_python(pairs), endpoint=json.dumps(f"{host}/transform"))),
    ]


def _marked(url: str) -> str:
    return url.replace("&", "&amp;").replace(",", "%2C")  # a comma ends a candidate of srcset


def _size(values: dict[str, str]) -> str:
    """The width and height attributes, which keep a page from jumping, where the picture is known to have both."""
    told = values.get("fit") in ("cover", "fill", "pad") and {"w", "h"} <= values.keys() and "padding" not in values
    return f'     width="{values["w"]}" height="{values["h"]}"\n' if told and _plain(values) else ""


def _plain(values: dict[str, str]) -> bool:
    return "dpr" not in values and values["w"].isdecimal() and values["h"].isdecimal()


def _next(host: str, pairs: Pairs, values: dict[str, str]) -> str:
    """A loader: the width is Next's own, the height keeps the shape, the rest stays as it was chosen."""
    wide, tall = (values.get(side, "") for side in ("w", "h"))
    shaped = wide.isdecimal() and tall.isdecimal() and int(wide) > 0
    height = f", h: Math.round(width * {tall} / {wide})" if shaped else ""
    left = {"src", "w", "q", "quality"} | ({"h"} if shaped else set())
    fixed = "".join(f", {json.dumps(name)}: {json.dumps(text)}" for name, text in pairs if name not in left)
    return NEXT.format(
        height=height, fixed=fixed, endpoint=json.dumps(f"{host}/transform"), src=json.dumps(values.get("src", "")),
        width=wide if wide.isdecimal() else 800, tall=tall if tall.isdecimal() else 600,
    )  # fmt: skip


def _python(pairs: Pairs) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(text)}" for name, text in pairs) + "}"
