"""Detects faces, and positions a crop so that it keeps them whole: position=face.

The network is CenterFace (Xu, Yan et al., 2019), an anchor-free detector: for each cell of four by four pixels it
predicts the confidence that a face is centred there (heat), the logarithm of that face's sides (scale), and where in
the cell the centre is (offset). Where several cells predict one face, the one of highest confidence is kept.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from transforms.engine import resampling
from transforms.engine.vision import network

# The longest side of the network's input: 0.1 to 0.2 s; a face of 15 of these pixels is still detected.
SEEN_SIDE = 640
STRIDE = 4
# The network halves its picture five times.
MULTIPLE = 32
LEAST_CONFIDENCE = 0.5
# Two boxes with this intersection over union are one face.
SAME = 0.3
# A box ends at the brow and the chin; a head adds hair, neck and ears. Shares of the box's own sides.
ABOVE, BELOW, BESIDE = 0.45, 0.25, 0.25
MOST = 64
# The weights were exported for one input shape, [10, 3, 32, 32], though every layer takes any. Rewritten in place,
# dimension by dimension, the shape is one picture of three planes of any size.
FIXED_SHAPE = bytes.fromhex("0a02080a 0a020803 0a020820 0a020820")
ANY_SIZE = bytes.fromhex("0a020801 0a020803 0a021200 0a021200")

Box = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Face:
    """A face's box as shares (0–1) of the picture's width and height, and the network's confidence (0–1)."""

    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def area(self) -> float:
        """The share of the picture that the box covers."""
        return (self.right - self.left) * (self.bottom - self.top)


def find(image: Image.Image) -> list[Face]:
    """The faces of an RGB or RGBA picture, the largest first; at most 64.

    Raises face_detection_unavailable where onnxruntime or the weights are absent.
    """
    session = network.session(network.FACES, _of_any_size)
    pixels = np.asarray(_seen(image), dtype=np.float32)
    outputs = session.run(None, {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[np.newaxis]})
    heat, scale, offset = (output[0] for output in outputs[:3])
    return sorted(_distinct(_boxes(heat[0], scale, offset)), key=lambda face: -face.area)


def _of_any_size(weights: bytes) -> bytes:
    return weights.replace(FIXED_SHAPE, ANY_SIZE)


def place(faces: list[Face], shares: tuple[float, float]) -> tuple[tuple[float, float], int]:
    """The best position (0–1) of a window with the `shares` of the sides, and how many faces are whole in it.

    The largest face comes first; each next one is included while all of them fit. Heads are kept whole where they fit.
    """
    box, count = _ends(faces[0]), 1
    for face in faces[1:]:
        union = _around(box, _ends(face))
        if all(union[1][axis] - union[0][axis] <= shares[axis] for axis in (0, 1)):
            box, count = union, count + 1
    heads = _around(*(_head(face) for face in faces if _inside(face, box)))
    return (_along(shares[0], box, heads, 0), _along(shares[1], box, heads, 1)), count


def _seen(image: Image.Image) -> Image.Image:
    """The network's input, its sides multiples of 32; transparent pixels count as black."""
    scale = min(1.0, SEEN_SIDE / max(image.size))
    width, height = (max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in image.size)
    small = resampling.resized(image, (width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if small.mode != "RGBA":
        return small
    background = Image.new("RGB", small.size)
    background.paste(small, mask=small.getchannel("A"))
    return background


def _boxes(heat: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> list[Face]:
    """The box of every cell with a confidence above SURE, by descending confidence."""
    rows, columns = np.nonzero(heat > LEAST_CONFIDENCE)
    faces = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        height, width = (math.exp(min(8.0, float(plane[row, column]))) for plane in scale)
        middle = column + 0.5 + float(offset[1, row, column]), row + 0.5 + float(offset[0, row, column])
        sides = heat.shape[1], heat.shape[0]
        ends = [
            (max(0.0, (centre - extent / 2) / side), min(1.0, (centre + extent / 2) / side))
            for centre, extent, side in zip(middle, (width, height), sides, strict=True)
        ]
        if all(first < last for first, last in ends):
            faces.append(Face(ends[0][0], ends[1][0], ends[0][1], ends[1][1], float(heat[row, column])))
    return sorted(faces, key=lambda face: -face.confidence)


def _distinct(boxes: list[Face]) -> list[Face]:
    """The box of highest confidence of each face (non-maximum suppression), at most MOST."""
    distinct: list[Face] = []
    for box in boxes:
        if len(distinct) < MOST and all(_shared(box, other) < SAME for other in distinct):
            distinct.append(box)
    return distinct


def _shared(one: Face, other: Face) -> float:
    """The intersection over union of two boxes."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    common = max(0.0, across) * max(0.0, down)
    return common / (one.area + other.area - common)


def _ends(face: Face) -> Box:
    return (face.left, face.top), (face.right, face.bottom)


def _around(*boxes: Box) -> Box:
    """The smallest box that contains all of them."""
    minima, maxima = zip(*boxes, strict=True)
    return tuple(map(min, zip(*minima, strict=True))), tuple(map(max, zip(*maxima, strict=True)))


def _inside(face: Face, box: Box) -> bool:
    ends = _ends(face)
    return all(box[0][axis] <= ends[0][axis] and ends[1][axis] <= box[1][axis] for axis in (0, 1))


def _head(face: Face) -> Box:
    """The box of the face with hair, neck and ears, clipped to the picture."""
    wide, high = face.right - face.left, face.bottom - face.top
    first = max(0.0, face.left - BESIDE * wide), max(0.0, face.top - ABOVE * high)
    return first, (min(1.0, face.right + BESIDE * wide), min(1.0, face.bottom + BELOW * high))


def _along(share: float, box: Box, heads: Box, axis: int) -> float:
    """The position (0–1) of a window of `share` along one axis: centred on the heads where they fit, else the faces."""
    if share >= 1:
        return 0.5
    target = heads if heads[1][axis] - heads[0][axis] <= share else box
    first, last = target[0][axis], target[1][axis]
    return min(1.0, max(0.0, ((first + last - share) / 2) / (1 - share)))
