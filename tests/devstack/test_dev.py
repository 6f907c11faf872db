"""`manage.py dev`, which `make run` calls: it serves, stops its processes, and keeps its data over `kill -9`."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from imgapis.devstack import downloads, photographs, ports

pytestmark = [pytest.mark.prove, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]
SAMPLE = f"/transform?src=samples/{photographs.NAMES[0]}&w=20"


@pytest.fixture
def dev(tmp_path):
    """A function that runs `manage.py dev` with a port and data of its own; its processes are killed after the test."""
    (tmp_path / "samples").mkdir()
    for name in photographs.NAMES:
        Image.linear_gradient("L").save(tmp_path / "samples" / name)
    port = ports.choose(1)[0]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FETCH_", "S3_", "R2_"))}
    variables = {"EMBEDDED": "1", "PORT": str(port), "VAR_DIR": str(tmp_path), "DYNAMODB_ENDPOINT": "embedded"}
    processes = []

    def start(**changes):
        command = [sys.executable, str(downloads.ROOT / "manage.py"), "dev"]
        process = subprocess.Popen(
            command, env=env | variables | changes, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        process.port = port
        processes.append(process)
        return process

    yield start
    for process in processes:
        kill(family(process.pid))
        process.stdout.close()
        process.wait()


def family(root_pid: int) -> list[int]:
    """The ids of the process and its living descendants, parents first."""
    pids = [root_pid]
    for path in Path(f"/proc/{root_pid}/task").glob("*/children"):
        try:
            child_pids = path.read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pids += [pid for child in child_pids for pid in family(int(child))]
    return pids


def kill(pids: list[int]) -> None:
    """`kill -9`, in this order: parents first, so that none of them stops its children."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def read_until(process, text: str) -> str:
    """The output up to the first line with the text; fails the test if the output ends without it."""
    output = ""
    for line in process.stdout:
        output += line
        if text in line:
            return output
    pytest.fail(f"{text!r} did not come:\n{output}")


def get(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=30)
    connection.request("GET", path, headers={"Host": f"demo.localhost:{port}"})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


@pytest.mark.timeout(400)  # two whole starts, and a machine may have other work to do
def test_a_second_run_after_kill_9_of_everything_finds_cache_and_charges(dev):
    first = dev()
    read_until(first, "Ctrl-C stops everything")
    cold = get(first.port, SAMPLE)
    assert (cold.status, cold.headers["X-Img-Cache"], cold.headers["X-Img-Credits"]) == (200, "MISS", "1")
    kill(family(first.pid))

    second = dev()
    read_until(second, "Ctrl-C stops everything")
    warm = get(second.port, SAMPLE)
    assert (warm.status, warm.headers["X-Img-Cache"], warm.headers["X-Img-Credits"]) == (200, "HIT", "0")

    pids = family(second.pid)
    assert len(pids) > 5
    second.send_signal(signal.SIGINT)
    read_until(second, "Stopped.")
    assert second.wait(20) == 0
    deadline = time.monotonic() + 5
    while survivors := [pid for pid in pids if is_running(pid)]:
        assert time.monotonic() < deadline, f"{survivors} outlived the stop"
        time.sleep(0.02)


def test_a_taken_port_is_one_clear_sentence(dev):
    with socket.create_server((ports.HOST, 0)) as server:
        port = server.getsockname()[1]
        process = dev(PORT=str(port))
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert output.strip().splitlines() == [
        f"CommandError: Port {port} is taken: stop what listens there, or choose another one: make run PORT={port + 1}"
    ]
