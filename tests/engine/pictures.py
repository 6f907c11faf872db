"""Small sources for the engine's tests, and rulers to measure what comes out."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image

from transforms.engine import pipeline
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
CORNERS = (RED, GREEN, BLUE, WHITE)


def cornered(width: int = 96, height: int = 64) -> Image.Image:
    """Red, green / blue, white: four quarters that tell every turn and mirroring apart."""
    image = Image.new("RGB", (width, height))
    for index, ink in enumerate(CORNERS):
        image.paste(ink, ((index % 2) * width // 2, (index // 2) * height // 2, width, height))
    return image.crop((0, 0, width, height))


def shaded(width: int = 200, height: int = 120) -> Image.Image:
    """A smooth colourful picture, as photographs are."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, 255 - (across + down) / 2], axis=-1).astype(np.uint8))


def noisy(width: int = 160, height: int = 120) -> Image.Image:
    """Seeded noise: hard to compress."""
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8))


def saved(image: Image.Image, format_name: str, **options: object) -> bytes:
    """The bytes of a file."""
    buffer = BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def animated(format_name: str, frames: list[Image.Image], **options: object) -> bytes:
    """The bytes of an animation."""
    return saved(frames[0], format_name, save_all=True, append_images=frames[1:], **options)


def render(data: bytes, output_format: str = "png", limits: Limits | None = None, **values: object) -> Output:
    """A transform of one source."""
    return pipeline.render(job(data, output_format, limits, **values))


def job(data: bytes, output_format: str = "png", limits: Limits | None = None, **values: object) -> Job:
    """A transform of one source that is not rendered yet."""
    return Job("transform", values, output_format, (data,), limits or Limits())


def rendered(one: Job, **changes: object) -> Output:
    """The output of a job with changes."""
    return pipeline.render(replace(one, **changes))


def seen(output: Output | bytes) -> Image.Image:
    """The decoded picture of an output or of a file's bytes."""
    image = Image.open(BytesIO(output if isinstance(output, bytes) else output.body))
    image.load()
    return image


def corners(image: Image.Image, inset: int = 6) -> list[tuple[int, ...]]:
    """Colours near the four corners: top left, top right, bottom left, bottom right."""
    plain = image.convert("RGB")
    right, bottom = plain.width - 1 - inset, plain.height - 1 - inset
    return [plain.getpixel(at) for at in ((inset, inset), (right, inset), (inset, bottom), (right, bottom))]


def near(one: tuple[int, ...], other: tuple[int, ...], levels: int = 12) -> bool:
    """Whether two colours differ by at most so many levels in each channel."""
    return len(one) == len(other) and all(abs(a - b) <= levels for a, b in zip(one, other, strict=True))


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Likeness of two pictures in dB; 99 when they are equal."""
    a, b = (np.asarray(image.convert("RGB"), dtype=np.float64) for image in (one, other))
    error = float(((a - b) ** 2).mean())
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))
