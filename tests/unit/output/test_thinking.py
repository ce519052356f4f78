"""The stage that keeps thoughts from the readers of replies."""

from typing import Final

import pytest
from tests.unit.output.engine_play import tool_plan

from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    TextDelta,
    ThoughtDelta,
    ThoughtTags,
    TokenLogprob,
    ToolCallDelta,
)
from picoserve.output.plain import PlainReply
from picoserve.output.reply import Reply, ReplyState
from picoserve.output.thinking import ThinkingReply
from picoserve.output.thoughts import splitter_for
from picoserve.output.tool_calls import ToolReply
from picoserve.prompt.tool_text import HERMES

TAGS: Final = ThoughtTags("<think>", "</think>", "\n</think>\n\n")
END_MARK: Final = "<|im_end|>"


def behind_thoughts(reply: Reply) -> ThinkingReply:
    return ThinkingReply(reply, splitter_for(TAGS), [END_MARK])


def plain(*user_stop: str, logprobs: bool = False) -> ThinkingReply:
    return behind_thoughts(PlainReply([END_MARK, *user_stop], logprobs=logprobs))


def outcome(finish: EngineFinish = EngineFinish.END, tail: bytes = b"") -> Outcome:
    return Outcome(finish, 1, 9, tail=tail)


def thought(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThoughtDelta))


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_stop_phrase_is_not_looked_for_in_a_thought(size: int) -> None:
    reply = plain("stop")
    data = "<think>\nI stop hère.\n</think>\n\nGo, then stop it.".encode()

    events = reply.start()
    for at in range(0, len(data), size):
        events += reply.feed(data[at : at + size])
    assert reply.state is ReplyState.DONE
    events += reply.end_call(outcome(EngineFinish.INTERRUPTED))

    assert (thought(events), text(events)) == ("I stop hère.", "Go, then ")
    assert reply.finish_reason is FinishReason.STOP


@pytest.mark.parametrize("finish", [EngineFinish.END, EngineFinish.LIMIT])
def test_end_inside_a_thought_leaves_no_text(finish: EngineFinish) -> None:
    reply = plain()
    events = reply.feed(b"<think>Hm. ") + reply.end_call(outcome(finish, tail=b"Well"))

    assert (thought(events), text(events)) == ("Hm. Well", "")
    assert reply.state is ReplyState.DONE
    limited = finish is EngineFinish.LIMIT
    assert reply.finish_reason is (FinishReason.LENGTH if limited else FinishReason.STOP)
    assert reply.prefix == "<think>Hm. Well"


def test_end_mark_in_a_thought_ends_the_reply() -> None:
    reply = plain()
    events = reply.feed(b"<think>Hm.<|im") + reply.feed(b"_end|>\nassistant")

    assert reply.state is ReplyState.ENOUGH
    events += reply.end_call(outcome(EngineFinish.LIMIT))
    assert (thought(events), text(events)) == ("Hm.", "")
    assert (reply.state, reply.finish_reason) == (ReplyState.DONE, FinishReason.STOP)


@pytest.mark.parametrize("at_end", [False, True])
def test_log_probabilities_are_those_of_what_is_said(at_end: bool) -> None:
    words = ["<think>", "\n", "Hm", ".", "\n", "</think>", "\n\n", "Hel", "lo"]
    tokens = tuple(TokenLogprob(word.encode(), -index) for index, word in enumerate(words))
    reply = plain(logprobs=True)

    events: list[Event] = []
    for token in tokens:
        events += reply.feed(token.token, () if at_end else (token,))
    events += reply.end_call(Outcome(EngineFinish.END, 1, 9, tokens=tokens if at_end else ()))

    deltas = [event for event in events if isinstance(event, TextDelta)]
    assert [token for delta in deltas for token in delta.logprobs or ()] == list(tokens[7:])
    assert (thought(events), text(events)) == ("Hm.", "Hello")


def test_call_is_not_read_out_of_a_thought() -> None:
    reply = behind_thoughts(ToolReply(tool_plan(), [END_MARK], []))
    call = '{"name": "set_light", "arguments": {"room": "attic", "on": true}}'

    events = reply.feed(f"<think>\nPerhaps {call}? No.\n</think>\n\nHello!".encode())
    events += reply.end_call(outcome())

    assert not any(isinstance(event, ToolCallDelta) for event in events)
    assert (text(events), reply.finish_reason) == ("Hello!", FinishReason.STOP)


def form_or_call() -> ThinkingReply:
    plan = tool_plan(HERMES, response_format={"type": "json_object"})
    return behind_thoughts(ToolReply(plan, [END_MARK], []))


def test_document_is_not_read_out_of_a_thought() -> None:
    reply = form_or_call()
    reply_text = '<think>\nI must reply like {"a": 1, where a is ...\n</think>\n\n{"a": 7}'

    events = reply.feed(reply_text.encode())

    assert text(events) == '{"a": 7}'
    assert (reply.state, reply.prefix) == (ReplyState.DONE, reply_text)


def test_document_is_begun_behind_a_thought_that_was_left_open() -> None:
    reply = form_or_call()
    events = reply.feed(b"<think>\nHm.") + reply.end_call(outcome())

    assert reply.state is ReplyState.GOING
    assert reply.prefix == "<think>\nHm.\n</think>\n\n{"
    events += reply.feed(b'"a": 7}')
    assert (text(events), reply.state) == ('{"a": 7}', ReplyState.DONE)


def test_limit_in_a_thought_begins_no_document() -> None:
    reply = form_or_call()
    events = reply.feed(b"<think>\nHm.") + reply.end_call(outcome(EngineFinish.LIMIT))

    assert (text(events), reply.state) == ("", ReplyState.DONE)
    assert reply.finish_reason is FinishReason.LENGTH
