"""Preemptive generation: a room asks, leaves and asks again while its user still speaks."""

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from livekit.agents import inference
from livekit.agents.llm import ChatContext
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.processes import wait_idle
from tests.support.server import RunningServer, running_server, wait_until

pytestmark = pytest.mark.filterwarnings("default")

SYSTEM: Final = "You are a voice assistant of a hotel by the sea. " * 40
QUESTION: Final = "I would like to book a quiet room for two nights please"
SCRIPT: Final = ModelScript(
    context_length=100_000,
    journal="journal",
    # A prompt takes as long as a real one's and hears no interrupt.
    delay_seconds=0.1,
    replies=[
        Reply(match=QUESTION, count=20, tokens_per_second=25.0),
        # Nobody hears this to its end.
        Reply(count=50_000, tokens_per_second=25.0),
    ],
)


@pytest.fixture
def hotel(standin_library: Path, tmp_path: Path) -> Generator[RunningServer, None, None]:
    config = standin_model(standin_library, tmp_path, SCRIPT, engines=2)
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


def events(server: RunningServer, name: str) -> list[dict[str, Any]]:
    return read_journal(server.log.parent / "journal", name)


def context_of(*turns: str) -> ChatContext:
    """A conversation of user and assistant in turn."""
    context = ChatContext.empty()
    context.add_message(role="system", content=SYSTEM)
    for index, text in enumerate(turns):
        context.add_message(role="assistant" if index % 2 else "user", content=text)
    return context


async def reply_to(llm: inference.LLM, context: ChatContext) -> str:
    text = ""
    async with llm.chat(chat_ctx=context) as stream:
        async for chunk in stream:
            text += (chunk.delta.content or "") if chunk.delta else ""
    return text


def test_room_that_rewords_its_first_turn_leaves_the_other_engine_alone(
    hotel: RunningServer,
) -> None:
    def engine_for(room: str, text: str) -> int:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        body = {"model": "pico", "messages": messages, "max_tokens": 1}
        headers = {"x-livekit-room-id": room}
        url = f"{hotel.base_url}/chat/completions"
        assert httpx.post(url, json=body, headers=headers, timeout=20).status_code == 200
        wait_idle(hotel)
        pid: int = events(hotel, "generate")[-1]["pid"]
        return pid

    first = engine_for("RM_1", "Is breakfast included?")
    second = engine_for("RM_2", "Food?")

    assert second != first
    assert engine_for("RM_2", "Good morning to you.") == second
    assert engine_for("RM_3", "What a day!") == first


async def test_ten_changes_of_mind_end_with_one_generation_and_the_next_turn_finds_it(
    hotel: RunningServer,
) -> None:
    llm = inference.LLM(
        "pico",
        base_url=hotel.base_url,
        api_key="any",
        api_secret="a-secret-of-32-characters-or-more",
    )
    async with llm:
        for words in range(1, 11):
            heard = " ".join(QUESTION.split()[:words])
            stream = llm.chat(chat_ctx=context_of(heard))
            # It is on an engine or in line: what leaves next has really been asked.
            await asyncio.to_thread(wait_until, lambda: hotel.busy() + hotel.waiting() > 0)
            await stream.aclose()
        answer = await reply_to(llm, context_of(QUESTION))
        await asyncio.to_thread(wait_idle, hotel)
        asked, ended = events(hotel, "generate"), events(hotel, "end")
        await reply_to(llm, context_of(QUESTION, answer, "And breakfast?"))

    assert len(asked) == len(ended) <= 11
    whole = [event for event in ended if event["endpoint"] == "END_OF_SENTENCE"]
    assert len(whole) == 1
    last = events(hotel, "generate")[-1]
    assert last["pid"] == whole[0]["pid"]
    assert last["evaluated_tokens"] < last["cached_tokens"] / 10
