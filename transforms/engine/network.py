"""The network that finds the subject of a picture: the small U²-Net, run by onnxruntime on one thread."""

import functools
import importlib
import os

import numpy as np
from PIL import Image

from transforms.engine.errors import EngineError

# What the network was trained on: https://github.com/xuebinqin/U-2-Net (data_loader.py, u2net_test.py).
SIDE = 320
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
ERRORS_ONLY = 3
UNAVAILABLE = (
    "Background removal is not installed on this server. Whoever runs it installs onnxruntime and fetches the model "
    "with `python -m imgapis.embedded model`."
)

_weights = [""]


def use(path: str) -> None:
    """Name the file of the weights; a render process says so once, before its first job."""
    _weights[0] = path


def subject(image: Image.Image) -> np.ndarray:
    """How much each of 320 x 320 pixels belongs to the subject of an RGB picture: float32, 0 to 1.

    Raises background_removal_unavailable where onnxruntime or the weights are absent.
    """
    session = _session(_weights[0])
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=np.float32)
    pixels = (pixels / max(1.0, float(pixels.max())) - MEAN) / SPREAD
    source, target = session.get_inputs()[0].name, session.get_outputs()[0].name
    found = session.run([target], {source: np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])})[0]
    return np.clip(found[0, 0], 0, 1)


@functools.cache
def _session(path: str) -> object:
    """The loaded network, once in a process. The arena stays off: it would keep 200 MB that other jobs need."""
    if not path or not os.path.exists(path):
        raise EngineError("background_removal_unavailable", UNAVAILABLE, "background-remove")
    try:
        # Not at the top: 20 MB and 50 ms that a process without this job need not spend, and a server may lack it.
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise EngineError("background_removal_unavailable", UNAVAILABLE, "background-remove") from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = ERRORS_ONLY
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
