"""The parameters as a page of Markdown, generated from the engine's table."""

from transforms.engine.request import param, params

HEAD = """# The image API

`https://<namespace>.<image domain>/<endpoint>?src=<source>&<parameters>`. A `src` is `<source name>/<path>`, or a full
URL percent-encoded once. This page is written by `manage.py image_docs` from the table the parser reads.

An unknown, repeated, malformed or out-of-range parameter is refused by name with 400, and nothing is fetched or billed.
Order, aliases and spelled-out defaults do not matter: one picture is one cache entry and one charge.

Credits: `/transform` 1, `/info` and its variants 0.5, `/grid` 2 per composed source, `/placeholder` 0.5. Hits, errors,
HEAD, and a second output format of a charged picture are free. `/explain/<endpoint>?…` quotes without doing anything.

## What is one picture

- What a request comes to, once the size of its source is known, is the picture, and is charged once however it is asked
  for. Of a source 640 pixels wide, `w=640`, `w=1000`, `w=2000` and `w=640&dpr=2` are the same bytes and one charge.
  `X-Img-Warning` says when a box asks for more pixels than there are; `enlarge=1` makes another, larger picture.
- A parameter that turns out to change nothing of a source costs nothing: `profile=keep` where the colours are sRGB,
  `metadata=copyright` or `keep` where there are none, `animated=0` of a still, `truncated=allow` of a whole file,
  `background` behind an opaque picture, `trim` that finds no border, `position` where nothing is cut there, `grayscale`
  of a grey picture, and any other step that leaves every pixel as it is. Two that come to the same are one picture:
  `flip=hv` and `rotate=180`, tolerances of `trim` that cut the same border, ways of placing a mark on the same spot.
- Only drawing it tells, so `/explain` says a maximum where a picture without such parameters was charged. It has to
  hold in every format, as one charge does: `quality`, `lossless` and `max-bytes` always count, and so does what changes
  nothing of a still of an animation, of which other formats show more frames. To find a border, an SVG and a JPEG that
  is scaled to two fifths or less are decoded in another size, which is another picture.
- Another output format is free while the source's bytes are those that were charged. From other bytes it is another
  picture, and new work. Where no format is stored any more, the picture is made again for nothing, whatever its source
  is by then.
- A grid is charged for the sources it shows, each once a year: one that was missing is charged when it is shown,
  and one that was shown before and is shown again with other bytes.
- `/explain` says by `credits_are` how sure `credits` are: `exact`; `exact, as long as the source stays as it is`, where
  an earlier charge, `/info` or a stored output tells what the request comes to; or a maximum, where the size of the
  source is not known, and for grids. With no credits left a request may be refused with 402 before its source is
  looked at, although it would have come to a picture that is paid for.
- A grid without some of its sources says so (`X-Img-Sources: 4/5`) and is kept for 60 seconds, or for a day where each
  of them was answered with 404 or 410; a whole one for a year.
"""

FRESHNESS = """## Fresh pictures

An output is served for a year (`/info` for a day), whatever its source becomes. To show what the source is now:

- Upload it under a new name, or change `v`: `src=shop/shoe.jpg&v=2`. It is another picture at once, in every browser
  and cache, and costs what a new picture costs. `v` is yours to choose: a number, a date, a hash of the file.
- `ttl=3600` bounds the age: an output made more than an hour ago is made again, from what the source is by then, and
  charged again; within the hour it is free. `Cache-Control` tells browsers the same. One output answers requests with
  any `ttl`, each as long as it is new enough for it; one that was made for a `ttl` ends with it.
- A source can have a `ttl` for all its pictures, on its page, by `/sources` or the `source` command: 60 seconds to a
  year. The `ttl` of the address goes before that of the preset, the preset's before the source's, the source's before a
  year. A grid, and a picture with a mark, live as long as the shortest of their sources, and a grid is then made and
  charged as a whole. Once a shorter `ttl` is set, outputs that are older are made again when they are asked for; what
  is new enough stays and costs nothing. A longer one brings nothing back that has ended, and no key holds any `ttl`.
- A source can follow the headers of its originals (`origin_cache_control`, off until its owner turns it on; for full
  URLs it is a setting of Access): `Cache-Control` (`s-maxage`, else `max-age`), else `Expires`, less `Age`, and for S3
  and R2 those of the object. They bound the life of what is made from then on, never beyond its `ttl` or a year. What
  says nothing lives as without them. `no-store`, `no-cache`, `private`, anything below a minute and what cannot be read
  count as 60 seconds, so that one picture is charged once a minute at most, however often it is asked for.
- A charge lives exactly as long as its output, so that each making is charged and nothing within a life is. Another
  format of a charged picture is still free; where its origin allows it less than was charged for, the charge ends with
  it. `max-age` less `Age` is what is left of a life, and `/explain` says by `lifetime` (seconds), `lifetime_is`
  (`exact` or a maximum) and `lifetime_by` how long a picture will live and why.
- A purge ends what we have cached, but not what browsers have: they keep theirs until it expires. Change `v` with it,
  or give pages that have to follow soon a `ttl`.

`v` and `ttl` can stand in a preset. Where a workspace serves presets only, or by a policy, requests cannot choose them
unless the preset or the policy names them.
"""

