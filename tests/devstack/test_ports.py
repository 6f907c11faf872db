"""Ports: free ones are chosen, taken ones are refused by number."""

import socket
import subprocess
import sys

import pytest

from imgapis.devstack import failures, ports
from tests.environment import ROOT


@pytest.fixture
def taken_port():
    """A port with a listening socket."""
    with socket.create_server((ports.HOST, 0)) as server:
        yield server.getsockname()[1]


def test_chosen_ports_are_free_and_different():
    chosen_ports = ports.choose(10)
    assert len(set(chosen_ports)) == 10
    assert all(ports.is_free(port) for port in chosen_ports)


def test_a_taken_port_is_refused_by_number_with_another_to_try(taken_port):
    with pytest.raises(failures.SetupError, match=f"Port {taken_port} is taken.*PORT={taken_port + 1}"):
        ports.require(taken_port, seconds=0)


def test_a_port_whose_connections_are_still_closing_counts_as_free():
    server = socket.create_server((ports.HOST, 0))
    port = server.getsockname()[1]
    client = socket.create_connection((ports.HOST, port))
    connection, _ = server.accept()
    connection.close()  # the closing side keeps the port in TIME_WAIT
    client.close()
    server.close()
    assert ports.is_free(port)


def test_remembered_ports_come_back_while_they_are_free(tmp_path):
    first_ports = ports.remember(tmp_path / "ports", 3)
    assert ports.remember(tmp_path / "ports", 3) == first_ports
    with socket.create_server((ports.HOST, first_ports[1])):
        assert first_ports[1] not in ports.remember(tmp_path / "ports", 3)


def test_an_unreadable_memory_of_ports_is_replaced(tmp_path):
    (tmp_path / "ports").write_text("12 twelve")
    assert len(ports.remember(tmp_path / "ports", 2)) == 2


def test_where_nothing_listens_there_is_no_status():
    assert ports.status(f"http://{ports.HOST}:{ports.choose(1)[0]}/") is None


def test_a_port_is_given_to_one_process_at_a_time(monkeypatch):
    port = ports.choose(1)[0]
    monkeypatch.setattr(ports, "RANGE", range(port, port + 1))
    program = f"from imgapis.devstack import ports; ports.RANGE = range({port}, {port + 1}); print(ports.choose(1))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "There are not 1 free ports" in result.stderr
    with pytest.raises(failures.SetupError, match="There are not 1 free ports"):
        ports.choose(1)


def test_no_outgoing_connection_is_given_a_port_of_the_range():
    with socket.create_server((ports.HOST, 0)) as server:
        assert server.getsockname()[1] not in ports.RANGE
