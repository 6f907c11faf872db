"""Rows of the parameter table: the file that a picture is sent as."""

from transforms.engine.formats import FORMATS, SVG
from transforms.engine.request.endpoints import BLURHASH, GRID, PLACEHOLDERS, TRANSFORM
from transforms.engine.request.param import Param, switch

DOWNLOAD_CHARACTERS = 255


def formats(endpoints: tuple[str, ...], choices: tuple[str, ...], meaning: str) -> Param:
    return Param("format", "choice", endpoints, meaning, ("fm",), choices=choices, spelled=(("jpg", "jpeg"),))


OUTPUT = (
    formats(
        (TRANSFORM,),
        (*FORMATS, "nocompress", SVG),
        "The output format; without it the Accept header decides. nocompress keeps every pixel "
        "(as 8-bit sRGB) in the source's own format, in PNG where that cannot. svg passes an SVG on without scripts, "
        "links and what lies in other files, and goes with no parameter that changes the picture; by any other format "
        "an SVG is drawn at the size that is asked for.",
    ),
    formats(
        (GRID, *PLACEHOLDERS),
        tuple(name for name, row in FORMATS.items() if row.is_placeholder),
        "The output format; without it the Accept header decides.",
    ),
    Param(
        "quality",
        "integer",
        (TRANSFORM, GRID),
        "The quality of lossy formats, one scale for all of them. auto is the smallest file whose worst parts still "
        "look like the picture (SSIM on luma, measured), from 50 to 86.",
        aliases=("q",),
        default=80,
        least=1,
        most=100,
        choices=("auto",),
    ),
    Param(
        "quality",
        "integer",
        (BLURHASH,),
        "The quality of lossy formats, one scale for all of them.",
        aliases=("q",),
        default=80,
        least=1,
        most=100,
    ),
    switch(
        "lossless",
        "Whether every pixel is kept: exactly in WebP and PNG, to one or two levels in AVIF; X-Img-Warning says where "
        "the format cannot.",
    ),
    Param(
        "max-bytes",
        "integer",
        (TRANSFORM,),
        "Lowers the quality of a lossy format until the file fits, in at most six encodings; X-Img-Warning says when "
        "it does not.",
        least=1000,
        most=100_000_000,
        unit="bytes",
    ),
    Param(
        "metadata",
        "choice",
        (TRANSFORM,),
        "What is kept of the source's metadata: none; copyright, who made it and who holds the rights; or keep, EXIF, "
        "XMP and (in JPEG) IPTC, but for location, serial numbers, thumbnails, comments, maker notes, the history of "
        "editing, and what describes how the source was stored.",
        default="none",
        choices=("none", "copyright", "keep"),
    ),
    Param(
        "profile",
        "choice",
        (TRANSFORM,),
        "The colours of the output: srgb, or keep, which leaves those of an RGB source (Display P3, Adobe RGB) as they "
        "are and its ICC profile in JPEG, PNG, WebP and AVIF, without the names in it. CMYK, grey, PQ and HLG, and all "
        "colours in GIF, become sRGB, with X-Img-Warning.",
        default="srgb",
        choices=("srgb", "keep"),
    ),
    Param(
        "truncated",
        "choice",
        (TRANSFORM,),
        "What is done with a picture that is stored cut off: refuse it, or allow it and draw what there is, with "
        "X-Img-Warning. What is missing is grey in a JPEG and clear elsewhere. Of an animated WebP whole frames are "
        "drawn, of a TIFF whole strips and tiles; of an AVIF or an ICO no part can be. A transfer that was cut off is "
        "always refused.",
        default="refuse",
        choices=("refuse", "allow"),
    ),
    switch("animated", "Whether the frames are kept where the output format can.", default=True),
    Param(
        "download",
        "filename",
        (TRANSFORM, GRID),
        "The file name to save under: the answer becomes an attachment.",
        least=1,
        most=DOWNLOAD_CHARACTERS,
    ),
)
