"""A server that may open few files only."""

import contextlib
import os
import signal
from pathlib import Path

from tests.support.models import tiny_model
from tests.support.processes import worker_pids
from tests.support.server import PATIENCE_SECONDS, running_server, wait_until
from tests.support.sockets import connected
from tests.support.wire import raw_post


def test_connections_leave_enough_files_for_an_engine_to_start_again(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, tiny_model(), started_by='ulimit -n 96 && exec "$@"') as server,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(150):
            client = stack.enter_context(connected(server))
            with contextlib.suppress(ConnectionError):
                client.sendall(raw_post(b"{", length=100))
        for pid in worker_pids(server):
            os.kill(pid, signal.SIGKILL)

        wait_until(lambda: server.log_lines("worker died"), PATIENCE_SECONDS)
        server.wait_engines()
        assert server.health()["engines"][0]["restarts"] == 1
    assert "no process could be started" not in server.log.read_text()
