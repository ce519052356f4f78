"""A real server in a process of its own, as a user would start it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 45.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
# Longer than any machine stands still: who waits so long waits for what never comes.
PATIENCE_SECONDS = 30.0


class RunningServer:
    """A `picoserve serve` process and where it listens."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    @property
    def url(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What clients call base_url."""
        return f"{self.url}/v1"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask once, on a connection of its own."""
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_SECONDS)

    def post(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send JSON once, on a connection of its own."""
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=PATIENCE_SECONDS)

    def health(self) -> dict[str, Any]:
        """The body of /health."""
        body: dict[str, Any] = self.get("/health").json()
        return body

    def load(self) -> tuple[int, int]:
        """Places in use on all engines, and jobs in line for all models, at one moment."""
        health = self.health()
        return (
            sum(engine["busy"] for engine in health["engines"]),
            sum(model["waiting"] for model in health["models"].values()),
        )

    def busy(self) -> int:
        """Places in use, on all engines."""
        return self.load()[0]

    def waiting(self) -> int:
        """Jobs in line, for all models."""
        return self.load()[1]

    def wait_ready(self) -> None:
        """Return once every model is ready; fail with the log when the server ends."""

        def ready() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return self.answers("/health/ready")

        wait_until(ready, START_SECONDS)

    def wait_engines(self) -> None:
        """Return once every engine is ready; a model is ready when one of its engines is."""
        wait_until(lambda: all(row["state"] == "ready" for row in self.health()["engines"]))

    def answers(self, path: str) -> bool:
        """Whether it listens and has a 200 for this."""
        with contextlib.suppress(httpx.TransportError):
            return self.get(path).status_code == 200
        return False

    def log_lines(self, text: str = "") -> list[str]:
        """The log's lines that hold this text; one that is still being written is none yet."""
        written = self.log.read_bytes().rpartition(b"\n")[0].decode()
        return [line for line in written.splitlines() if text in line]

    def log_entries(self) -> list[dict[str, Any]]:
        """The lines of a log in JSON."""
        return [json.loads(line) for line in self.log_lines() if line.startswith("{")]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def wait_until(claim: Any, seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as the claim holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A port nobody listens on."""
    with reserved_port() as port:
        return port


@contextlib.contextmanager
def reserved_port() -> Generator[int, None, None]:
    """A port that a server may listen on and that nobody else is given while this lasts."""
    with socket.socket() as holder:
        # Whoever asks for this too, as servers do, may share a port on which nobody listens yet.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        if sys.platform != "linux":
            # Elsewhere the port is not shared.
            holder.close()
        yield port


def has_ipv6() -> bool:
    """Whether this machine can listen on an address of IPv6."""
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@contextlib.contextmanager
def running_server(
    folder: Path,
    config: str = "",
    *,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
    wait: bool = True,
    log: Path | None = None,
    own_group: bool = False,
    working_folder: Path | None = None,
    started_by: str = 'exec "$@"',
) -> Generator[RunningServer, None, None]:
    """Start a server with this TOML configuration; stop it at the end.

    Args:
        folder: Where the configuration and the log are written.
        environment: Variables on top of this process's own.
        port: Where it listens; a free one where it does not matter.
        wait: Whether to wait for readiness.
        log: Where the server writes, if not into the folder.
        own_group: Whether it leads a process group, so that its whole job can be sent a signal.
        working_folder: Where it starts, if not where the tests do.
        started_by: The shell's line that starts it, for what only a shell can set.
    """
    config_file, log = folder / "picoserve.toml", log or folder / "server.log"
    config_file.write_text(config)
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PICOSERVE_", "PICOV"))}
    with reserved_port() if port is None else contextlib.nullcontext(port) as taken:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    "sh", "-c", started_by, "sh", sys.executable, "-m", "picoserve", "serve",
                    "--config", str(config_file), "--port", str(taken),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=variables | dict(environment or {}),
                start_new_session=own_group,
                cwd=working_folder,
            )  # fmt: skip
        server = RunningServer(process, taken, log)
        try:
            if wait:
                server.wait_ready()
            yield server
        finally:
            server.stop()
