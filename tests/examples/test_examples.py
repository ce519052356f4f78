"""The examples, as their first lines say to run them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.support.server import RunningServer
from tests.support.wire import chat_text, read_chunks

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
NODE_CLIENTS: Final = os.environ.get("PICOSERVE_NODE_CLIENTS", "")


def output_of(server: RunningServer, *command: str, typed: str = "", cwd: Path = EXAMPLES) -> str:
    urls = {"OPENAI_BASE_URL": server.base_url, "LIVEKIT_INFERENCE_URL": server.base_url}
    result = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | urls | {"LIVEKIT_API_SECRET": "a-secret-of-at-least-32-characters"},
        input=typed,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_every_example_is_run_here() -> None:
    source = Path(__file__).read_text()

    assert [path.name for path in EXAMPLES.iterdir() if path.name not in source] == []


def test_curl(server: RunningServer) -> None:
    whole, stream = output_of(server, "sh", "curl.sh").split("\n", 1)

    assert '"object":"chat.completion"' in whole
    assert chat_text(read_chunks(stream.encode()))


def test_openai_python(server: RunningServer) -> None:
    text, city = output_of(server, sys.executable, "openai_python.py").splitlines()

    assert "Zora" in text
    assert city == "name='Paris' sunny=True"


def test_livekit_agent(server: RunningServer) -> None:
    printed = output_of(server, sys.executable, "livekit_agent.py", typed="Hello!\nAnd again!\n\n")

    assert len(printed.splitlines()) >= 2


@pytest.mark.clients
@pytest.mark.skipif(not NODE_CLIENTS, reason="PICOSERVE_NODE_CLIENTS is not set")
@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm")
@pytest.mark.timeout(300)
def test_openai_node(server: RunningServer, tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "openai_node.mjs", tmp_path)
    if NODE_CLIENTS == "1":
        install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "openai"]
        subprocess.run(install, cwd=tmp_path, check=True, timeout=240)
    else:
        (tmp_path / "node_modules").symlink_to(Path(NODE_CLIENTS) / "node_modules")

    assert output_of(server, "node", "openai_node.mjs", cwd=tmp_path).strip()
