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
DENSE = "Screens of double density ask for a second picture: one more credit, if the original has the pixels."
SMALL = "Screens of double density get the same picture: the original, or the largest box, has no more pixels."
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


def doubled(pairs: Pairs) -> Pairs:
    """The parameters for screens of double density: as they are where they name a density themselves."""
    return pairs if "dpr" in dict(pairs) else [*pairs, ("dpr", "2")]


def of(host: str, pairs: Pairs, *, is_small: bool = False) -> list[Snippet]:
    """The picture in each language. `pairs` are its parameters, names and unescaped texts, in order; `is_small`: there
    are no pixels for a second picture of double density."""
    values = dict(pairs)
    url = address(host, pairs)
    double = url if is_small else address(host, doubled(pairs))
    density_note = SMALL if is_small else DENSE if double != url else ""
    return [
        Snippet("HTML", HTML.format(url=_marked(url), double=_marked(double), size=_size(values)), density_note),
        Snippet("Next.js", _next(host, pairs, values), "Each width of deviceSizes and imageSizes is a picture."),
        Snippet("curl", CURL.format(url=shlex.quote(url))),
        Snippet("CSS", CSS.format(url=url, double=double), density_note),
        Snippet("Markdown", MARKDOWN.format(url=url.replace("(", "%28").replace(")", "%29"))),
        Snippet("Python", PYTHON.format(pairs=_python(pairs), endpoint=json.dumps(f"{host}/transform"))),
    ]


def _marked(url: str) -> str:
    return url.replace("&", "&amp;").replace(",", "%2C")  # a comma ends a candidate of srcset


def _size(values: dict[str, str]) -> str:
    """The width and height attributes, which keep a page from jumping, where the picture is known to have both."""
    has_size = values.get("fit") in ("cover", "fill", "pad") and {"w", "h"} <= values.keys() and "padding" not in values
    return f'     width="{values["w"]}" height="{values["h"]}"\n' if has_size and _plain(values) else ""


def _plain(values: dict[str, str]) -> bool:
    return "dpr" not in values and values["w"].isdecimal() and values["h"].isdecimal()


def _next(host: str, pairs: Pairs, values: dict[str, str]) -> str:
    """A loader: the width is Next's own, the height keeps the shape, the rest stays as it was chosen."""
    width_text, height_text = (values.get(side, "") for side in ("w", "h"))
    has_shape = width_text.isdecimal() and height_text.isdecimal() and int(width_text) > 0
    height = f", h: Math.round(width * {height_text} / {width_text})" if has_shape else ""
    own_names = {"src", "w", "q", "quality"} | ({"h"} if has_shape else set())
    fixed = "".join(f", {json.dumps(name)}: {json.dumps(text)}" for name, text in pairs if name not in own_names)
    return NEXT.format(
        height=height,
        fixed=fixed,
        endpoint=json.dumps(f"{host}/transform"),
        src=json.dumps(values.get("src", "")),
        width=width_text if width_text.isdecimal() else 800,
        tall=height_text if height_text.isdecimal() else 600,
    )


def _python(pairs: Pairs) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(text)}" for name, text in pairs) + "}"
