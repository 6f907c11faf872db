"""Drawings that try to reach what is not theirs, or to cost more than a picture may."""

import base64
import struct
import zlib

from tests.engine import pictures
from tests.engine.svgs import SQUARE, svg


def reaching(address: str, path: str) -> dict[str, bytes]:
    """Drawings that load from an address (`http://127.0.0.1:port`) or from a file in every way that is known."""
    other, file = f"{address}/x", f"file://{path}"
    nested = base64.b64encode(svg(f'<image href="{path}" width="9" height="9"/><image href="{other}"/>')).decode()
    escaped = "u\\72l("
    doctype = '<?xml version="1.0"?><!DOCTYPE svg'
    return {
        "image": svg(f'<image href="{other}" width="99" height="99"/>'),
        "image of a file": svg(f'<image href="{file}" width="99" height="99"/>'),
        "image of a path": svg(f'<image xlink:href="{path}" width="99" height="99"/>'),
        "image by base": svg(f'<g xml:base="{file}"><image href="" width="9" height="9"/></g>', f'xml:base="{other}"'),
        "image without a scheme": svg(f'<image href="{address[5:]}/x" width="99" height="99"/>'),
        "image in a picture": svg(f'<image href="data:image/svg+xml;base64,{nested}" width="99" height="99"/>'),
        "image called PNG": svg(f'<image href="data:image/png;base64,{nested}" width="99" height="99"/>'),
        "feImage": svg(
            f'<filter id="f"><feImage href="{path}"/></filter><rect width="99" height="99" filter="url(#f)"/>'
        ),
        "use": svg(f'<use href="{file}#a"/><use xlink:href="{other}#a"/>'),
        "paint": svg(
            f'<rect width="9" height="9" fill="url({other}#a)" filter="url(\'{file}#f\')" mask="url({other})"/>'
        ),
        "style": svg(f'<rect width="9" height="9" style="fill:url({other}); mask: url(\'{file}#m\')"/>'),
        "escaped style": svg(f'<rect width="9" height="9" style="fill:{escaped}{other})" mask="{escaped}{other})"/>'),
        "style of functions": svg(
            f"<style>rect{{background:image-set('{other}' 1x);cursor:url({other}),auto;fill:src('{other}');--a:{other};"
            f"mask-image:cross-fade(url({other}),url({other}));x:expression(1);behavior:url({other})}}</style>{SQUARE}"
        ),
        "style sheets": svg(
            f"<style>@import '{other}';@import url({other});@\\69mport '{other}';@charset 'x';@namespace url({other});"
            f"@font-face{{font-family:a;src:url({other})}}/**/@media all{{@import '{other}';rect{{fill:url({other})}}}}"
            f"x\\7d @import '{other}'\\3b {{}} .a{{x\\7d @import url\\28 {other}\\29\\3b b\\7b fill:red}}"
            f".b{{fill:('}}url({other})');stroke:'}}@import {other};'}}</style>{SQUARE}"
        ),
        "style in CDATA": svg(f"<style><![CDATA[@import '{other}'; rect{{fill:url({other})}}]]></style>{SQUARE}"),
        "link and processing instruction": f'<?xml-stylesheet href="{other}" type="text/css"?>'.encode()
        + svg(f'<h:link xmlns:h="http://www.w3.org/1999/xhtml" rel="stylesheet" href="{other}"/>{SQUARE}'),
        "HTML": svg(
            f'<foreignObject width="99" height="99"><img xmlns="http://www.w3.org/1999/xhtml" src="{other}"/>'
            f'<iframe xmlns="http://www.w3.org/1999/xhtml" src="{file}"/></foreignObject>'
            f'<iframe src="{other}"/>{SQUARE}'
        ),
        "scripts": svg(
            f'<script href="{other}"/><script>fetch("{other}")</script><rect onload="x()" onclick="y()"/>'
            f'<a href="javascript:alert(1)" xlink:href="{other}" target="_top"><rect width="9" height="9"/></a>'
            '<handler type="application/ecmascript" ev:event="load" xmlns:ev="http://www.w3.org/2001/xml-events"/>',
            'onload="alert(1)"',
        ),
        "animations": svg(
            f'<image width="9" height="9"><set attributeName="href" to="{other}"/><animate attributeName="xlink:href"'
            f' values="{file}"/></image><rect><set attributeName="onclick" to="x()"/><animate attributeName="fill"'
            f' to="url({other})"/><set attributeName="style" to="fill:url({other})"/></rect>'
        ),
        "text path": svg(f'<text><textPath href="{other}#p">a</textPath></text><mpath href="{file}"/>'),
        "external DTD": f'{doctype} SYSTEM "{other}.dtd">'.encode() + svg(SQUARE),
        "external entity": f'{doctype} [<!ENTITY x SYSTEM "{file}">]>'.encode() + svg("<text>&x;</text>"),
        "external entity of a host": f'{doctype} [<!ENTITY x SYSTEM "{other}">]>'.encode() + svg("<text>&x;</text>"),
        "parameter entity": f'{doctype} [<!ENTITY % x SYSTEM "{other}"> %x;]>'.encode() + svg(SQUARE),
        "attributes of a DTD": f'{doctype} [<!ATTLIST rect onclick CDATA "x()" fill CDATA "url({other})">]>'.encode()
        + svg(SQUARE),
        "XInclude": svg(f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>'),
        "UTF-16": ('<?xml version="1.0" encoding="UTF-16"?>' + svg(f'<image href="{other}"/>').decode()).encode(
            "utf-16"
        ),
        "fonts": svg(f'<text x="9" y="30" font-family="url({other}), \'{path}\'">a</text>'),
    }


def _bomb() -> str:
    """A PNG of 60,000 x 60,000 pixels in a few bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return f'<image href="data:image/png;base64,{base64.b64encode(data).decode()}" width="9" height="9"/>'


def _chain(element: str, count: int, times: int) -> str:
    """Elements each of which holds the one before so many times."""
    first = f'<{element} id="a0"><rect width="9" height="9"/></{element}>'
    return first + "".join(
        f'<{element} id="a{number}">' + f'<use href="#a{number - 1}"/>' * times + f"</{element}>"
        for number in range(1, count)
    )


def _patterns(count: int, times: int) -> str:
    return "".join(
        f'<pattern id="p{number}" width="9" height="9" patternUnits="userSpaceOnUse">'
        + f'<rect width="9" height="9" fill="url(#p{number - 1})"/>' * times
        + "</pattern>"
        for number in range(1, count)
    )


ENTITIES = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 9))
QUADRATIC = "x" * 2_000
ESCAPED_BRACKET = "calc(\\)"
# name → (bytes, the codes of refusal that are true of it; with None it may be drawn)
COSTLY: dict[str, tuple[bytes, set[str | None]]] = {
    "deep": (svg("<g>" * 200_000 + "</g>" * 200_000), {"drawing_too_complex"}),
    "deep in what is left out": (svg("<x>" * 200_000 + "</x>" * 200_000 + SQUARE), {None}),
    "deep by uses": (svg(f'<defs>{_chain("g", 5_000, 1)}</defs><use href="#a4999"/>'), {"drawing_too_complex"}),
    "many by uses": (svg(f'<defs>{_chain("g", 12, 10)}</defs><use href="#a11"/>'), {"drawing_too_complex"}),
    "many by patterns": (
        svg(_patterns(10, 10) + '<rect width="9" height="9" fill="url(#p9)"/>'),
        {"drawing_too_complex"},
    ),
    "masks in masks": (
        svg(
            "".join(
                f'<mask id="m{n}"><rect width="99" height="99" fill="white" mask="url(#m{n - 1})"/></mask>'
                for n in range(1, 500)
            )
            + '<rect width="99" height="99" mask="url(#m499)"/>'
        ),
        {"drawing_too_complex"},
    ),
    "itself": (
        svg(
            '<g id="a"><use href="#a"/><use href="#b"/></g><g id="b"><use href="#a"/></g><pattern id="p"'
            ' width="9" height="9"><rect width="9" height="9" fill="url(#p)"/></pattern><rect width="9" height="9"'
            ' fill="url(#p)" mask="url(#m)"/><mask id="m"><rect width="9" height="9" mask="url(#m)"/></mask>'
        ),
        {None},
    ),
    "billion laughs": (
        f'<!DOCTYPE svg [<!ENTITY e0 "ha">{ENTITIES}]>'.encode() + svg("<text>&e8;</text>"),
        {"unsupported_variant"},
    ),
    "long entity": (
        f'<!DOCTYPE svg [<!ENTITY e "{QUADRATIC}">]>'.encode() + svg("<text>" + "&e;" * 100_000 + "</text>"),
        {"drawing_too_complex", "broken_image"},
    ),
    "markup in an entity": (
        b'<!DOCTYPE svg [<!ENTITY e "<script>1</script>">]>' + svg("<g>&e;</g>"),
        {"unsupported_variant"},
    ),
    "attributes": (svg("<rect " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>"), {"drawing_too_complex"}),
    "elements": (svg("<g/>" * 300_000), {"drawing_too_complex"}),
    "million segments": (svg(f'<path d="M0 0{" l1 1 -1 .5" * 500_000}"/>'), {None}),
    "brackets": (svg(f'<rect style="a:{"(" * 100_000}" fill="{"calc(" * 100_000}"/>'), {"drawing_too_complex"}),
    "brackets behind comments": (svg(f'<rect fill="{"calc(/*)*/" * 3_000}"/>'), {"drawing_too_complex"}),
    "brackets behind escapes": (svg(f'<rect style="fill:{ESCAPED_BRACKET * 3_000}"/>'), {"drawing_too_complex"}),
    "long number in a style": (svg(f'<rect style="width:{"1" * 5_000}"/>'), {"drawing_too_complex"}),
    "long number in a style sheet": (svg(f"<style>rect{{width:{'1' * 5_000}}}</style>"), {"drawing_too_complex"}),
    "long number in an attribute": (svg(f'<rect transform="scale({"1" * 5_000})"/>'), {"drawing_too_complex"}),
    "quotes in the root": (svg(SQUARE, f"aria-label='{chr(34) * 11_000_000}'"), {"drawing_too_complex"}),
    "shape of nothing": (svg(SQUARE, 'viewBox="0 0 1e-300 1e300"'), {"broken_image"}),
    "size of nothing": (svg(SQUARE, 'width="1e-300" height="1e-300" viewBox="0 0 1e-300 1e-300"'), {None}),
    "style sheet": (svg(f"<style>{'a{b:c}' * 300_000}</style>"), {"drawing_too_complex"}),
    "blur": (
        svg(
            '<filter id="f"><feGaussianBlur stdDeviation="1e9"/></filter><rect width="99" height="99"'
            ' filter="url(#f)"/>'
        ),
        {None, "drawing_too_complex"},
    ),
    "a region of a filter": (
        svg(
            '<filter id="f" x="-1e9" y="-1e9" width="2e9" height="2e9"><feFlood/></filter><rect width="99" height="99"'
            ' filter="url(#f)"/>'
        ),
        {None, "drawing_too_complex"},
    ),
    "bomb": (svg(_bomb()), {"too_many_pixels"}),
    "pictures": (svg("".join(f'<image href="data:,{n}"/>' for n in range(1_000))), {"drawing_too_complex"}),
    "huge": (svg(SQUARE, 'width="1e30" height="1e30"'), {"source_side_too_long"}),
    "endless": (svg(SQUARE, 'width="1e999" height="9"'), {None}),
    "not a number": (svg(SQUARE, 'width="NaN" height="inf" viewBox="NaN 0 1 1"'), {None}),
    "tiny box": (svg(SQUARE, 'viewBox="0 0 1e-300 1e-300"'), {None, "broken_image", "drawing_too_complex"}),
    "huge box": (svg(SQUARE, 'viewBox="-1e300 -1e300 1e300 1e300"'), {None, "drawing_too_complex"}),
    "wide box": (svg(SQUARE, 'viewBox="0 0 1e9 1"'), {None, "broken_image"}),
    "no size": (svg(SQUARE, 'width="0" height="0"'), {"broken_image"}),
    "same ids": (svg('<g id="a">' * 50 + '<use href="#a"/>' + "</g>" * 50), {None}),
    "transforms": (svg(f'<g transform="scale(1e30)"><g transform="scale(1e30) rotate(1e30)">{SQUARE}</g></g>'), {None}),
    "dashes": (
        svg('<path d="M0 0H1e9" stroke="red" stroke-width="9" stroke-dasharray=".0001"/>'),
        {None, "render_crashed", "drawing_too_complex"},
    ),
    "patterns of nothing": (
        svg(
            '<pattern id="p" width="1e-9" height="1e-9" patternUnits="userSpaceOnUse"><rect width="1" height="1"/>'
            '</pattern><rect width="99" height="99" fill="url(#p)"/>'
        ),
        {None, "drawing_too_complex"},
    ),
    "cut off": (svg(SQUARE)[:-9], {"broken_image"}),
    "not well-formed": (svg("<g>&nbsp;</g>"), {"broken_image"}),
    "of no namespace": (b"<svg width='9' height='9'/>", {"unsupported_format"}),
    "of another namespace": (b"<svg xmlns='http://www.w3.org/2000/svgx'/>", {"unsupported_format"}),
    "encoding": (b"<?xml version='1.0' encoding='shift_jis'?>" + svg(SQUARE), {"broken_image", None}),
    "unknown encoding": (b"<?xml version='1.0' encoding='x-nothing'?>" + svg(SQUARE), {"broken_image"}),
    "JPEG in it": (
        svg(
            f'<image href="data:;base64,{base64.b64encode(pictures.saved(pictures.cornered(), "JPEG")[:300]).decode()}"'
            ' width="9" height="9"/>'
        ),
        {None},
    ),
    "namespace of elements": (
        b'<s:svg xmlns:s="http://www.w3.org/2000/svg"><svg/><s:script>1</s:script></s:svg>',
        {None},
    ),
}

# Cheap to read, and half a minute of work to draw.
TURBULENCE = svg(
    '<filter id="f" x="0" y="0" width="1" height="1"><feTurbulence baseFrequency=".9" numOctaves="999999"/></filter>'
    '<rect width="2000" height="2000" filter="url(#f)"/>',
    'width="2000" height="2000"',
)
