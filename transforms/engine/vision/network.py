"""Loads the networks of the engine: onnxruntime on one thread, each network once in a process."""

import functools
import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from transforms.engine.errors import EngineError

SUBJECTS, FACES = "subjects", "faces"
ERRORS_ONLY = 3
# Per network: the error's code, what is missing, and the parameter that asked for it.
ABSENT = {
    SUBJECTS: ("background_removal_unavailable", "Background removal", "background-remove"),
    FACES: ("face_detection_unavailable", "Finding faces", "position"),
}


class Tensor(Protocol):
    """An input or output of a network."""

    name: str


class Session(Protocol):
    """What is used of onnxruntime.InferenceSession, which a server may lack."""

    def get_inputs(self) -> Sequence[Tensor]: ...

    def get_outputs(self) -> Sequence[Tensor]: ...

    def run(self, output_names: list[str] | None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]: ...


_files: dict[str, str] = {}


def use(name: str, path: str) -> None:
    """Set the file of a network's weights; a render process does so before its first job."""
    _files[name] = path


def session(name: str, change_weights: Callable[[bytes], bytes] | None = None) -> Session:
    """The loaded network; `change_weights` converts the bytes of its weights' file. Raises the network's
    `…_unavailable` where onnxruntime or the weights are absent."""
    return _session(name, _files.get(name, ""), change_weights)


def absent(name: str) -> EngineError:
    """The error for a network that is not installed, with how to install it."""
    code, feature, param = ABSENT[name]
    message = (
        f"{feature} is not installed on this server. Whoever runs it installs onnxruntime and fetches the model with "
        "`python -m imgapis.devstack model`."
    )
    return EngineError(code, message, param)


@functools.cache
def _session(name: str, path: str, change_weights: Callable[[bytes], bytes] | None) -> Session:
    """The memory arena is off: it would hold 200 MB that other jobs need."""
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
    source = change_weights(Path(path).read_bytes()) if change_weights else path
    return runtime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
