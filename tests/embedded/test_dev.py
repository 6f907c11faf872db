"""`manage.py dev`, which `make run` calls: it serves, stops what it started, and finds its data after `kill -9`."""

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

from imgapis.embedded import downloads, ports, samples

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SAMPLE = f"/transform?src=samples/{samples.NAMES[0]}&w=20"


@pytest.fixture
def dev(tmp_path):
    """A function that runs `manage.py dev` on a port of its own with data of its own; nothing outlives the test."""
    (tmp_path / "samples").mkdir()
    for name in samples.NAMES:
        Image.linear_gradient("L").save(tmp_path / "samples" / name)
    port = ports.choose(1)[0]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FETCH_", "S3_", "R2_"))}
    given = {"EMBEDDED": "1", "PORT": str(port), "VAR_DIR": str(tmp_path), "DYNAMODB_ENDPOINT": "embedded"}
    started = []

    def begin(**changes):
        command = [sys.executable, str(downloads.ROOT / "manage.py"), "dev"]
        process = subprocess.Popen(
            command, env=kept | given | changes, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        process.port = port
        started.append(process)
        return process

    yield begin
    for process in started:
        kill(family(process.pid))
        process.stdout.close()
        process.wait()


def family(process: int) -> list[int]:
    """The process and every process below it that is alive."""
    found = [process]
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            below = path.read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [each for child in below for each in family(int(child))]
    return found


def kill(processes: list[int]) -> None:
    """`kill -9`, parents first, so that nobody stops anything in order."""
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def read_until(process, words: str) -> str:
    """The output up to the line with the words; the test fails when it ends without them."""
    seen = ""
    for line in process.stdout:
        seen += line
        if words in line:
            return seen
    pytest.fail(f"{words!r} did not come:\n{seen}")


def get(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=30)
    connection.request("GET", path, headers={"Host": f"demo.localhost:{port}"})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


@pytest.mark.prove
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

    started = family(second.pid)
    assert len(started) > 5
    second.send_signal(signal.SIGINT)
    read_until(second, "Stopped.")
    assert second.wait(20) == 0
    deadline = time.monotonic() + 5
    while alive := [process for process in started if running(process)]:
        assert time.monotonic() < deadline, f"{alive} outlived the stop"
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
