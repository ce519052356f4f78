"""A server whose one engine plays a script, for every client."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.support.processes import wait_idle
from tests.support.scripted import scripted_server
from tests.support.server import RunningServer


@pytest.fixture(scope="package")
def scripted_for_all(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """The server, started once."""
    with scripted_server(standin_library, tmp_path_factory.mktemp("scripted")) as server:
        yield server


@pytest.fixture
def scripted(scripted_for_all: RunningServer) -> Generator[RunningServer, None, None]:
    """The server with its engine free, before the test and after it."""
    wait_idle(scripted_for_all)
    yield scripted_for_all
    wait_idle(scripted_for_all)
