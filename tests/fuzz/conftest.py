"""A server that everything is thrown at: both engines, one worker each."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.standin.fixtures import standin_library
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model, tiny_model
from tests.support.processes import wait_idle, worker_pids
from tests.support.server import RunningServer, running_server

__all__ = ["standin_library"]


@pytest.fixture(scope="session")
def target(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """Afterwards its workers are those of the beginning, and nothing in it has failed."""
    folder: Path = tmp_path_factory.mktemp("target")
    script = ModelScript(context_length=4096, replies=[Reply(text='Well, {"a": 1} it is.')])
    config = tiny_model(slots=2) + standin_model(standin_library, folder, script)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        workers = worker_pids(server)

        yield server

        wait_idle(server)
        assert worker_pids(server) == workers
        assert {engine["restarts"] for engine in server.health()["engines"]} == {0}
        assert {engine["state"] for engine in server.health()["engines"]} == {"ready"}
        log = server.log.read_text()
        assert "Traceback" not in log
        assert "unexpected error" not in log
