"""A render process: reads jobs from standard input, renders them, writes replies to standard output."""

import argparse
import os
import pickle
import traceback
from collections.abc import Callable
from dataclasses import replace

from transforms.engine import exhaustion, pipeline, resampling
from transforms.engine.codecs.decodings import Decodings
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.vision import network
from transforms.render import answers, sandbox, wire

_CRASHED = "The picture could not be processed."


def serve(render: Callable[[Job, Decodings], Output], memory_bytes: int) -> None:
    """Say that this process has started, and answer jobs until standard input ends, or until a job fails in a way that
    may have left damage. The sources of the last job, and what was decoded of them, stay for the next one until that
    has others, or until the server says that there is none."""
    output_fd = os.dup(1)
    # A library that prints must not write into the middle of a reply.
    os.dup2(2, 1)
    sandbox.enter(memory_bytes)
    wire.send(output_fd, {"started": True}, b"")
    state, is_healthy = _State(), True
    while is_healthy:
        try:
            head, body = wire.receive(0)
        except wire.PipeClosed:
            return
        if "seconds" not in head:
            state.forget()
            continue
        sandbox.allow_cpu(head["seconds"])
        frame, is_healthy = _answer(render, state, head, body)
        wire.send(output_fd, *frame)


class _State:
    """The sources of the last job, and the picture that was decoded of them."""

    def __init__(self) -> None:
        self.sources: tuple[bytes | None, ...] = ()
        self.decodings = Decodings()

    def job(self, head: dict, body: bytearray) -> Job:
        """The job of a frame, with the same sources as the last one where it says so."""
        job = pickle.loads(body)
        if not head["same_sources"]:
            self.sources = job.sources
        return replace(job, sources=self.sources)

    def forget(self) -> None:
        """Free them."""
        self.sources = ()
        self.decodings.forget()


def _answer(
    render: Callable[[Job, Decodings], Output], state: _State, head: dict, body: bytearray
) -> tuple[tuple[dict, bytes], bool]:
    """The frame to send, and whether this process may go on."""
    try:
        return answers.frame_output(render(state.job(head, body), state.decodings)), True
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
