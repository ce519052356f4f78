"""Clients that behave badly, many at once."""

import asyncio
import json
import random
import socket
from contextlib import ExitStack
from typing import Final

from tests.soak.asks import CHAT, MODEL, leaving, plain, spoken
from tests.soak.fault import Fault
from tests.soak.ledger import Role, Seen, Verdict
from tests.soak.stage import MAX_WAITING, Stage
from tests.standin.model_script import Reply

_STORM: Final = 60
_FLOOD: Final = 4 * MAX_WAITING
_HALF_OPEN: Final = 100
_LONG: Final = "client: long"
# Some megabytes per second.
_SIP_BYTES: Final = 65536
_SIP_SECONDS: Final = 0.015


async def _hang_up_storm(stage: Stage) -> None:
    chance = random.Random(_STORM)  # noqa: S311  # the same storm in every run
    await asyncio.gather(
        *(
            stage.ask(leaving(number, chance.uniform(0, 0.4), stream=bool(number % 2)))
            for number in range(_STORM)
        )
    )


async def _flood(stage: Stage) -> None:
    numbers = [stage.ledger.next_number() for _ in range(_FLOOD)]
    await asyncio.gather(*(stage.ask(spoken(n, stream=bool(n % 2))) for n in numbers))


async def read_slowly(stage: Stage, mark: str) -> None:
    """A client takes some seconds for a long answer, and gets all of it."""

    async def read() -> Seen:
        received = b""
        with _connection(stage, buffer_bytes=_SIP_BYTES) as client:
            client.sendall(_request(plain(mark).body))
            while not received.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"):
                part = await _received(client, _SIP_BYTES)
                if not part:
                    return Seen(Verdict.BROKEN, f"cut off after {len(received)} bytes")
                received += part
                await asyncio.sleep(_SIP_SECONDS)
        return Seen(Verdict.WHOLE, "200")

    await stage.ledger.note(Role.VICTIM, read)


async def _read_nothing(stage: Stage) -> None:
    """A client takes the status line of a long answer and then nothing."""
    with _connection(stage, buffer_bytes=4096) as client:
        client.sendall(_request(plain(_LONG).body))
        assert (await _received(client, 15)) == b"HTTP/1.1 200 OK"
        await asyncio.sleep(0.5)  # an engine's whole job
        served = spoken(stage.ledger.next_number())
        await stage.ask(served)


async def _say_half(stage: Stage) -> None:
    """Connections that stop in the middle of a head or of a body."""
    whole = _request(plain("client: half").body)
    with ExitStack() as stack:
        for number in range(_HALF_OPEN):
            connection = stack.enter_context(_connection(stage))
            connection.sendall(whole[: len(whole) * number // _HALF_OPEN])
        await asyncio.gather(
            *(stage.ask(spoken(stage.ledger.next_number())) for _ in range(_HALF_OPEN // 10))
        )


def _request(body: dict[str, object]) -> bytes:
    raw = json.dumps(body).encode()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: {MODEL}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


def _connection(stage: Stage, buffer_bytes: int | None = None) -> socket.socket:
    connection = socket.socket()
    if buffer_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    connection.connect(("127.0.0.1", stage.server.port))
    connection.setblocking(False)
    return connection


async def _received(connection: socket.socket, size: int) -> bytes:
    return await asyncio.get_running_loop().sock_recv(connection, size)


FAULTS: Final = (
    Fault(f"{_STORM} clients hang up", _hang_up_storm, most_lost=0, may_refuse=True),
    Fault(f"{_FLOOD} requests at once", _flood, most_lost=0, may_refuse=True),
    Fault(
        "a client that reads nothing",
        _read_nothing,
        Reply(match_last=_LONG, count=20_000, tokens_per_second=1_000_000.0),
        most_lost=0,
    ),
    Fault(f"{_HALF_OPEN} half-open requests", _say_half, most_lost=0),
)
