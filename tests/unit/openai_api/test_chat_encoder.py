import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from tests.support.wire import chat_text, read_chunks

from picoserve.generation import (
    Event,
    Finish,
    FinishReason,
    Started,
    TextDelta,
    TokenChoice,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from picoserve.openai_api.answer import AnswerHead
from picoserve.openai_api.chat_encoder import ChatFold, ChatStreamEncoder

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
REPLIES = st.lists(st.lists(TEXT, max_size=5), min_size=1, max_size=4)


def events_of(texts: list[str]) -> list[Event]:
    return [
        Started(5, "engine"),
        *(TextDelta(text) for text in texts if text),
        Finish(FinishReason.STOP, Usage(5, len(texts))),
    ]


def head(**fields: Any) -> AnswerHead:
    return AnswerHead(id="chatcmpl-1", created=1, model='m\n\u2028"', **fields)


def streamed(encoder: ChatStreamEncoder, events: list[tuple[int, Event]]) -> list[dict[str, Any]]:
    return read_chunks(b"".join(encoder.encode([event]) for event in events) + encoder.end())


@given(replies=REPLIES, include_usage=st.booleans())
@settings(max_examples=80)
def test_stream_folded_by_a_client_is_the_whole_answer(
    replies: list[list[str]], include_usage: bool
) -> None:
    mine = head(choices=len(replies), include_usage=include_usage)
    rows = [(i, event) for i, texts in enumerate(replies) for event in events_of(texts)]
    fold = ChatFold(mine)
    fold.add(rows)

    answer = json.loads(fold.result())
    chunks = streamed(ChatStreamEncoder(mine), rows)

    assert [chat_text(chunks, i) for i in range(len(replies))] == [
        choice["message"]["content"] for choice in answer["choices"]
    ]
    assert {(c["id"], c["created"], c["model"]) for c in chunks} == {(mine.id, 1, mine.model)}
    assert [chunk["usage"] for chunk in chunks if chunk.get("usage")] == (
        [answer["usage"]] if include_usage else []
    )


def test_line_breaks_in_the_text_do_not_break_the_event() -> None:
    encoder = ChatStreamEncoder(head())

    raw = encoder.encode([(0, TextDelta("a\r\nb\n\nc\u2028\x85"))])

    assert raw.count(b"\n") == 2
    assert b"\r" not in raw
    assert raw.endswith(b"\n\n")


def test_half_a_character_is_told_by_its_bytes() -> None:
    token = TokenLogprob(b"\xf0\x9f", -0.5, (TokenChoice(b"a", -1.0), TokenChoice(b"b", -2.0)))
    encoder = ChatStreamEncoder(head(top_logprobs=1))

    (chunk,) = streamed(encoder, [(0, TextDelta("", (token,)))])

    (item,) = chunk["choices"][0]["logprobs"]["content"]
    assert item["bytes"] == [0xF0, 0x9F]
    assert item["token"] == "\ufffd"
    assert [top["token"] for top in item["top_logprobs"]] == ["a"]


def test_calls_come_in_the_one_shape_that_every_client_reads() -> None:
    events: list[Event] = [
        Started(1, "engine"),
        ToolCallDelta(0, "", id="call_1", name="f"),
        ToolCallDelta(0, '{"a":'),
        ToolCallDelta(0, "1}"),
        ToolCallDelta(1, "{}", id="call_2", name="g"),
        Finish(FinishReason.TOOL_CALLS, Usage(1, 1)),
    ]
    rows = [(0, event) for event in events]
    fold = ChatFold(head())
    fold.add(rows)

    deltas = [chunk["choices"][0] for chunk in streamed(ChatStreamEncoder(head()), rows)]

    calls = [call for choice in deltas for call in choice["delta"].get("tool_calls", [])]
    assert [call["index"] for call in calls] == [0, 0, 0, 1]
    assert [call.get("id") for call in calls] == ["call_1", None, None, "call_2"]
    assert [call["function"].get("name") for call in calls] == ["f", None, None, "g"]
    assert all(isinstance(call["function"]["arguments"], str) for call in calls)
    assert deltas[-1]["delta"] == {}
    assert deltas[-1]["finish_reason"] == "tool_calls"
    message = json.loads(fold.result())["choices"][0]["message"]
    assert message["content"] is None
    assert [call["function"]["arguments"] for call in message["tool_calls"]] == ['{"a":1}', "{}"]


def test_choices_open_in_order_whichever_begins_first() -> None:
    first, second = events_of(["a", "b"]), events_of(["c"])
    rows = [(1, second[0]), (0, first[0]), (1, second[1]), *((0, event) for event in first[1:])]
    state = ChatCompletionStreamState()

    chunks = streamed(ChatStreamEncoder(head(choices=2)), [*rows, (1, second[2])])
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))

    answer = state.get_final_completion()
    assert [choice.message.content for choice in answer.choices] == ["ab", "c"]
    roles = [c["choices"][0]["index"] for c in chunks if "role" in c["choices"][0]["delta"]]
    assert roles == [0, 1]
