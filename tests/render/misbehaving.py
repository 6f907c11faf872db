"""A render process that does what its job names: crash, hang, hoard, or tell about itself."""

import json
import os
import resource
import signal
import sys
import time

from transforms.engine.codecs.decodings import Decodings
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.render import child


def render(job: Job, decodings: Decodings) -> Output:
    return ACTS[job.endpoint](job)


def say(value: object) -> Output:
    return Output(json.dumps(value).encode(), "application/json", 1, 2, (3, 4), ("careful",), {"decode": 1.5})


def tell(job: Job) -> Output:
    limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in ("AS", "CORE", "FSIZE")}
    foreign = [name for name in ("django", "boto3", "urllib3", "stripe", "pynamodb") if name in sys.modules]
    return say({"pid": os.getpid(), "limits": limits, "environment": dict(os.environ), "foreign": foreign})


def refuse(job: Job) -> Output:
    raise EngineError("broken_image", "It ends too early.", "src")


def fail(job: Job) -> Output:
    raise RuntimeError("a secret of the picture")


def hoard(job: Job) -> Output:
    return say(len(bytearray(8_000_000_000)))


def hang(job: Job) -> Output:
    time.sleep(600)


def spin(job: Job) -> Output:
    resource.setrlimit(resource.RLIMIT_CPU, (1, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    while True:
        pass


def chatter(job: Job) -> Output:
    os.write(1, b"a library prints this")
    return say("quiet")


def echo(job: Job) -> Output:
    return Output(b"".join(job.sources), "image/png", 1, 1)


def hold(job: Job) -> Output:
    """Say that the work began, then wait for the test's word, both by named pipes."""
    with open(job.values["began"], "w") as began:
        os.write(began.fileno(), str(os.getpid()).encode())
    with open(job.values["go"]):
        return tell(job)


def write(job: Job) -> Output:
    with open(job.values["path"], "w") as file:
        file.write("x")
    return say("written")


ACTS = {
    "tell": tell,
    "refuse": refuse,
    "fail": fail,
    "hoard": hoard,
    "hang": hang,
    "spin": spin,
    "chatter": chatter,
    "echo": echo,
    "hold": hold,
    "write": write,
    "abort": lambda job: os.abort(),
    "segfault": lambda job: os.kill(os.getpid(), signal.SIGSEGV),
    "leave": lambda job: os._exit(0),
    "gibberish": lambda job: say(os.write(3, b"\xff" * 64)),
}

if __name__ == "__main__":
    child.serve(render, int(sys.argv[1]))
