"""Ports: free ones are found, taken ones are named."""

import socket

import pytest

from imgapis.embedded import failures, ports


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server((ports.HOST, 0)) as server:
        yield server.getsockname()[1]


def test_chosen_ports_are_free_and_different():
    chosen = ports.choose(10)
    assert len(set(chosen)) == 10
    assert all(ports.is_free(port) for port in chosen)


def test_a_taken_port_is_refused_by_number_with_another_to_try(taken):
    with pytest.raises(failures.SetupError, match=f"Port {taken} is taken.*PORT={taken + 1}"):
        ports.require(taken, seconds=0)


def test_a_port_whose_connections_are_still_closing_counts_as_free():
    server = socket.create_server((ports.HOST, 0))
    port = server.getsockname()[1]
    client = socket.create_connection((ports.HOST, port))
    accepted, _ = server.accept()
    accepted.close()  # the closing side keeps the port in TIME_WAIT
    client.close()
    server.close()
    assert ports.is_free(port)


def test_remembered_ports_come_back_while_they_are_free(tmp_path):
    first = ports.remember(tmp_path / "ports", 3)
    assert ports.remember(tmp_path / "ports", 3) == first
    with socket.create_server((ports.HOST, first[1])):
        assert first[1] not in ports.remember(tmp_path / "ports", 3)


def test_an_unreadable_memory_of_ports_is_replaced(tmp_path):
    (tmp_path / "ports").write_text("12 twelve")
    assert len(ports.remember(tmp_path / "ports", 2)) == 2


def test_where_nothing_listens_there_is_no_status():
    assert ports.status(f"http://{ports.HOST}:{ports.choose(1)[0]}/") is None
