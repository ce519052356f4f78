"""LiveKit's own headers and options: what they change and what they do not."""

from typing import Any

import httpx
import pytest
from tests.support.scripted import NAME
from tests.support.server import RunningServer
from tests.support.wire import chat_body, error_of

PATH = "/v1/chat/completions"
HEADERS = {
    "x-livekit-inference-provider": "openai",
    "x-livekit-inference-priority": "low",
    "x-livekit-room-id": "RM_abc",
    "x-livekit-job-id": "AJ_xyz",
    "x-livekit-agent-id": "PA_agent",
    "x-livekit-session-id": "inference_4ffc2bfef0d4",
    "x-livekit-worker-token": "wt_123",
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
# Everything LiveKit's ChatCompletionOptions can say that does not lose its meaning here.
OPTIONS: dict[str, Any] = {
    "frequency_penalty": 0.1,
    "logit_bias": {},
    "logprobs": True,
    "max_completion_tokens": 50,
    "max_tokens": 60,
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "hello"},
    "presence_penalty": 0.2,
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "safety_identifier": "s",
    "seed": 7,
    "service_tier": "scale",
    "stop": ["\n\n"],
    "store": False,
    "temperature": 0.5,
    "tool_choice": "auto",
    "tools": [TOOL],
    "top_logprobs": 2,
    "top_p": 0.9,
    "user": "u",
    "verbosity": "low",
}
NULLABLE = (
    *("frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens"),
    *("metadata", "modalities", "n", "prediction", "presence_penalty", "prompt_cache_retention"),
    *("reasoning_effort", "seed", "service_tier", "stop", "store", "temperature", "top_logprobs"),
    *("top_p", "verbosity", "web_search_options"),
)
LOST = [
    ({"logit_bias": {"50256": -100}}, "logit_bias"),
    ({"modalities": ["text", "audio"]}, "modalities"),
    ({"web_search_options": {"search_context_size": "low"}}, "web_search_options"),
    ({"top_logprobs": 2}, "top_logprobs"),
    ({"presence_penalty": -1}, "presence_penalty"),
]


def ask(server: RunningServer, **fields: Any) -> httpx.Response:
    body = chat_body(model=NAME, **fields)
    return httpx.post(server.url + PATH, json=body, headers=HEADERS, timeout=20)


def test_every_option_and_header_at_once_is_no_error(scripted: RunningServer) -> None:
    assert ask(scripted, **OPTIONS).status_code == 200


def test_options_may_be_null(scripted: RunningServer) -> None:
    assert ask(scripted, **dict.fromkeys(NULLABLE)).status_code == 200


@pytest.mark.parametrize("tier", ["auto", "default", "flex", "scale", "priority"])
def test_every_service_tier_is_taken(scripted: RunningServer, tier: str) -> None:
    assert ask(scripted, service_tier=tier).status_code == 200


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"])
def test_every_reasoning_effort_is_taken(scripted: RunningServer, effort: str) -> None:
    assert ask(scripted, reasoning_effort=effort).status_code == 200


@pytest.mark.parametrize(("fields", "param"), LOST)
def test_option_whose_meaning_would_be_lost_is_named(
    scripted: RunningServer, fields: dict[str, Any], param: str
) -> None:
    response = ask(scripted, **fields)

    assert response.status_code == 400
    assert error_of(response)["param"] == param
