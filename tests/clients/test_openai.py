"""The stock openai-python client, synchronous and asynchronous."""

import asyncio

import pytest
from openai import APIError, AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello!"}]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_text_comes_whole_and_streamed_alike(openai: OpenAI, model: str) -> None:
    answer = openai.chat.completions.create(
        model=model, messages=HELLO, temperature=0, max_tokens=16
    )
    stream = openai.chat.completions.create(
        model=model,
        messages=HELLO,
        temperature=0,
        max_tokens=16,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)

    assert answer.usage
    assert chunks[-1].usage
    assert text_of(chunks) == answer.choices[0].message.content
    assert chunks[-1].usage.total_tokens == answer.usage.total_tokens


def test_stream_helper_builds_the_final_answer(openai: OpenAI, model: str) -> None:
    with openai.chat.completions.stream(
        model=model, messages=HELLO, temperature=0, max_tokens=16
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content
    assert final.choices[0].finish_reason in {"stop", "length"}


def test_text_completion(openai: OpenAI, model: str) -> None:
    answer = openai.completions.create(model=model, prompt="1 2 3", temperature=0, max_tokens=4)
    parts = openai.completions.create(
        model=model, prompt="1 2 3", temperature=0, max_tokens=4, stream=True
    )

    assert "".join(part.choices[0].text for part in parts) == answer.choices[0].text


def test_errors_arrive_as_their_classes(openai: OpenAI, model: str) -> None:
    with pytest.raises(NotFoundError) as not_found:
        openai.chat.completions.create(model="gpt-9", messages=HELLO)
    with pytest.raises(BadRequestError) as bad:
        openai.chat.completions.create(model=model, messages=HELLO, temperature=3)

    assert not_found.value.code == "model_not_found"
    assert (bad.value.param, bad.value.code) == ("temperature", "decimal_above_max_value")
    assert isinstance(bad.value, APIError)


async def test_asynchronous_client_streams_and_leaves(
    async_openai: AsyncOpenAI, model: str
) -> None:
    stream = await async_openai.chat.completions.create(
        model=model, messages=HELLO, temperature=0, max_tokens=16, stream=True
    )
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()

    answer = await async_openai.chat.completions.create(model=model, messages=HELLO, max_tokens=4)
    assert answer.choices[0].finish_reason


async def test_ten_at_once_are_all_answered(async_openai: AsyncOpenAI, model: str) -> None:
    answers = await asyncio.gather(
        *(
            async_openai.chat.completions.create(
                model=model, messages=HELLO, temperature=0, max_tokens=16
            )
            for _ in range(10)
        )
    )

    assert len({answer.id for answer in answers}) == 10
    assert len({answer.choices[0].message.content for answer in answers}) == 1
