"""openai-node, the AI SDK and `@livekit/agents` for JavaScript, by base URL alone.

They run where `PICOSERVE_NODE_CLIENTS` is set: to 1, and the packages are installed for the run,
or to a folder that has them in its `node_modules`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.processes import wait_idle
from tests.support.scripted import GREETING, NAME, WEATHER
from tests.support.server import RunningServer

WANTED: Final = os.environ.get("PICOSERVE_NODE_CLIENTS", "")
SCRIPTS: Final = Path(__file__).parent / "node"
INSTALL: Final = ["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
CLIENTS: Final = ("openai", "ai_sdk", "livekit_agents")

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not WANTED, reason="PICOSERVE_NODE_CLIENTS is not set"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm"),
    pytest.mark.parametrize("client", CLIENTS),
]


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts in a folder of their own, beside the packages they import."""
    folder = tmp_path_factory.mktemp("node")
    for file in SCRIPTS.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    if WANTED == "1":
        subprocess.run(["npm", *INSTALL], cwd=folder, check=True, timeout=280)
    else:
        (folder / "node_modules").symlink_to(Path(WANTED) / "node_modules")
    return folder


def started(
    scripts: Path, client: str, server: RunningServer, step: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["node", f"{client}.mjs", server.base_url, NAME, step],
        cwd=scripts,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def result_of(scripts: Path, client: str, server: RunningServer, step: str) -> dict[str, Any]:
    with started(scripts, client, server, step) as process:
        output, _ = process.communicate(timeout=50)
    result: dict[str, Any] = json.loads(output)
    return result


@pytest.mark.parametrize("step", ["text", "stream"])
def test_text_and_usage_arrive(
    scripts: Path, scripted: RunningServer, client: str, step: str
) -> None:
    result = result_of(scripts, client, scripted, step)

    assert result["text"] == GREETING
    assert result["tokens"] > 0


@pytest.mark.parametrize("step", ["tool", "toolStream"])
def test_tool_is_called_and_its_result_is_told(
    scripts: Path, scripted: RunningServer, client: str, step: str
) -> None:
    result = result_of(scripts, client, scripted, step)

    assert result == {"name": "get_weather", "input": {"city": "Paris"}, "text": WEATHER}


def test_structured_output_arrives_as_an_object(
    scripts: Path, scripted: RunningServer, client: str
) -> None:
    assert result_of(scripts, client, scripted, "object") == {"name": "Ada", "age": 36}


def test_leaving_a_stream_frees_the_engine(
    scripts: Path, scripted: RunningServer, client: str
) -> None:
    with started(scripts, client, scripted, "abort") as process:
        assert process.stdout
        assert process.stdout.readline() == "{}\n"

        wait_idle(scripted)

        assert process.poll() is None


def test_unknown_model_is_told_with_status_and_code(
    scripts: Path, scripted: RunningServer, client: str
) -> None:
    error = result_of(scripts, client, scripted, "unknown")

    assert error["status"] == 404
    if client != "livekit_agents":
        assert error["code"] == "model_not_found"