POSITIONS = """## Positions

`position` and `mark-position` take these names, or `x,y` from 0 to 1: the point so far from the left and from the top
lies as far from the left and from the top of the result. `0,0` is `top-left`, `1,1` is `bottom-right`.

| left | middle | right |
| --- | --- | --- |
| `top-left` | `top` | `top-right` |
| `left` | `center` | `right` |
| `bottom-left` | `bottom` | `bottom-right` |

`position` also takes `smart`: of all places the cut could have, the one that holds most detail, saturation and skin,
judged on a small copy; `entropy`: the one whose brightnesses vary most; and `face`: the one that keeps faces whole,
with the hair above them where there is room. The largest face comes first, then as many others as fit with it; without
a face it does as `smart` does, and `X-Img-Warning` says so. An animation is judged by its first frame.
Where no position is given and the source is a bucket, the metadata `focal` of the object (`x-amz-meta-focal: 0.7,0.3`,
of the upright picture) takes the place of `center`; after changing it, purge as after changing the picture.
`debug=crop` draws all this instead of cutting.

A mark is laid on the finished picture, within its rounded corners and inside its padding, over every frame of an
animation. It is fetched as the source is, under the same limits; an error that names `mark` is about it.

## Animations

The frames of GIF, APNG, WebP and AVIF are composed as browsers show them and kept in AVIF, WebP, PNG and GIF;
`animated=0` takes the first, of an APNG the first of its animation. An animation lasts as long as its source, up to an
hour a frame. GIF counts hundredths of a second: times are rounded so that the whole is as long, frames faster than
20 ms are merged, and a frame without a time gets the 100 ms that browsers give it.
"""

DRAWINGS = """## SVG

An SVG has no pixels of its own: it is drawn at the size that is asked for, and fills a larger box sharply without
`enlarge`. Its own size is the one browsers show an `<img>` of it in, rounded up: `width` and `height`, a missing one by
the shape of `viewBox`, and within 300 x 150 where there is none. `crop` and `X-Img-Source-Size` count in it; `trim`
looks at a drawing of about 2,048 pixels a side. More than 25 million pixels are drawn smaller and enlarged. As a mark,
in a grid, for `/info` and for placeholders it is a source like any other.

`format=svg` passes it on as an SVG. It goes with no parameter that changes the picture (`v`, `ttl`, `download` and
`fallback` are none), only for a source that is an SVG, and is never chosen by the Accept header; `format=nocompress`
gives the drawing as PNG. It is the same picture as the drawing in its own size, charged once.

Either way the SVG is written anew from a list of the elements and attributes that draw. Left out are scripts, event
handlers, links, HTML in `foreignObject`, `@import`, `@font-face`, comments and metadata, and whatever names another
file or host; kept are styles, animations (by `format=svg`; a drawing shows them before they begin), references within
the drawing, and embedded JPEG, PNG, GIF and WebP, which lose their metadata. `X-Img-Warning` names what a viewer may
miss. The answer has a Content-Security-Policy of its own: sandboxed, with the SVG's own styles and embedded pictures.

Entities that hold more than plain text, elements more than 128 deep in each other, more than 200,000 elements, or
2,000,000 by what is used again, are refused by name. Text is drawn in fonts that are the same everywhere: Arimo for
sans serif, Crimson Text for serif and unknown names, Roboto Mono for monospaced.
"""

INSTEAD = """## A picture instead of an error

A workspace can name pictures of its sources as fallbacks (`no-photo`, on the Fallbacks page or by `/fallbacks` of the
REST API), and say which is sent by default, for every source and for single ones. `fallback=no-photo` in an address
names one, `fallback=none` switches the default off; a name that does not exist is refused with 400.

- It is sent where the source is missing (404, 410), is refused, busy, unreachable, too slow, too large, too slow to
  decode, no picture, or a broken one. Errors of the request (400), of rights (403, 451), of credits (402) and of
  load (429, `busy`, `render_busy`), an unknown name of a source and an error of `mark` are answered as ever.
- It is made with the parameters of the address (`download` apart), and is the picture of its own address: one cache
  entry and one charge with the same parameters, however many sources fail. Where it fails itself, or no credits are
  left for it, the error of the source is sent. `fallback` is no part of the picture asked for.
- The status is that of the error, which an `<img>` shows all the same; or 200, where the fallback says so.
  `X-Img-Error` holds the code of the error. It may be cached for 60 seconds and has no `ETag`. Usage shows the status
  that was sent, and the credit if it was charged.
- HEAD is answered like GET, but makes and charges nothing.
"""


def markdown() -> str:
    """The whole page."""
    endpoints = dict.fromkeys(endpoint for row in params.PARAMS for endpoint in row.endpoints)
    return "\n".join([HEAD, *(_section(endpoint) for endpoint in endpoints), FRESHNESS, POSITIONS, DRAWINGS, INSTEAD])


def _section(endpoint: str) -> str:
    rows = [row for row in params.PARAMS if endpoint in row.endpoints]
    lines = [f"## /{endpoint}", "", "| name | takes | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [_line(row) for row in rows if row.available or row.outside]
    unavailable = ", ".join(f"`{row.name}`" for row in rows if not (row.available or row.outside))
    return "\n".join([*lines, "", f"Known and not available yet: {unavailable}.\n" if unavailable else ""])


def _line(row: param.Param) -> str:
    names = " ".join([f"`{row.name}`", *(f"(`{alias}`)" for alias in row.aliases)])
    default = "" if row.default is None else f"`{row.default}`"
    return f"| {names} | {param.accepts(row)} | {default} | {row.meaning} |".replace("||", "| |")
