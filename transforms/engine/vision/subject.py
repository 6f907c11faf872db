"""Segments the subject of a picture by the small U²-Net."""

import numpy as np
from PIL import Image

from transforms.engine import resampling
from transforms.engine.vision import network

# What the network was trained on: https://github.com/xuebinqin/U-2-Net (data_loader.py, u2net_test.py).
SIDE = 320
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def mask(image: Image.Image) -> np.ndarray:
    """How much each of 320 x 320 pixels belongs to the subject of an RGB picture: float32, 0 to 1.

    Raises background_removal_unavailable where onnxruntime or the weights are absent.
    """
    session = network.session(network.SUBJECTS)
    pixels = np.asarray(resampling.resized(image, (SIDE, SIDE)), dtype=np.float32)
    pixels = (pixels / max(1.0, float(pixels.max())) - MEAN) / SPREAD
    source, target = session.get_inputs()[0].name, session.get_outputs()[0].name
    prediction = session.run([target], {source: np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])})[0]
    return np.clip(prediction[0, 0], 0, 1)
