"""Every test: no process outlives it, no connection leaves this machine, and its clock is the application's."""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime

import psutil
import pytest
from pytest_socket import SocketConnectBlockedError

from tests.environment import ROOT

ELSEWHERE = ("203.0.113.1", 9)  # TEST-NET-3: nobody's
STARTS_A_SERVER = """
import subprocess, sys, time
from tests import environment
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


def run(program: str, **variables: str) -> subprocess.CompletedProcess:
    """Run a program as the tests start theirs."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the environment of processes")
def test_what_the_tests_started_ends_with_them_even_when_they_are_killed():
    tests = subprocess.Popen([sys.executable, "-c", STARTS_A_SERVER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    server = psutil.Process(int(tests.stdout.readline()))
    tests.kill()
    tests.wait()
    tests.stdout.close()
    assert psutil.wait_procs([server], timeout=20)[1] == []


def test_a_test_connects_to_this_machine_alone():
    with socket.socket() as client, pytest.raises(SocketConnectBlockedError):
        client.connect(ELSEWHERE)


@pytest.mark.parametrize("call", ["connect", "connect_ex"])
def test_a_program_that_a_test_starts_connects_to_this_machine_alone(call):
    result = run(f"import socket; socket.socket().{call}({ELSEWHERE})")
    assert result.returncode == 1 and "PermissionError" in result.stderr
    server = socket.create_server(("127.0.0.1", 0))
    with server:
        assert run(f"import socket; socket.socket().{call}({server.getsockname()})").returncode == 0


def test_the_application_of_a_started_program_has_the_time_of_the_tests():
    program = "import time; from imgapis.base import clock; print(clock.now() - time.time())"
    assert float(run(program, IMGAPIS_TEST_CLOCK_AHEAD="86400").stdout) == pytest.approx(86_400, abs=5)
    moment = datetime(2028, 2, 29, tzinfo=UTC).timestamp()
    program = "from tests import environment; " + program
    ahead = float(run(program, IMGAPIS_TEST_CLOCK="2028-02-29 00:00", IMGAPIS_TEST_CLOCK_AHEAD="").stdout)
    assert ahead == pytest.approx(moment - time.time(), abs=30)


def test_a_process_more_than_there_are_cores_runs_tests(request):
    assert request.config.hook.pytest_xdist_auto_num_workers(config=request.config) == os.cpu_count() + 1
