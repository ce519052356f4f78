"""How long /health takes while every engine speaks, the line is full and clients hang on to both.

picoLLM engines on the stand-in library, one client streaming from each, as many again in the
line; a process of its own asks, on a new connection each time, as a probe does. From a checkout
with the test dependencies:

    python -m benchmarks.health_under_load --engines 64 --seconds 20
"""

import argparse
import http.client
import json
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from tests.standin.build import build_library
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server, wait_until

_PAUSE_SECONDS: Final = 0.02
_GOAL_MS: Final = 50.0
_BODY: Final = json.dumps(
    {"model": "pico", "stream": True, "messages": [{"role": "user", "content": "Count."}]}
).encode()
_REQUEST: Final = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


def main() -> None:
    """Measure, print a table in milliseconds, end with status 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", type=int, default=64)
    parser.add_argument("--tokens-per-second", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--load", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        _hold(options.load, 2 * options.engines)
        return
    script = ModelScript(
        context_length=100_000,
        replies=[Reply(count=50_000, tokens_per_second=options.tokens_per_second)],
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = f"[pool]\nmax_waiting = {options.engines}\n[server]\ndrain_seconds = 0\n"
        library = build_library(folder / "library")
        config += standin_model(library, folder, script, engines=options.engines)
        with running_server(folder, config, environment=ACCESS_KEY, wait=False) as server:
            wait_until(lambda: _all_ready(server, options.engines), 300)
            _say(f"{'':<28} {'n':>6} {'p50':>8} {'p99':>8} {'max':>8}  (ms)")
            _report("idle", _asked(server, options.seconds / 4))
            with _full_load(server, options.engines):
                worst = _report("every place taken", _asked(server, options.seconds))
    sys.exit(worst > _GOAL_MS)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _report(name: str, times: list[float]) -> float:
    """Print a row; the longest time in milliseconds."""
    p99 = statistics.quantiles(times, n=100)[98]
    median, longest = statistics.median(times), max(times)
    _say(f"{name:<28} {len(times):>6} {median:>8.1f} {p99:>8.1f} {longest:>8.1f}")
    return longest


def _asked(server: RunningServer, seconds: float) -> list[float]:
    """Milliseconds from a new connection to the whole answer, again and again."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        connection.close()
        if answer.status != http.client.OK:
            raise SystemExit(f"/health answered {answer.status}")
        time.sleep(_PAUSE_SECONDS)
    return times


@contextmanager
def _full_load(server: RunningServer, engines: int) -> Generator[None, None, None]:
    """Clients in a process of their own, until nobody else finds room."""
    command = [sys.executable, "-m", "benchmarks.health_under_load", "--load", str(server.port)]
    clients = subprocess.Popen([*command, "--engines", str(engines)])
    try:
        wait_until(lambda: (server.busy(), server.waiting()) == (engines, engines), 60)
        refused = httpx.post(f"{server.base_url}/chat/completions", content=_BODY)
        if refused.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise SystemExit("the line is not full")
        yield
    finally:
        clients.kill()
        clients.wait()


def _all_ready(server: RunningServer, engines: int) -> bool:
    try:
        rows = server.health()["engines"]
    except httpx.TransportError:
        return False
    return len([row for row in rows if row["state"] == "ready"]) == engines


def _hold(port: int, count: int) -> None:
    """Ask so many times at once and read whatever comes, for ever."""
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(_REQUEST)
            selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if isinstance(key.fileobj, socket.socket):
                    key.fileobj.recv(65536)


if __name__ == "__main__":
    main()
