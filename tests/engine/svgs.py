"""Drawings in SVG: ordinary ones as programs write them."""

import base64

from tests.engine import pictures

NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
PNG = "data:image/png;base64," + base64.b64encode(pictures.saved(pictures.cornered(16, 16), "PNG")).decode()


def svg(content: str = "", attributes: str = 'width="120" height="80"') -> bytes:
    """A document with a root of these attributes."""
    return f"<svg {NAMES} {attributes}>{content}</svg>".encode()


SQUARE = '<rect width="100%" height="100%" fill="#f00"/>'
BOX = '<rect class="a" x="10" y="10" width="80" height="50" fill="#0a0"'
HEART = "M12 21.35l-1.45-1.32C5.4 15.36 2 12.28 2 8.5 2 5.42 4.42 3 7.5 3c1.74 0 3.41.81 4.5 2.09C13.09 3.81 14.76 3 16.5 3 19.58 3 22 5.42 22 8.5c0 3.78-3.4 6.86-8.55 11.54L12 21.35z"  # noqa: E501

ORDINARY = {
    "icon": svg(f'<path d="{HEART}" fill="#e91e63"/>', 'viewBox="0 0 24 24" width="96" height="96"'),
    "icon without a size": svg(f'<path d="{HEART}"/>', 'viewBox="0 0 24 24"'),
    "wide box without a size": svg('<rect x="10" y="5" width="60" height="10" fill="teal"/>', 'viewBox="0 0 80 20"'),
    "width alone": svg('<circle cx="50" cy="25" r="20" fill="teal"/>', 'viewBox="0 0 100 50" width="160"'),
    "no size, no box": svg('<rect width="50%" height="50%" fill="navy"/>', ""),
    "shares of nothing": svg('<rect width="50" height="50" fill="navy"/>', 'width="100%" height="100%"'),
    "millimetres": svg('<rect width="10mm" height="5mm" fill="navy"/>', 'width="20mm" height="10mm"'),
    "style of the root": svg(
        '<rect x="5" y="5" width="10" height="10"/>', 'viewBox="0 0 20 20" style="width:60px;height:40px;fill:green"'
    ),
    "gradients": svg(
        '<defs><linearGradient id="a" x2="1" y2="1"><stop stop-color="#f06"/><stop offset="1" stop-color="#06f"/>'
        '</linearGradient><radialGradient id="b" xlink:href="#a" cx=".3" cy=".3" r=".8" spreadMethod="reflect"/></defs>'
        '<rect width="120" height="80" fill="url(#a)"/><circle cx="60" cy="40" r="30" fill="url(#b)"/>'
    ),
    "clip path": svg(
        '<clipPath id="c"><circle cx="60" cy="40" r="30"/></clipPath><rect width="120" height="80" fill="#08f"'
        ' clip-path="url(#c)"/>'
    ),
    "mask": svg(
        '<linearGradient id="g"><stop stop-color="white"/><stop offset="1"/></linearGradient><mask id="m">'
        '<rect width="120" height="80" fill="url(#g)"/></mask><rect width="120" height="80" fill="red" mask="url(#m)"/>'
    ),
    "pattern": svg(
        '<pattern id="p" width="20" height="20" patternUnits="userSpaceOnUse"><rect width="10" height="10"'
        ' fill="#c00"/><circle cx="15" cy="15" r="4" fill="#00c"/></pattern><rect width="120" height="80"'
        ' fill="url(#p)"/>'
    ),
    "classes": svg(
        "<style>/* a */ .a, #x > rect { fill: #0a0; stroke: black; stroke-width: 3 } .b{fill:rgb(200, 30%, 10)}"
        " @media screen { .c { fill: orange } }</style>"
        '<g id="x"><rect x="5" y="5" width="30" height="30"/></g><circle class="a" cx="60" cy="30" r="15"/>'
        '<rect class="b" x="80" y="10" width="30" height="30"/>'
    ),
    "transforms": svg(
        '<g transform="translate(60 40) rotate(30) scale(1.5, .8)"><rect x="-20" y="-20" width="40" height="40"'
        ' fill="#a0c" transform="skewX(20)"/></g>'
    ),
    "fitted": svg('<rect width="50" height="50" fill="#08f"/>', 'viewBox="0 0 50 50" width="120" height="80"'),
    "fitted to the right": svg(
        '<rect width="50" height="50" fill="#08f"/>',
        'viewBox="0 0 50 50" width="120" height="80" preserveAspectRatio="xMaxYMid"',
    ),
    "sliced": svg(
        '<circle cx="25" cy="25" r="25" fill="#08f"/>',
        'viewBox="0 0 50 50" width="120" height="80" preserveAspectRatio="xMidYMin slice"',
    ),
    "stretched": svg(
        '<circle cx="25" cy="25" r="25" fill="#08f"/>',
        'viewBox="0 0 50 50" width="120" height="80" preserveAspectRatio="none"',
    ),
    "strokes": svg(
        '<marker id="k" markerWidth="4" markerHeight="4" refX="2" refY="2" orient="auto"><path d="M0 0L4 2L0 4z"/>'
        '</marker><path d="M10 10L60 60L110 15" fill="none" stroke="#333" stroke-width="6" stroke-linejoin="round"'
        ' stroke-linecap="round" stroke-dasharray="12 9"/><path d="M10 70H100" stroke="#c00" stroke-width="3"'
        ' marker-end="url(#k)"/>'
    ),
    "symbols": svg(
        '<symbol id="s" viewBox="0 0 10 10"><path d="M0 0h10v10z"/></symbol><use href="#s" width="40" height="40"'
        ' fill="#090"/><use xlink:href="#s" x="60" y="20" width="50" height="50" fill="#00a"/>'
    ),
    "blending": svg(
        '<rect width="80" height="60" fill="#ff0"/><rect x="40" y="20" width="80" height="60" fill="#0ff"'
        ' style="mix-blend-mode:multiply"/><g opacity=".5"><rect x="20" y="10" width="30" height="50" fill="red"/>'
        '<rect x="35" y="20" width="30" height="50" fill="blue"/></g>'
    ),
    "filters": svg(
        '<filter id="f"><feGaussianBlur stdDeviation="3"/></filter><filter id="s"><feDropShadow dx="4" dy="4"'
        ' stdDeviation="2" flood-color="#00f"/></filter><rect x="10" y="10" width="40" height="40" fill="red"'
        ' filter="url(#f)"/><rect x="70" y="10" width="30" height="40" fill="green" filter="url(#s)"/>'
    ),
    "embedded picture": svg(f'<image href="{PNG}" x="20" y="10" width="64" height="64"/>'),
    "holes": svg('<path fill-rule="evenodd" d="M10 10H110V70H10zM30 25H90V55H30z" fill="#264"/>'),
    "nested": svg(
        '<svg x="20" y="10" width="50%" height="60" viewBox="0 0 10 10"><circle cx="5" cy="5" r="6" fill="#d50"/></svg>'
    ),
    "illustrator": b'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    b'"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [<!ENTITY ns_svg "http://www.w3.org/2000/svg"> <!ENTITY c '
    b'"#fa0">]><svg xmlns="&ns_svg;" width="50" height="50"><rect fill="&c;" x="5" y="5" width="40"'
    b' height="40"/></svg>',
    "prefixed": b'<s:svg xmlns:s="http://www.w3.org/2000/svg" width="40" height="40"><s:circle cx="20" cy="20" r="15"'
    b' fill="#06c"/></s:svg>',
    "UTF-16": '\ufeff<?xml version="1.0" encoding="UTF-16"?><svg xmlns="http://www.w3.org/2000/svg" width="30"'
    ' height="30"><title>é</title><rect x="5" y="5" width="20" height="20"/></svg>'.encode("utf-16-le"),
    "Latin-1": b'<?xml version="1.0" encoding="ISO-8859-1"?><svg xmlns="http://www.w3.org/2000/svg" width="30"'
    b' height="30"><title>\xe9</title><rect x="5" y="5" width="20" height="20" fill="#070"/></svg>',
    "transform of CSS": svg(f'{BOX} style="transform:translate(20px,5px) rotate(10deg) scale(.5)"/>'),
    "sizes of CSS": svg(f"<style>.a{{width:30px;rx:9px}}</style>{BOX}/>"),
    "variables": svg(
        f"<style>:root{{--c:#f00}} g{{--d:blue}} .a{{fill:var(--c);stroke:var(--d, lime)}}</style>{BOX}/>"
    ),
    "a variable that is not set": svg(f'{BOX} style="fill:var(--x, rgb(10 20 200 / 50%))"/>'),
    "colours of CSS 4": svg(f'{BOX} style="fill:hsl(120deg 100% 30% / .5);stroke:#f008;stroke-width:8"/>'),
    "selectors": svg(f"<style>rect:not(.b):nth-child(2){{fill:#00f}} :is(.a, .b){{stroke:red}}</style>{BOX}/>"),
    "importance": svg(f'<style>.a{{fill:#00f!important}}</style>{BOX} style="fill:red"/>'),
    "media": svg(
        "<style>@media print{.a{fill:red}} @media screen{.a{stroke:red}} @media (prefers-color-scheme: dark)"
        f'{{.a{{fill:#fff}}}}</style><style media="print">.a{{opacity:0}}</style>{BOX}/>'
    ),
    "ground": svg(f"{BOX}/>", 'width="120" height="80" viewBox="0 0 100 100" style="background:#ff0"'),
    "ground by a sheet": svg(f"<style>svg{{background-color:#ff0}}</style>{BOX}/>"),
    "origin of a transform": svg(f'{BOX} transform="rotate(30)" transform-origin="50 35"/>'),
    "animation to come": svg(f'{BOX}><animate attributeName="x" from="50" to="60" begin="5s" dur="5s"/></rect>'),
    "animation that has begun": svg(f'{BOX}><set attributeName="fill" to="blue"/></rect>'),
    "shape of CSS": svg(f'{BOX} style="clip-path:circle(20px at 40px 30px)"/>'),
    "box of a transform": svg(
        f'{BOX} style="transform:rotate(30deg);transform-box:fill-box;transform-origin:center"/>'
    ),
    "stroke of one width": svg(
        f'{BOX} stroke="red" stroke-width="3" vector-effect="non-scaling-stroke"/>'.replace(
            "/>", ' transform="scale(.5)"/>'
        )
    ),
    "colours of other spaces": svg(
        "".join(
            f'<rect x="{10 * at}" width="10" height="80" fill="{colour}"/>'
            for at, colour in enumerate(
                (
                    "rebeccapurple",
                    "lab(50% 40 20)",
                    "lch(50% 40 20)",
                    "oklab(60% .1 .1 / .5)",
                    "oklch(60% .15 200)",
                    "color(srgb .2 .4 .6)",
                    "color(display-p3 .2 .8 .3)",
                    "color(rec2020 .2 .4 .6)",
                    "color(a98-rgb .2 .4 .6)",
                    "color(prophoto-rgb .2 .4 .6)",
                    "color(xyz .2 .4 .6)",
                )
            )
        )
    ),
    "rules that ask for its size": svg(
        "<style>@media (min-width:100px) and (max-height:90px){rect{fill:#0af}} @media (min-width:900px){rect{x:60px}}"
        '</style><rect width="60" height="80"/>'
    ),
    "mixed colours": svg(f'{BOX} style="fill:color-mix(in srgb, red, blue)"/>'),
    "other file for a paint": svg(
        '<rect width="50" height="50" fill="url(http://other.example/x.svg#a) red"/><rect x="60" width="50" height="50"'
        ' stroke="blue" fill="url(other.svg#a)"/>'
    ),
}


def image_of(data: bytes) -> str:
    """An image element that holds a picture."""
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return f'<image href="{url}" width="60" height="40"/>'


def embedded(document: bytes) -> bytes:
    """The bytes of the first picture in a document."""
    return base64.b64decode(document.partition(b";base64,")[2].partition(b'"')[0])
