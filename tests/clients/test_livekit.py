"""The stock LiveKit client, `livekit.agents.inference.LLM`, by base_url alone."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    APIStatusError,
    inference,
)
from livekit.agents.llm import ChatContext, CompletionUsage, FallbackAdapter, function_tool
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, MODEL, slow_script, standin_model
from tests.support.processes import wait_idle
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, open_stream

ALL_OPTIONS: dict[str, Any] = {
    "frequency_penalty": 0.1,
    "logit_bias": None,
    "logprobs": True,
    "max_completion_tokens": 20,
    "max_tokens": 30,
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "hello"},
    "presence_penalty": 0.2,
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "safety_identifier": "s",
    "seed": 7,
    "service_tier": "auto",
    "stop": ["\n\n"],
    "store": False,
    "temperature": 0.5,
    "tool_choice": "auto",
    "top_logprobs": 2,
    "top_p": 0.9,
    "user": "u",
    "verbosity": "low",
    "extra_body": {"top_k": 40, "chat_template_kwargs": {"enable_thinking": False}},
    "extra_headers": {"x-custom": "1"},
    "extra_query": {"q": "1"},
}


ZOD_EMAIL: Final = (
    "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@"
    "([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$"
)


@function_tool(
    raw_schema={
        "name": "send_mail",
        "description": "Send a mail.",
        "parameters": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"to": {"type": "string", "format": "email", "pattern": ZOD_EMAIL}},
            "required": ["to"],
            "additionalProperties": False,
        },
    }
)
async def send_mail(raw_arguments: dict[str, object]) -> str:
    """Send nothing."""
    return "sent"


@asynccontextmanager
async def livekit_llm(
    server: RunningServer, model: str = MODEL, **options: Any
) -> AsyncGenerator[inference.LLM, None]:
    llm = inference.LLM(
        model,
        base_url=server.base_url,
        api_key="devkey",
        api_secret="a-secret-of-at-least-32-characters",
        **options,
    )
    try:
        yield llm
    finally:
        await llm.aclose()


def conversation(*texts: str) -> ChatContext:
    context = ChatContext.empty()
    context.add_message(role="system", content="You are a voice assistant.")
    for text in texts:
        context.add_message(role="user", content=text)
    return context


async def said(
    llm: inference.LLM,
    context: ChatContext,
    connection: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
) -> tuple[str, CompletionUsage | None]:
    """The whole reply and its token counts."""
    text, usage = "", None
    async with llm.chat(chat_ctx=context, conn_options=connection) as stream:
        async for chunk in stream:
            text += (chunk.delta.content or "") if chunk.delta else ""
            usage = chunk.usage or usage
    return text, usage


async def test_text_and_usage_arrive(server: RunningServer) -> None:
    async with livekit_llm(server, extra_kwargs={"max_completion_tokens": 12}) as llm:
        text, usage = await said(llm, conversation("Hello!"))

    assert text
    assert usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < usage.completion_tokens <= 12


async def test_agent_may_speak_first(server: RunningServer) -> None:
    async with livekit_llm(server) as llm:
        text, _ = await said(llm, conversation())

    assert text


async def test_prewarm_changes_nothing(server: RunningServer) -> None:
    async with livekit_llm(server) as llm:
        llm.prewarm()
        text, _ = await said(llm, conversation("Hello!"))

    assert text


async def test_ten_at_once_on_two_engines_are_all_answered(server: RunningServer) -> None:
    async with livekit_llm(server) as llm:
        replies = await asyncio.gather(*(said(llm, conversation("Hello!")) for _ in range(10)))

    assert all(text for text, _ in replies)


async def test_every_option_at_once_is_no_error(server: RunningServer) -> None:
    async with livekit_llm(server, extra_kwargs=ALL_OPTIONS) as llm:
        _, usage = await said(llm, conversation("Hello!"))

    assert usage
    assert usage.completion_tokens <= 20


async def test_option_whose_meaning_would_be_lost_is_told_at_once(server: RunningServer) -> None:
    async with livekit_llm(server, extra_kwargs={"logit_bias": {"5": -100}}) as llm:
        with pytest.raises(APIStatusError) as error:
            await said(llm, conversation("Hello!"))

    assert error.value.status_code == 400
    assert not error.value.retryable


async def test_tool_whose_pattern_nothing_here_can_read_is_called(
    standin_library: Path, tmp_path: Path
) -> None:
    """As MCP servers written with zod ship it."""
    arguments = '{"to": "ann@example.org"}'
    call = f'{{"name": "send_mail", "arguments": {arguments}}}'
    script = ModelScript(context_length=10_000, replies=[Reply(text=call, continues=True)])
    config = standin_model(standin_library, tmp_path, script)
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        async with (
            livekit_llm(server, "pico") as llm,
            llm.chat(chat_ctx=conversation("Write to Ann."), tools=[send_mail]) as stream,
        ):
            calls = [
                call async for chunk in stream if chunk.delta for call in chunk.delta.tool_calls
            ]

    assert [(call.name, call.arguments) for call in calls] == [("send_mail", arguments)]


async def test_alias_serves_an_agent_written_for_another_model(server: RunningServer) -> None:
    async with livekit_llm(server, "openai/gpt-4.1-mini") as llm:
        text, _ = await said(llm, conversation("Hello!"))

    assert text


@pytest.fixture(scope="module")
def slow(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """One engine that counts for minutes and keeps a journal."""
    folder = tmp_path_factory.mktemp("slow")
    config = standin_model(standin_library, folder, slow_script(journal="journal"))
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


def jobs(server: RunningServer) -> int:
    """How often the engine was asked to generate."""
    return len(read_journal(server.log.parent / "journal", "generate"))


async def test_interruption_after_the_first_token_frees_the_engine(slow: RunningServer) -> None:
    wait_idle(slow)
    async with livekit_llm(slow, "pico") as llm:
        async with llm.chat(chat_ctx=conversation("Count!")) as stream:
            async for chunk in stream:
                if chunk.delta and chunk.delta.content:
                    break
        await asyncio.to_thread(wait_until, lambda: slow.busy() == 0)
        text, _ = await said(llm, conversation("Be brief."))

    assert text == "Yes."


async def test_interruption_before_the_first_token_gives_the_place_up(slow: RunningServer) -> None:
    wait_idle(slow)
    before = jobs(slow)
    with (
        httpx.Client(base_url=slow.url, timeout=20) as client,
        open_stream(client, chat_body("Count!", model="pico")) as busy,
    ):
        busy.text()
        async with livekit_llm(slow, "pico") as llm:
            stream = llm.chat(chat_ctx=conversation("Count!"))
            await asyncio.to_thread(wait_until, lambda: slow.waiting() == 1)
            await stream.aclose()
            await asyncio.to_thread(wait_until, lambda: slow.waiting() == 0)

    wait_idle(slow)
    assert jobs(slow) == before + 1


async def test_fallback_takes_over_when_the_wait_that_the_client_names_is_over(
    slow: RunningServer, server: RunningServer
) -> None:
    """Comments keep its read timeout from running out, so it has to say how long it waits."""
    wait_idle(slow)
    headers = {"x-picoserve-max-wait": "0.5"}
    others = asyncio.all_tasks()
    with (
        httpx.Client(base_url=slow.url, timeout=20) as client,
        open_stream(client, chat_body("Count!", model="pico")) as busy,
    ):
        busy.text()
        async with (
            livekit_llm(slow, "pico", extra_kwargs={"extra_headers": headers}) as first,
            livekit_llm(server, extra_kwargs={"max_completion_tokens": 8}) as second,
        ):
            # Its own patience is not what ends the wait here.
            adapter = FallbackAdapter([first, second], attempt_timeout=40)
            text = ""
            async with adapter.chat(chat_ctx=conversation("Hello!")) as stream:
                async for chunk in stream:
                    text += (chunk.delta.content or "") if chunk.delta else ""
            assert slow.busy() == 1
            # It asks the first one again, behind the reply.
            await asyncio.gather(*(asyncio.all_tasks() - others), return_exceptions=True)
            await adapter.aclose()

    assert text


@pytest.mark.timeout(45)
async def test_client_that_waits_eleven_seconds_needs_one_request(slow: RunningServer) -> None:
    """Its read timeout is ten seconds. Without retries a silent server would be an error."""
    once = APIConnectOptions(max_retry=0)
    assert once.timeout < 11
    wait_idle(slow)
    with (
        httpx.Client(base_url=slow.url, timeout=20) as client,
        open_stream(client, chat_body("Count!", model="pico")) as busy,
    ):
        busy.text()
        async with livekit_llm(slow, "pico") as llm:
            asking = asyncio.create_task(said(llm, conversation("Be brief."), once))
            await asyncio.to_thread(wait_until, lambda: slow.waiting() == 1)
            await asyncio.sleep(11)
            assert slow.waiting() == 1
            busy.response.close()
            text, _ = await asking

    assert text == "Yes."
