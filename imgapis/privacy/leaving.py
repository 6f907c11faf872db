"""What an export holds for whoever goes elsewhere: sources, presets and settings for imgproxy and imagor.

Image addresses are not kept, so none can be listed; the map of parameters says how to rewrite one's own.
"""

from collections.abc import Iterator

from accounts import store as accounts_store
from imgapis.base import clock
from transforms import presets, rule_store
from transforms import store as transforms_store
from transforms.models import Source

# ours → (imgproxy's processing option, imagor's path or filter); empty where the other has no such thing
PARAMETERS: dict[str, tuple[str, str]] = {
    "w": ("width:%w", "%wx (in the size)"),
    "h": ("height:%h", "x%h (in the size)"),
    "dpr": ("dpr:%dpr", "multiply the size"),
    "fit=contain": ("resizing_type:fit", "fit-in"),
    "fit=cover": ("resizing_type:fill", "the size alone"),
    "fit=fill": ("resizing_type:force", "stretch"),
    "fit=pad": ("extend:1", "fit-in and filters:fill(colour)"),
    "enlarge=1": ("enlarge:1", "filters:upscale()"),
    "position=top": ("gravity:no", "top"),
    "position=bottom": ("gravity:so", "bottom"),
    "position=smart": ("gravity:sm", "smart"),
    "position=face": ("", "smart"),
    "position=x,y": ("gravity:fp:x:y", "filters:focal(x,y)"),
    "crop": ("crop:w:h", "AxB:CxD before the size"),
    "trim": ("trim:n", "trim:n"),
    "rotate": ("rotate:n", "filters:rotate(n)"),
    "background": ("background:colour", "filters:background_color(colour)"),
    "padding": ("padding:n", "filters:padding(colour,n)"),
    "radius": ("", "filters:round_corner(n)"),
    "blur": ("blur:n", "filters:blur(n)"),
    "sharpen": ("sharpen:n", "filters:sharpen(n)"),
    "grayscale": ("", "filters:grayscale()"),
    "brightness": ("", "filters:brightness(n)"),
    "contrast": ("", "filters:contrast(n)"),
    "saturation": ("", "filters:saturation(n)"),
    "hue": ("", "filters:hue(n)"),
    "mark": ("watermark:opacity:position", "filters:watermark(image,x,y,alpha)"),
    "format": ("format:name", "filters:format(name)"),
    "quality": ("quality:n", "filters:quality(n)"),
    "max-bytes": ("max_bytes:n", "filters:max_bytes(n)"),
    "metadata=none": ("strip_metadata:1", "filters:strip_metadata()"),
    "preset": ("preset:name", ""),
    "download": ("return_attachment:1", "filters:attachment(name)"),
}


def files(workspace_id: str) -> Iterator[tuple[str, list[str]]]:
    """(name, lines) of what a workspace takes elsewhere; nothing secret is in it."""
    row = accounts_store.workspace(workspace_id)
    if row is None:
        return
    sources = transforms_store.sources(workspace_id)
    named = {one.name: presets.query_of(one.values) for one in rule_store.presets(workspace_id)}
    yield (
        "leave-us/README.txt",
        [f"How {row.namespace} was set up on {clock.day(clock.now())}, for imgproxy and imagor.\n"],
    )
    yield "leave-us/imgproxy.env", _imgproxy(sources, named)
    yield "leave-us/imagor.env", _imagor(sources, list(row.allowed_sources))
    yield "leave-us/presets.txt", [f"{name}\t{query}\n" for name, query in sorted(named.items())]
    yield "leave-us/parameters.csv", _parameters()


def _imgproxy(sources: list[Source], named: dict[str, str]) -> Iterator[str]:
    yield "# Keys of your buckets are not in an export: put your own in.\n"
    allowed = [_address(one) for one in sources]
    yield f"IMGPROXY_ALLOWED_SOURCES={','.join(allowed)}\n"
    if any(one.kind != "http" for one in sources):
        yield "IMGPROXY_USE_S3=true\n"
    for name, query in sorted(named.items()):
        yield f"# preset {name}: {query}\n"
    yield "IMGPROXY_TTL=31536000\n"


def _imagor(sources: list[Source], hosts: list[str]) -> Iterator[str]:
    yield "# Keys of your buckets are not in an export: put your own in.\n"
    web = [_address(one).split("/")[2] for one in sources if one.kind == "http"]
    yield f"HTTP_LOADER_ALLOWED_SOURCES={','.join(sorted({*web, *hosts}))}\n"
    for one in sources:
        if one.kind != "http":
            yield f"S3_LOADER_BUCKET={one.bucket}\nS3_LOADER_PATH_PREFIX={one.prefix}\nAWS_REGION={one.region}\n"


def _address(source: Source) -> str:
    """Where a source lies, as others name it."""
    return source.prefix if source.kind == "http" else f"s3://{source.bucket}/{source.prefix}"


def _parameters() -> Iterator[str]:
    yield "img apis,imgproxy,imagor\r\n"
    for name, (imgproxy, imagor) in PARAMETERS.items():
        yield f'"{name}","{imgproxy}","{imagor}"\r\n'
