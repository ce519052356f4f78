"""The README's table of the SDK's errors, row by row on a real server."""

import os
import re
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import picollm
import pytest
from tests.standin.build import find_compiler
from tests.standin.model_script import ModelScript, Reply, Status
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import START_SECONDS, RunningServer, running_server, wait_until
from tests.support.wire import chat_body, error_of

README: Final = Path(__file__).parents[2] / "README.md"
KEY: Final = ACCESS_KEY["PICOVOICE_ACCESS_KEY"]
CLASSES: Final = picollm.PicoLLM.PICOVOICE_STATUS_TO_EXCEPTION
STATUSES: Final = {
    CLASSES[picollm.PicoLLM.PicovoiceStatuses[status.value]].__name__: status for status in Status
}
# A second start within a test would hide what the first one said.
ONE_START: Final = "[pool]\nbackoff_seconds = 600\nmax_backoff_seconds = 600\n"


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Class, fate at the start, answer, what the client reads and the engine's fate."""
    for line in README.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| `PicoLLM\w+` \|", line):
            name, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
            start, answer, message, fate = cells
            yield name.strip(" `"), start, answer, message, fate.strip(" |")


ROWS: Final = list(rows())
NAMES: Final = [row[0] for row in ROWS]


@pytest.fixture(scope="module")
def starting(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """A model for each error, which comes when its engine starts."""
    folder = tmp_path_factory.mktemp("starting")
    config = ONE_START
    for name, status in STATUSES.items():
        script = ModelScript(init_status=status, init_messages=["about {access_key}"])
        config += standin_model(standin_library, folder, script, name=name)
    with running_server(folder, config, environment=ACCESS_KEY, wait=False) as server:
        wait_until(lambda: server.answers("/health/live"), START_SECONDS)
        wait_until(lambda: "loading" not in _states(server).values(), START_SECONDS)
        yield server
    assert KEY not in server.log.read_text()


@pytest.fixture(scope="module")
def working(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """Models whose jobs fail on demand: one each for the errors that end the engine."""
    folder = tmp_path_factory.mktemp("working")
    scripts: dict[str, list[Reply]] = {}
    for name, _, _, _, fate in ROWS:
        failing = Reply(
            match=f"go {name}.",
            count=9,
            status_after=(0, STATUSES[name]),
            status_messages=[f"about {KEY}"],
        )
        scripts.setdefault(_model_for(name, fate), []).append(failing)
    config = ONE_START
    for model, replies in scripts.items():
        script = ModelScript(replies=[*replies, Reply(text="Hello.")])
        config += standin_model(standin_library, folder, script, name=model)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        yield server
    assert KEY not in server.log.read_text()


def _model_for(name: str, fate: str) -> str:
    return "lasting" if fate == "goes on" else name


def _states(server: RunningServer) -> dict[str, str]:
    return {engine["model"]: engine["state"] for engine in server.health()["engines"]}


def _ask(server: RunningServer, model: str, text: str) -> httpx.Response:
    body: dict[str, Any] = chat_body(text, model=model)
    return server.post("/v1/chat/completions", body)


def _logged(server: RunningServer, event: str, name: str) -> list[str]:
    """The log's lines of an event with that error; two may begin with the same letters."""
    return [line for line in server.log_lines(event) if re.search(rf": {name}\b", line)]


@pytest.mark.parametrize("source", ["no library at all", "int nothing_of_picollm;"])
def test_library_that_cannot_be_used_is_tried_once(tmp_path: Path, source: str) -> None:
    library, code = tmp_path / "library.so", tmp_path / "library.c"
    library.write_text(source)
    if source.endswith(";"):
        code.write_text(source)
        command = [*find_compiler(), "-shared", "-fPIC", "-o", str(library), str(code)]
        subprocess.run(
            command, check=True, env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path)}
        )
    config = standin_model(library, tmp_path, ModelScript(), name="pico")

    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as server:
        wait_until(lambda: server.answers("/health/live"), START_SECONDS)
        wait_until(lambda: _states(server)["pico"] == "failed", START_SECONDS)
        [engine] = server.health()["engines"]

    assert engine["restarts"] == 0
    assert "the picoLLM library" in engine["problem"]
    assert str(library) in engine["problem"]


def test_table_has_a_row_for_every_class() -> None:
    assert {kind.__name__ for kind in picollm.PicoLLMError.__subclasses__()} == set(NAMES)
    assert set(NAMES) == set(STATUSES)
    assert len(NAMES) == 11


@pytest.mark.parametrize(("name", "start"), [row[:2] for row in ROWS], ids=NAMES)
def test_row_is_true_of_the_start(starting: RunningServer, name: str, start: str) -> None:
    # The general case on a CPU; what a GPU's error means has tests of its own.
    is_final = start.startswith("final") and "on a GPU" not in start

    answer = _ask(starting, name, "hello")

    assert _states(starting)[name] == ("failed" if is_final else "restarting")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "model_unavailable")
    assert name in error_of(answer)["message"]
    assert KEY not in answer.text
    assert (
        len(_logged(starting, "engine failed" if is_final else "engine did not start", name)) == 1
    )


@pytest.mark.parametrize(
    ("name", "status", "message", "fate"), [(row[0], *row[2:]) for row in ROWS], ids=NAMES
)
def test_row_is_true_of_a_job(
    working: RunningServer, name: str, status: str, message: str, fate: str
) -> None:
    model = _model_for(name, fate)

    answer = _ask(working, model, f"go {name}.")

    number, _, code = status.partition(" ")
    error = error_of(answer)
    assert answer.status_code == int(number.strip(";"))
    if not number.endswith(";"):  # else the code depends on what exactly is wrong
        assert error["code"] == code.split("`")[1]
    for part in re.findall(r"[^…]+", message.strip('"')):
        assert part.strip() in error["message"]
    assert KEY not in answer.text
    assert len(_logged(working, "job failed", name)) == 1
    expected = {"goes on": "ready", "is started again": "restarting", "ends, final": "failed"}
    wait_until(lambda: _states(working)[model] == expected[fate])
    if fate != "is started again":
        assert _ask(working, model, "hello").status_code == (200 if fate == "goes on" else 503)
