"""What our parameters are called at imgproxy and at imagor, and a preset of ours as imgproxy's."""

import re

# ours → (imgproxy's processing option, imagor's path or filter); empty where the other has no such thing
PARAMETERS: dict[str, tuple[str, str]] = {
    "w": ("width:%w", "%wx (in the size)"),
    "h": ("height:%h", "x%h (in the size)"),
    "dpr": ("dpr:%dpr", "multiply the size"),
    "fit=contain": ("resizing_type:fit", "fit-in"),
    "fit=cover": ("resizing_type:fill", "the size alone"),
    "fit=fill": ("resizing_type:force", "stretch"),
    "fit=pad": ("resizing_type:fit/extend:1", "fit-in and filters:fill(colour)"),
    "enlarge=1": ("enlarge:1", "filters:upscale()"),
    "position=top": ("gravity:no", "top"),
    "position=bottom": ("gravity:so", "bottom"),
    "position=smart": ("gravity:sm", "smart"),
    "position=face": ("pro: gravity:obj:face", "smart, with a detection plugin"),
    "position=x,y": ("gravity:fp:x:y", "filters:focal(x,y)"),
    "crop": ("crop:w:h:nowe:x:y", "AxB:CxD before the size"),
    "trim": ("trim:n", "trim, without a tolerance in its docs"),
    "rotate": ("rotate:n", "filters:rotate(n)"),
    "background": ("background:colour", "filters:background_color(colour)"),
    "padding": ("padding:n", "nxn:nxn after the size, with filters:fill(colour)"),
    "radius": ("", "filters:round_corner(n)"),
    "blur": ("blur:n", "filters:blur(n)"),
    "sharpen": ("sharpen:n", "filters:sharpen(n)"),
    "grayscale": ("pro: monochrome:1", "filters:grayscale()"),
    "brightness": ("pro: brightness:n, from -255 to 255", "filters:brightness(n), from -100 to 100"),
    "contrast": ("pro: contrast:n", "filters:contrast(n), from -100 to 100"),
    "saturation": ("pro: saturation:n", "filters:saturation(n), from -100 to 100"),
    "hue": ("", "filters:hue(n)"),
    "mark": (
        "watermark:opacity:position; the picture is one of the server's, in pro watermark_url",
        "filters:watermark(image,x,y,alpha)",
    ),
    "format": ("format:name", "filters:format(name)"),
    "quality": ("quality:n", "filters:quality(n)"),
    "max-bytes": ("max_bytes:n, for jpg, webp, heic and tiff", "filters:max_bytes(n)"),
    "metadata=none": ("strip_metadata:1", "filters:strip_exif(), filters:strip_icc()"),
    "preset": ("preset:name", "none: write it out"),
    "fallback": ("pro: fallback_image_url:url, or a setting of the server", ""),
    "download": ("return_attachment:1", "filters:attachment(name)"),
}

PLACES = {
    "top": "no",
    "bottom": "so",
    "left": "we",
    "right": "ea",
    "center": "ce",
    "top-left": "nowe",
    "top-right": "noea",
    "bottom-left": "sowe",
    "bottom-right": "soea",
    "smart": "sm",
}
FITS = {
    "contain": "resizing_type:fit",
    "cover": "resizing_type:fill",
    "fill": "resizing_type:force",
    "pad": "resizing_type:fit/extend:1",
}
# Those that mean the same and take the same number.
SAME = {"w": "width", "h": "height", "dpr": "dpr", "rotate": "rotate", "blur": "blur", "padding": "padding"}
SWITCHED = {("enlarge", "1"): "enlarge:1", ("metadata", "none"): "strip_metadata:1"}
POINT = re.compile(r"(0|1|0?\.[0-9]+),(0|1|0?\.[0-9]+)\Z")
HEX = re.compile(r"[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?\Z")
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")


def preset(values: dict[str, str]) -> tuple[str, list[str]]:
    """A preset as imgproxy's options, and the names of the parameters that have to be translated by hand."""
    options = {name: _option(name, text) for name, text in values.items()}
    return "/".join(filter(None, options.values())), [name for name, option in options.items() if not option]


def _option(name: str, text: str) -> str:
    """One parameter as imgproxy's option; empty where there is none, or none that means the same."""
    if name in SAME and NUMBER.match(text):
        return f"{SAME[name]}:{text}"
    if name == "fit":
        return FITS.get(text, "")
    if name == "position":
        point = POINT.match(text)
        return f"gravity:fp:{point[1]}:{point[2]}" if point else f"gravity:{PLACES[text]}" if text in PLACES else ""
    if name == "format":
        return "" if text == "auto" else f"format:{'jpg' if text == 'jpeg' else text}"
    if name in ("quality", "max-bytes") and NUMBER.match(text):
        return f"{name.replace('-', '_')}:{text}"
    if name == "background" and HEX.match(text):
        return f"background:{text}"
    return SWITCHED.get((name, text), "")
