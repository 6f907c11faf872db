"""Chooses the most important part of a picture for a crop: position=smart, entropy and face.

A small copy of the picture is scored pixel by pixel, and the window with the highest total is chosen. `smart` adds
up detail (how much a pixel differs from its surroundings), saturation, and skin (a range of colours that human skin of
every tone falls into, and some wood and sand too); pixels in the middle of the window count more than those
at its edge. `entropy` takes the window whose brightness levels have the highest entropy. `face` keeps faces (`faces`),
and without any falls back to `smart`.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from transforms.engine.vision import faces

WAYS = ("smart", "entropy", "face")
SEEN_SIDE = 128
DETAIL, SATURATION, SKIN = 0.5, 0.2, 0.3
# Chroma of skin: Chai and Ngan, "Face segmentation using skin-color map" (1999); chroma is meaningless in the dark.
SKIN_CB, SKIN_CR, SKIN_LUMA = (77, 127), (133, 173), (50, 235)
# Skin colours on this share of a picture are its background: wood, sand, fur.
GROUND_SHARE = 0.5
# Surroundings of a pixel, in pixels of the small copy.
NEAR, FAR = 1.0, 6.0
BINS = 32
# The factor of a pixel's weight at the edge of the window.
EDGE = 0.2
NO_FACE = "No face was found: position=face did as position=smart."


@dataclass(frozen=True)
class CropChoice:
    """`position` is a value of the parameter, 0–1 from the left and the top; `reason` is the reason in one line.

    `weights` (rows x columns, 0–1) are the scores of the pixels, where they were computed; `faces` are the boxes
    (left, top, right, bottom, 0–1) of detected faces; `warning` is for the caller.
    """

    position: tuple[float, float]
    reason: str
    weights: np.ndarray | None = None
    faces: tuple[tuple[float, float, float, float], ...] = ()
    warning: str = ""


def choose(image: Image.Image, shares: tuple[float, float], method: str) -> CropChoice:
    """The best position in an RGB or RGBA picture of a window with the `shares` (0–1] of its width and height.

    Raises face_detection_unavailable for `face` where the network is not installed.
    """
    if method == "face":
        return _with_faces(image, shares)
    small = _small(image)
    windows = [max(1, min(side, round(side * share))) for side, share in zip(small.size, shares, strict=True)]
    if method == "entropy":
        levels = np.asarray(small.convert("L")).astype(int) * BINS // 256
        position = _most_various(levels, windows[0]), _most_various(levels.T, windows[1])
        return CropChoice(position, "the most various part")
    parts = _parts(small)
    detail, saturation, skin = parts.values()
    weights = DETAIL * detail + SATURATION * saturation + SKIN * skin
    position = _heaviest(weights.sum(axis=0), windows[0]), _heaviest(weights.sum(axis=1), windows[1])
    return CropChoice(position, _shares(parts, position, windows), weights)


def _with_faces(image: Image.Image, shares: tuple[float, float]) -> CropChoice:
    detections = faces.find(image)
    if not detections:
        smart = choose(image, shares, "smart")
        return replace(smart, reason=f"no face found; as smart, {smart.reason}", warning=NO_FACE)
    position, whole_count = faces.place(detections, shares)
    boxes = tuple((face.left, face.top, face.right, face.bottom) for face in detections)
    return CropChoice(
        position, f"keeps {whole_count} of {len(detections)} face{'s' * (len(detections) > 1)} whole", faces=boxes
    )


def _small(image: Image.Image) -> Image.Image:
    """The small copy that is scored; transparent pixels count as black, without detail."""
    small = image.copy() if max(image.size) <= SEEN_SIDE else image.reduce(max(1, max(image.size) // (2 * SEEN_SIDE)))
    small.thumbnail((SEEN_SIDE, SEEN_SIDE), Image.Resampling.BOX)
    if small.mode != "RGBA":
        return small
    background = Image.new("RGB", small.size)
    background.paste(small, mask=small.getchannel("A"))
    return background


def _parts(small: Image.Image) -> dict[str, np.ndarray]:
    """Detail, saturation and skin of every pixel, 0–1."""
    luma, blue, red = (np.asarray(band).astype(np.float32) for band in small.convert("YCbCr").split())
    grey = small.convert("L")
    near, far = (np.asarray(grey.filter(ImageFilter.GaussianBlur(sigma))).astype(np.float32) for sigma in (NEAR, FAR))
    detail = np.clip(np.abs(near - far) / 64, 0, 1)
    skin = (_within(blue, SKIN_CB) & _within(red, SKIN_CR) & _within(luma, SKIN_LUMA)).astype(np.float32)
    vivid = np.hypot(blue - 128, red - 128) / 128 * (luma > SKIN_LUMA[0])
    return {
        "detail": detail,
        # Saturation above the mean: where everything is saturated, nothing stands out.
        "saturation": np.clip(2 * (vivid - vivid.mean()), 0, 1),
        "skin": skin * max(0.0, 1 - float(skin.mean()) / GROUND_SHARE),
    }


def _within(levels: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    return (levels >= span[0]) & (levels <= span[1])


def _heaviest(profile: np.ndarray, window: int) -> float:
    """The position (0–1) of the window with the highest sum along one side, tapered from its middle to its ends."""
    taper = EDGE + (1 - EDGE) * np.sin(np.pi * (np.arange(window) + 0.5) / window)
    return _first_from_middle(np.convolve(profile, taper, mode="valid"))


def _most_various(levels: np.ndarray, window: int) -> float:
    """The position (0–1) of the window along the columns with the greatest entropy of levels."""
    counts = np.stack([np.bincount(column, minlength=BINS) for column in levels.T])
    sums = np.concatenate([np.zeros((1, BINS)), counts.cumsum(axis=0)])
    shares = (sums[window:] - sums[:-window]) / (levels.shape[0] * window)
    return _first_from_middle(-(shares * np.log2(np.maximum(shares, 1e-12))).sum(axis=1))


def _first_from_middle(scores: np.ndarray) -> float:
    """The position (0–1) of the highest score, the one nearest the middle where several are equal."""
    last = len(scores) - 1
    if last == 0:
        return 0.5
    candidates = np.flatnonzero(scores >= scores.max() - 1e-6 * max(1.0, abs(float(scores.max()))))
    best = int(candidates[np.abs(candidates - last / 2).argmin()])
    return 0.5 if abs(best - last / 2) < 1 else best / last


def _shares(parts: dict[str, np.ndarray], position: tuple[float, float], windows: list[int]) -> str:
    """The share of each part inside the window, as text: `keeps 61% of detail, …`."""
    rows, columns = parts["detail"].shape
    left, top = (
        round((side - window) * offset) for side, window, offset in zip((columns, rows), windows, position, strict=True)
    )
    descriptions = []
    for name, part in parts.items():
        total = float(part.sum())
        inside = float(part[top : top + windows[1], left : left + windows[0]].sum())
        descriptions.append(f"{inside / total:.0%} of {name}" if total > 1 else f"no {name}")
    return "keeps " + ", ".join(descriptions)
