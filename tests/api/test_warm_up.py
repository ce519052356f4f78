"""A configured system prompt is read before the first request comes."""

from pathlib import Path

from tests.standin.model_script import ModelScript, Reply, Status, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server

SYSTEM = "You answer the telephone of a small hotel near the sea. " * 10
MODEL = "llama-3.2-1b-instruct [3.85 v1]"


def ask(server: RunningServer, system: str) -> int:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": "Hello!"}]
    body = {"model": "pico", "messages": messages}
    return server.post("/v1/chat/completions", body).status_code


def test_first_request_finds_the_system_prompt_read(standin_library: Path, tmp_path: Path) -> None:
    script = ModelScript(model=MODEL, journal="journal")
    config = standin_model(standin_library, tmp_path, script, engines=2)
    config += f'warm_up = "{SYSTEM}"\n'
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        assert ask(server, SYSTEM) == 200
        assert server.busy() == 0

    *warm, asked = read_journal(tmp_path / "journal", "generate")
    assert [job["evaluated_tokens"] for job in warm] == [warm[0]["prompt_tokens"]] * 2
    assert warm[0]["prompt_tokens"] > 100
    assert asked["cached_tokens"] >= warm[0]["prompt_tokens"] - 1
    assert asked["evaluated_tokens"] < 20


def test_warm_up_that_fails_leaves_the_engine_in_service(
    standin_library: Path, tmp_path: Path
) -> None:
    failing = Reply(times=1, count=3, status_after=(0, Status.RUNTIME_ERROR))
    script = ModelScript(model=MODEL, replies=[failing, Reply(text="Hi.")])
    config = standin_model(standin_library, tmp_path, script) + 'warm_up = "Be brief."\n'
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        assert ask(server, "Be brief.") == 200
        assert "warm-up failed" in server.log.read_text()
