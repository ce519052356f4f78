"""A model that cannot be loaded: the others serve, readiness and errors tell why."""

from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from tests.support.models import MODEL, SHIPPED, slow_script, standin_model, tiny_model
from tests.support.server import START_SECONDS, RunningServer, running_server, wait_until
from tests.support.wire import chat_body, error_of

PATH = "/v1/chat/completions"


@pytest.fixture(scope="module")
def crippled(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """One good model among bad ones, each bad in its own way."""
    folder = tmp_path_factory.mktemp("crippled")
    whole = SHIPPED.read_bytes()
    files = {
        "no-gguf": b"hello, world",
        "empty": b"",
        "cut-in-header": whole[:1000],
        "cut-in-weights": whole[: len(whole) // 2],
        "old-version": b"GGUF\x01" + whole[5:],
    }
    config = tiny_model() + tiny_model(name="missing", path=folder / "missing.gguf")
    config += tiny_model(name="long-name", path=folder / f"{'x' * 300}.gguf")
    for name, data in files.items():
        path = folder / f"{name}.gguf"
        path.write_bytes(data)
        config += tiny_model(name=name, path=path)
    config += standin_model(standin_library, folder, slow_script(), name="keyless")
    config += f"""
[[models]]
name = "no-device"
engine = "picollm"
path = "{folder / "keyless.pllm"}"
devices = "gpu"
library_path = "{standin_library}"
"""
    with running_server(folder, config, wait=False) as server:
        wait_until(lambda: _settled(server), START_SECONDS)
        yield server
    assert "Traceback" not in server.log.read_text()


def _settled(server: RunningServer) -> bool:
    try:
        engines = server.health()["engines"]
    except httpx.TransportError:
        return False
    return all(engine["state"] in {"ready", "failed"} for engine in engines)


def test_good_model_serves(crippled: RunningServer) -> None:
    response = crippled.post(PATH, chat_body(max_tokens=2))

    assert response.status_code == 200


def test_server_is_alive_but_not_ready(crippled: RunningServer) -> None:
    assert crippled.get("/health/live").status_code == 200
    ready = crippled.get("/health/ready")
    assert ready.status_code == 503
    progress = ready.json()["engines_ready"]
    assert progress.pop(MODEL) == "1/1"
    assert set(progress.values()) <= {"0/1", "0/0"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing", ["missing.gguf", "No such file"]),
        ("long-name", ["xxx.gguf", "File name too long"]),
        ("no-gguf", ["no-gguf.gguf", "not a GGUF"]),
        ("empty", ["empty.gguf", "truncated"]),
        ("cut-in-header", ["cut-in-header.gguf", "truncated"]),
        ("cut-in-weights", ["cut-in-weights.gguf", "truncated"]),
        ("old-version", ["old-version.gguf", "version 1"]),
        ("keyless", ["PICOVOICE_ACCESS_KEY"]),
        ("no-device", ["no 'gpu' device"]),
    ],
)
def test_problem_names_the_file_key_or_device(
    crippled: RunningServer, name: str, says: list[str]
) -> None:
    rows = [row for row in crippled.health()["engines"] if row["model"] == name]
    for row in rows:
        assert row["state"] == "failed"
        assert all(words in row["problem"] for words in says), row["problem"]

    response = crippled.post(PATH, chat_body(model=name))

    assert response.status_code == 503
    error = error_of(response)
    assert error["code"] == "model_unavailable"
    assert all(words in error["message"] for words in says), error["message"]


def test_models_that_cannot_serve_are_listed_all_the_same(crippled: RunningServer) -> None:
    cards = crippled.get("/v1/models").json()["data"]

    assert {"missing", "keyless", "no-device", MODEL} <= {card["id"] for card in cards}
