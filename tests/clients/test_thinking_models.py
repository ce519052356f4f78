"""What clients make of a model that thinks before it replies."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from livekit.agents import APIConnectOptions
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk
from tests.clients.test_livekit import conversation, livekit_llm, said
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server

TEMPLATE: Final = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}"
)
SCRIPT: Final = ModelScript(
    eos="<|im_end|>",
    replies=[
        Reply(
            match_last="slowly",
            pieces=[*["so "] * 40, "</think>", "\n\n", "Hel", "lo!"],
            tokens_per_second=10.0,
        ),
        Reply(pieces=["They ", "greet.", "\n</think>", "\n\n", "Hel", "lo!"]),
    ],
)


@pytest.fixture(scope="module")
def server(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    folder = tmp_path_factory.mktemp("thinking")
    path = folder / "thinker.jinja"
    path.write_text(TEMPLATE)
    config = standin_model(standin_library, folder, SCRIPT, name="thinker")
    config += f"chat_template = {json.dumps(str(path))}\n"
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server


async def test_livekit_hears_the_reply_alone(server: RunningServer) -> None:
    async with livekit_llm(server, "thinker") as llm:
        text, usage = await said(llm, conversation("Hi."))

    assert text == "Hello!"
    assert usage


async def test_livekit_waits_for_a_thought_longer_than_its_timeout(server: RunningServer) -> None:
    once = APIConnectOptions(max_retry=0, timeout=2.0)
    async with livekit_llm(server, "thinker") as llm:
        text, _ = await said(llm, conversation("Think slowly."), once)

    assert text == "Hello!"


def test_openai_s_objects_hold_the_thought(server: RunningServer) -> None:
    with OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        answer = client.chat.completions.create(
            model="thinker", messages=[{"role": "user", "content": "Hi."}]
        )
        message = answer.choices[0].message
        chunks = client.chat.completions.create(
            model="thinker", messages=[{"role": "user", "content": "Hi."}], stream=True
        )
        thought = "".join(thought_in(chunk) for chunk in chunks)

    assert message.content == "Hello!"
    assert (message.model_extra or {})["reasoning_content"] == thought == "They greet."


def thought_in(chunk: ChatCompletionChunk) -> str:
    extra = chunk.choices[0].delta.model_extra or {}
    return str(extra.get("reasoning_content", ""))


def test_openai_s_stream_helper_keeps_the_reply_alone(server: RunningServer) -> None:
    with (
        OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
        client.chat.completions.stream(
            model="thinker", messages=[{"role": "user", "content": "Hi."}]
        ) as stream,
    ):
        final = stream.get_final_completion()

    assert final.choices[0].message.content == "Hello!"
