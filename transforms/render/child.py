"""A render process: reads jobs from standard input, renders them, writes replies to standard output."""

import argparse
import os
import pickle
import traceback
from collections.abc import Callable

from transforms.engine import exhaustion, pipeline, resampling
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.vision import network
from transforms.render import answers, sandbox, wire

_CRASHED = "The picture could not be processed."


def serve(render: Callable[[Job], Output], memory_bytes: int) -> None:
    """Say that this process has started, and answer jobs until standard input ends, or until a job fails in a way that
    may have left damage."""
    output_fd = os.dup(1)
    # A library that prints must not write into the middle of a reply.
    os.dup2(2, 1)
    sandbox.enter(memory_bytes)
    wire.send(output_fd, {"started": True}, b"")
    is_healthy = True
    while is_healthy:
        try:
            head, body = wire.receive(0)
        except wire.PipeClosed:
            return
        sandbox.allow_cpu(head["seconds"])
        frame, is_healthy = _answer(render, body)
        wire.send(output_fd, *frame)


def _answer(render: Callable[[Job], Output], body: bytearray) -> tuple[tuple[dict, bytes], bool]:
    """The frame to send, and whether this process may go on."""
    try:
        return answers.frame_output(render(pickle.loads(body))), True
    except EngineError as error:
        return _crash(error) if exhaustion.is_behind(error) else (answers.frame_error(error), True)
    except Exception as error:
        return _crash(error)


def _crash(error: Exception) -> tuple[tuple[dict, bytes], bool]:
    """Out of memory, or a bug: the process ends, so that partial state and memory are released."""
    return answers.frame_error(EngineError("render_crashed", _CRASHED), _cause(error)), False


def _cause(error: Exception) -> str:
    """Exception type and source line, without the message: that may quote the picture."""
    frames = traceback.extract_tb(error.__traceback__)
    location = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(error).__name__} at {location}"


def main() -> None:
    """`child [--subjects FILE] [--faces FILE] [--resize KERNEL] MEMORY_BYTES`; the files are the weights of the two
    networks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("memory_bytes", type=int)
    for name in network.ABSENT:
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--resize", choices=resampling.KERNELS, default=resampling.SIMD)
    options = parser.parse_args()
    resampling.use(options.resize)
    for name in network.ABSENT:
        network.use(name, getattr(options, name))
    serve(pipeline.render, options.memory_bytes)


if __name__ == "__main__":
    main()
