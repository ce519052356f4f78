from pathlib import Path

import pytest
from livekit.agents.inference.llm import drop_unsupported_params
from tests.support.models import tiny_model
from tests.support.server import running_server

from picoserve.app.livekit_names import dropped_parameters

EVERYTHING = {
    "temperature": 0.5,
    "top_p": 0.5,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "logit_bias": {},
    "logprobs": True,
    "top_logprobs": 1,
    "n": 1,
    "stop": ["x"],
}


@pytest.mark.parametrize(
    "name",
    [
        "gpt-5-local",
        "openai/gpt-5.2",
        "o1",
        "o3-mini",
        "a/b/o4-mini",
        "gpt-6-local",
        "xai/grok-4-1-fast-reasoning",
        "xai/grok-4.20-0309-reasoning",
        "xai/grok-4.20-multi-agent-0309",
        "gpt-4.1-mini",
        "picoserve-tiny",
        "o1/mine",
    ],
)
def test_what_is_said_to_be_dropped_is_what_the_client_drops(name: str) -> None:
    sent = drop_unsupported_params(name, dict(EVERYTHING))

    assert set(dropped_parameters(name)) == EVERYTHING.keys() - sent.keys()


def test_server_warns_of_such_names_at_its_start(tmp_path: Path) -> None:
    config = tiny_model(aliases=["openai/gpt-4.1-mini", "openai/gpt-5-mini"])

    with running_server(tmp_path, config) as server:
        warnings = [line for line in server.log.read_text().splitlines() if "drops" in line]

    (warning,) = warnings
    assert "openai/gpt-5-mini" in warning
    assert "temperature" in warning
