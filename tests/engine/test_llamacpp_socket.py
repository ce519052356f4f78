"""The folder of llama.cpp's socket: made where it can be, and never left behind."""

import os
import signal
import tempfile
from pathlib import Path

import pytest
from tests.engine.conftest import tiny_engine, tiny_spec
from tests.support.models import tiny_model
from tests.support.processes import all_gone, worker_pids
from tests.support.server import running_server, wait_until

from picoserve.engine.engine import EngineError, FailureKind
from picoserve.engine.llamacpp import LlamaCppEngine
from picoserve.engine.llamacpp_socket import SocketFolder


def test_folder_with_a_long_name_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))

    with tiny_engine() as engine:
        assert len(engine.tokenize("hi")) == 1

    assert list(long.iterdir()) == []


def test_no_place_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")

    with pytest.raises(EngineError, match="TMPDIR") as failure:
        LlamaCppEngine(tiny_spec())

    assert failure.value.kind is FailureKind.RUNTIME


def test_killed_worker_leaves_no_folder_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    # A path under pytest's own folder may be too long for a socket.
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        folder = Path(place)
        with running_server(folder, tiny_model(), environment={"TMPDIR": place}) as server:
            [pid] = worker_pids(server)
            [first] = folder.glob("picoserve-llama-*")
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: all_gone([pid]))
            wait_until(lambda: server.health()["engines"][0]["restarts"] == 1)
            server.wait_engines()

            [second] = folder.glob("picoserve-llama-*")
            assert second != first
        # A worker that takes too long to end is killed too; the next to come tidies up.
        monkeypatch.setattr(tempfile, "tempdir", place)
        SocketFolder().remove()
        assert list(folder.glob("picoserve-llama-*")) == []
