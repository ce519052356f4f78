import errno
import socket

import pytest

from picoserve.app.listening import Address, listen_on, listening_sockets
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


# 192.0.2.0/24 is for documentation (RFC 5737): no machine has one of its addresses.
NOT_HERE = (socket.AF_INET, socket.SOCK_STREAM, 0, ("192.0.2.1", 0))
UNKNOWN_FAMILY = (socket.AF_UNSPEC, socket.SOCK_STREAM, 0, ("::1", 0))
HERE = (socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", 0))


@pytest.mark.parametrize("other", [NOT_HERE, UNKNOWN_FAMILY])
def test_an_address_that_this_machine_lacks_is_left_out_where_there_is_another(
    other: Address,
) -> None:
    (listener,) = listen_on([other, HERE])
    with listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_addresses_that_this_machine_lacks_altogether_are_refused() -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011  # told by its number
        listen_on([NOT_HERE, UNKNOWN_FAMILY])

    assert caught.value.errno == errno.EADDRNOTAVAIL
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1 port 0: Cannot"):
        listening_sockets("192.0.2.1", 0)


def test_a_port_in_use_on_one_of_the_addresses_is_refused() -> None:
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        taken = [(*HERE[:3], (host, port)) for host in ("127.0.0.1", "127.0.0.2")]
        with pytest.raises(OSError, match="Address already in use"):
            listen_on(taken)
        (first,) = listen_on(taken[:1])
        first.close()
