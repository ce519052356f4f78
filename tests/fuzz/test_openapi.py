"""schemathesis on the server's own description: every address, every field."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fuzz.amount import EXAMPLES, LONG, SECONDS
from tests.support.server import RunningServer

pytest.importorskip("schemathesis")
pytestmark = pytest.mark.timeout(SECONDS)


def prepared(document: dict[str, Any]) -> dict[str, Any]:
    """The description, with a model that exists and with answers that may hold nothing more."""
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Request"):
            # The stand-in's replies are short, whatever `max_tokens` says.
            schema["properties"]["model"] = {"const": "pico"}
        elif schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    return document


def test_server_is_as_it_is_described(target: RunningServer, tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(prepared(httpx.get(f"{target.url}/openapi.json").json())))
    # No admin key: it learns the engines' names from /health and would restart them.
    # A 405 allows the methods of the first route of that address, as Starlette has it.
    # Valid bodies may still be refused: names of models, tokens as text, the length of a context.
    command = [
        "run", str(document), "--url", target.url, "--no-color", "--continue-on-failure",
        "--exclude-checks", "positive_data_acceptance,ignored_auth,allow_header_conformance",
        "--request-timeout", "20",
        "--phases", "coverage,fuzzing" if LONG else "fuzzing",
        "--max-examples", str(EXAMPLES or 5), *([] if LONG else ["--seed", "1"]),
    ]  # fmt: skip

    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "from schemathesis.cli import schemathesis; schemathesis()",
            *command,
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=tmp_path,
        check=False,
    )

    print(result.stdout[-3000:])  # noqa: T201  # pytest shows it with -s: the counts
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
