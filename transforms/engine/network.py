"""Loads the networks of the engine: onnxruntime on one thread, each network once in a process."""

import functools
import importlib
import os

from transforms.engine.errors import EngineError

SUBJECTS, FACES = "subjects", "faces"
ERRORS_ONLY = 3
# Per network: the error's code, what is missing, and the parameter that asked for it.
ABSENT = {
    SUBJECTS: ("background_removal_unavailable", "Background removal", "background-remove"),
    FACES: ("face_detection_unavailable", "Finding faces", "position"),
}
# The weights of faces were exported for one size: their only input says [10, 3, 32, 32], though every layer takes any.
# Rewritten in place, dimension by dimension, it says one picture of three planes of any size.
FIXED_SHAPE = bytes.fromhex("0a02080a 0a020803 0a020820 0a020820")
ANY_SIZE = bytes.fromhex("0a020801 0a020803 0a021200 0a021200")

_files: dict[str, str] = {}


def use(name: str, path: str) -> None:
    """Name the file of a network's weights; a render process says so before its first job."""
    _files[name] = path


def session(name: str) -> object:
    """The loaded network. Raises the network's `…_unavailable` where onnxruntime or the weights are absent."""
    return _session(name, _files.get(name, ""))


def absent(name: str) -> EngineError:
    """The error of a server that has not got a network, with the way to get it."""
    code, what, param = ABSENT[name]
    sentence = (
        f"{what} is not installed on this server. Whoever runs it installs onnxruntime and fetches the model with "
        "`python -m imgapis.embedded model`."
    )
    return EngineError(code, sentence, param)


@functools.cache
def _session(name: str, path: str) -> object:
    """The arena stays off: it would keep 200 MB that other jobs need."""
    if not path or not os.path.exists(path):
        raise absent(name)
    try:
        # Not at the top: 20 MB and 50 ms that a process without this job need not spend, and a server may lack it.
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise absent(name) from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = ERRORS_ONLY
    with open(path, "rb") as file:
        weights = file.read().replace(FIXED_SHAPE, ANY_SIZE)
    return runtime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
