"""A server on the shipped model for the whole run, and clients for it."""

import signal
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI, OpenAI
from tests.standin.fixtures import standin_library
from tests.support.models import MODEL, tiny_model
from tests.support.server import RunningServer, running_server

__all__ = ["standin_library"]

# A shell starts what runs in its background deaf to these two, and so would be every process that
# a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of every asynchronous test."""
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningServer, None, None]:
    """Two engines with two places each. Tests leave it as they found it."""
    folder: Path = tmp_path_factory.mktemp("server")
    config = tiny_model(engines=2, slots=2, aliases=["openai/gpt-4.1-mini", "tiny"])
    with running_server(folder, config) as server:
        server.wait_engines()
        yield server
        assert server.process.poll() is None
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "never retrieved" not in log


@pytest.fixture
def http(server: RunningServer) -> Generator[httpx.Client, None, None]:
    """Plain HTTP to the server."""
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


@pytest.fixture
def openai(server: RunningServer) -> Generator[OpenAI, None, None]:
    """The stock synchronous client, without retries that would hide a failure."""
    with OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_openai(server: RunningServer) -> AsyncGenerator[AsyncOpenAI, None]:
    """The stock asynchronous client."""
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def model() -> str:
    """The name of the model that `server` serves."""
    return MODEL
