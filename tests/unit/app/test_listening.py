import socket

import pytest

from picoserve.app.listening import listening_sockets
from picoserve.errors import ConfigError


def test_a_free_port_is_taken_and_clients_may_connect_already() -> None:
    (listener,) = listening_sockets("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()) as client:
        assert client.getpeername() == listener.getsockname()


def test_a_port_in_use_is_refused() -> None:
    (listener,) = listening_sockets("127.0.0.1", 0)
    port = listener.getsockname()[1]
    with listener, pytest.raises(ConfigError, match=f"port {port}: Address already in use"):
        listening_sockets("127.0.0.1", port)


def test_a_host_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"server\.host: no address for 'no such host'"):
        listening_sockets("no such host", 0)


@pytest.mark.parametrize("host", ["a..b", ".local", "x" * 64])
def test_a_host_that_cannot_exist_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=f"server.host: '{host}' can be no host's name"):
        listening_sockets(host, 0)
