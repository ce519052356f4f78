"""How long an engine stays with a client that has left: closed socket → the engine's next job.

A picoLLM engine on the stand-in library is kept busy by one client while a second waits in line.
The first hangs up, at a chosen moment of its job; the engine's journal says when the second
client's job began. From a checkout with the test dependencies:

    python -m benchmarks.barge_in --rounds 50
"""

import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.standin.build import build_library
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.processes import wait_idle
from tests.support.server import RunningServer, running_server, wait_until

# A fast voice model's pace: a token is under way for 33 ms.
TOKENS_PER_SECOND: Final = 30.0
SCRIPT: Final = ModelScript(
    context_length=100_000,
    journal="journal",
    replies=[
        Reply(match_last="brief", text="Yes."),
        Reply(match_last="prefill", delay_seconds=600, prefill_interruptible=True, text="No."),
        Reply(count=50_000, tokens_per_second=TOKENS_PER_SECOND),
    ],
)
STAGES: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "streaming": ("count", {"stream": True}),
    "waiting for JSON": ("count", {}),
    "in its prompt": ("prefill", {"stream": True}),
}


def main() -> None:
    """Measure and print a table in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        library = build_library(Path(name) / "library")
        _say(f"{'the client leaves while':<24} {'median':>8} {'worst':>8}  (ms, n = {rounds})")
        with opened(library, Path(name)) as leave:
            for moment in STAGES:
                times = [leave(moment) * 1000 for _ in range(rounds)]
                _say(f"{moment:<24} {statistics.median(times):>8.1f} {max(times):>8.1f}")


@contextmanager
def opened(library: Path, folder: Path) -> Generator[Callable[[str], float], None, None]:
    """A server, and a function that leaves it once, at one of the moments of STAGES.

    The function returns seconds from the first client's close to the beginning of the second
    one's job.
    """
    config = standin_model(library, folder, SCRIPT)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield partial(_barge_in, server, folder / "journal")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _barge_in(server: RunningServer, journal: Path, moment: str) -> float:
    text, fields = STAGES[moment]
    wait_idle(server)
    jobs, pieces = _counter(journal, "generate"), _counter(journal, "first")
    first = _asked(server, text, fields)
    wait_until(lambda: jobs() == 1)
    if text == "count":
        wait_until(lambda: pieces() == 1)
    second = _asked(server, "brief", {"stream": True})
    wait_until(lambda: server.waiting() == 1)
    closed = time.monotonic()
    first.close()
    wait_until(lambda: jobs() == 2)
    began: float = read_journal(journal, "generate")[-1]["t"]
    while second.recv(65536):
        pass
    second.close()
    return began - closed


def _counter(journal: Path, event: str) -> Callable[[], int]:
    """Counts the journal's events of one name from now on."""
    before = len(read_journal(journal, event))
    return lambda: len(read_journal(journal, event)) - before


def _asked(server: RunningServer, text: str, fields: dict[str, object]) -> socket.socket:
    """A connection whose request has been sent."""
    body = json.dumps(
        {"model": "pico", "messages": [{"role": "user", "content": text}], **fields}
    ).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(head.encode() + body)
    return connection


if __name__ == "__main__":
    main()
