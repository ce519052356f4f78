"""Harmony in front of every reader of replies."""

import json
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.harmony import CALL, CALL_AS_WRITTEN, FINAL, THOUGHT
from tests.unit.output.engine_play import CACHE, Played, chat_request, play, tool_plan

from picoserve.constraint.plan import DocumentPlan, ReplyPlan, ToolPlan
from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    TextDelta,
    ThoughtDelta,
    TokenLogprob,
    ToolCallDelta,
)
from picoserve.output.document import DocumentReply
from picoserve.output.harmony_reply import HarmonyReply
from picoserve.output.plain import PlainReply
from picoserve.output.reply import ReplyState
from picoserve.output.tool_calls import ToolReply
from picoserve.prompt.reply_plan import reply_plan
from picoserve.prompt.tool_choice import tooling_for
from picoserve.prompt.tool_text import HERMES

STOPS: Final = ("<|return|>", "<|call|>")
ARGUMENTS: Final = '{"location": "Paris", "unit": "c"}'
CALLED: Final = [("get_weather", ARGUMENTS)]
HANG_UP: Final = {"type": "function", "function": {"name": "hang_up"}}
FORM: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "x",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    },
}


def plain(*user_stop: str, logprobs: bool = False) -> HarmonyReply:
    return HarmonyReply(PlainReply((*STOPS, *user_stop), logprobs=logprobs), None)


def with_tools(**fields: object) -> HarmonyReply:
    plan = tool_plan(HERMES, **fields)
    return HarmonyReply(ToolReply(plan, STOPS, ()), plan)


def document() -> HarmonyReply:
    request = chat_request(tools=None, response_format=FORM)
    plan = reply_plan(request, tooling_for(request), HERMES, CACHE)
    assert isinstance(plan, DocumentPlan)
    return HarmonyReply(DocumentReply(plan.grammar, STOPS), plan)


def thought_of(played: Played) -> str:
    return "".join(event.text for event in played.events if isinstance(event, ThoughtDelta))


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_thoughts_and_content_of_an_answer(size: int) -> None:
    played = play(
        plain(),
        f"{THOUGHT % 'They grëet.'}{THOUGHT % 'So I do.'}{FINAL}Hellö!<|return|>",
        size=size,
    )

    assert thought_of(played) == "They grëet.\n\nSo I do."
    assert played.answer == ("Hellö!", [], FinishReason.STOP)


def test_stop_phrase_counts_in_what_is_said_only() -> None:
    played = play(plain("stop"), f"{THOUGHT % 'I stop.'}{FINAL}Go, then stop it.")

    assert (thought_of(played), played.text) == ("I stop.", "Go, then ")


@pytest.mark.parametrize("reply", [plain(), with_tools()], ids=["plain", "tools"])
def test_limit_inside_a_thought_leaves_no_text(reply: HarmonyReply) -> None:
    events = reply.feed(b"<|channel|>analysis<|message|>Well")
    events += reply.end_call(Outcome(EngineFinish.LIMIT, 1, 9, tail=b", hm <|"))

    assert "".join(event.text for event in events if isinstance(event, ThoughtDelta)) == (
        "Well, hm <|"
    )
    assert (reply.state, reply.finish_reason) == (ReplyState.DONE, FinishReason.LENGTH)


def test_word_ahead_of_an_answer_keeps_its_distance() -> None:
    played = play(
        plain(), f"<|channel|>commentary<|message|>I look.<|end|><|start|>assistant{FINAL}Done."
    )

    assert played.text == "I look.\n\nDone."


@pytest.mark.parametrize("told", ["at once", "at the end"])
def test_log_probabilities_are_those_of_what_is_said(told: str) -> None:
    words = ["<|channel|>", "analysis", "<|message|>", "Hm", ".", "<|end|>", "<|start|>"]
    words += ["assistant", "<|channel|>", "final", "<|message|>", "Hel", "lo"]
    tokens = [TokenLogprob(word.encode(), -1.0) for word in words]
    reply = plain(logprobs=True)

    events: list[Event] = []
    for token in tokens:
        events += reply.feed(token.token, [token] if told == "at once" else ())
    late = tuple(tokens) if told == "at the end" else ()
    events += reply.end_call(Outcome(EngineFinish.END, 1, 13, tokens=late))

    deltas = [event for event in events if isinstance(event, TextDelta)]
    assert "".join(delta.text for delta in deltas) == "Hello"
    assert [token.token for delta in deltas for token in delta.logprobs or ()] == [b"Hel", b"lo"]


@pytest.mark.parametrize("told", ["at once", "at the end"])
@given(cuts=st.sets(st.integers(1, 120)))
def test_log_probabilities_cover_two_texts_however_they_are_cut(told: str, cuts: set[int]) -> None:
    said = f"<|channel|>commentary<|message|>pré<|end|><|start|>assistant{FINAL}Hi".encode()
    bounds = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]
    tokens = [TokenLogprob(said[start:end], -1.0) for start, end in pairwise(bounds)]
    reply = plain(logprobs=True)

    events: list[Event] = []
    for token in tokens:
        events += reply.feed(token.token, [token] if told == "at once" else ())
    late = tuple(tokens) if told == "at the end" else ()
    events += reply.end_call(Outcome(EngineFinish.END, 1, len(tokens), tokens=late))

    deltas = [event for event in events if isinstance(event, TextDelta)]
    assert "".join(delta.text for delta in deltas) == "pré\n\nHi"
    shown = [token.token for delta in deltas for token in delta.logprobs or ()]
    assert b"".join(shown) == "pré\n\nHi".encode()


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("header", [CALL, CALL_AS_WRITTEN], ids=["behind", "first"])
def test_call_wherever_its_recipient_stands(header: str, size: int) -> None:
    script = f"{THOUGHT % 'Weather <tool_call>.'}{header % 'get_weather'}{ARGUMENTS}<|call|>"

    played = play(with_tools(), script, size=size)

    assert thought_of(played) == "Weather <tool_call>."
    assert played.answer == ("", CALLED, FinishReason.TOOL_CALLS)
    assert played.engine_calls == 1


def test_word_ahead_of_a_call_is_content() -> None:
    script = f"<|channel|>commentary<|message|>A moment.<|end|><|start|>assistant{CALL}{ARGUMENTS}"

    played = play(with_tools(), script % "get_weather")

    assert played.answer == ("A moment.", CALLED, FinishReason.TOOL_CALLS)


def test_call_that_ends_too_early_is_repaired_where_it_stands() -> None:
    half = '{"location": "Paris"'
    script = f"{THOUGHT % 'Hm.'}{CALL % 'get_weather'}{half}<|call|>{ARGUMENTS}"

    played = play(with_tools(), script, size=1000)

    assert [json.loads(arguments) for _, arguments in played.calls] == [json.loads(ARGUMENTS)]
    assert played.finish is FinishReason.TOOL_CALLS
    assert played.engine_calls == 2
    assert played.prefixes[1].startswith(
        f"{THOUGHT % 'Hm.'}{CALL_AS_WRITTEN % 'get_weather'}{half}"
    )


@pytest.mark.parametrize("name", ["get_weather", "functions.get_weather", "weather", "nothing"])
def test_calls_are_valid_whatever_the_model_names(name: str) -> None:
    script = f"{THOUGHT % 'Hm.'}{CALL_AS_WRITTEN % name}{ARGUMENTS}<|call|>"

    played = play(with_tools(), script)

    [(called, arguments)] = played.calls
    plan = tool_plan(HERMES)
    assert called in plan.callable_names
    assert plan.arguments_of(called).new_matcher().accepts(arguments.encode())
    assert "tool_call" not in "".join(played.prefixes)


@pytest.mark.parametrize("size", [2, 1000])
def test_forced_call_begins_in_its_header(size: int) -> None:
    reply = with_tools(tool_choice="required")
    reply.start()
    assert reply.prefix == " to=functions."

    played = play(
        with_tools(tool_choice="required"),
        CALL_AS_WRITTEN % "get_weather" + ARGUMENTS + "<|call|>",
        size=size,
    )

    assert played.answer == ("", CALLED, FinishReason.TOOL_CALLS)
    assert played.engine_calls == 1


def test_call_of_a_chosen_function_begins_with_its_arguments() -> None:
    reply = with_tools(
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    )
    reply.start()

    assert reply.prefix == CALL_AS_WRITTEN % "get_weather" + '{"location": "'


def test_function_that_a_forced_header_leaves_open_is_repaired() -> None:
    reply = with_tools(tool_choice="required")
    events = [*reply.start(), *reply.feed(b"hang")]
    events += reply.end_call(Outcome(EngineFinish.END, 1, 9))

    assert reply.prefix.startswith(" to=functions.hang_up")
    assert [event.name for event in events if isinstance(event, ToolCallDelta)][:1] == ["hang_up"]


def test_document_begins_on_the_final_channel() -> None:
    reply = document()
    reply.start()
    assert reply.prefix == FINAL + '{"a":'

    played = play(document(), FINAL + '{"a": 7}<|return|>')

    assert (played.text, played.finish) == ('{"a": 7}', FinishReason.STOP)


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        (f'{THOUGHT % "A {"}{FINAL}{{"a": 7}}<|return|>', 1),
        (f'{THOUGHT % "A {"}{FINAL}I say: so<|return|>{{"a": 7}}', 2),
        (THOUGHT % "A {" + '<|return|>{"a": 7}', 2),
    ],
    ids=["final", "chatter", "nothing"],
)
def test_document_beside_tools_is_read_on_the_final_channel(script: str, calls: int) -> None:
    played = play(with_tools(response_format=FORM), script, size=1000)

    assert (thought_of(played), json.loads(played.text)) == ("A {", {"a": 7})
    assert played.engine_calls == calls
    assert calls == 1 or played.prefixes[-1].endswith(f'{THOUGHT % "A {"}{FINAL}{{"a":')


def test_reply_goes_back_as_it_was_said() -> None:
    reply = plain()
    said = f"{THOUGHT % 'Hm.'}{FINAL}Hello!"
    reply.feed(said.encode())
    reply.end_call(Outcome(EngineFinish.END, 1, 9))

    assert reply.prefix == said


@pytest.mark.parametrize("way", [HarmonyReply.cut, HarmonyReply.close])
@pytest.mark.parametrize("plan", [None, tool_plan(HERMES)], ids=["plain", "tools"])
def test_reply_may_be_cut(way: object, plan: ReplyPlan) -> None:
    tools = ToolReply(plan, STOPS, ()) if isinstance(plan, ToolPlan) else None
    reply = HarmonyReply(tools or PlainReply(STOPS), plan)
    reply.feed(f"{FINAL}Hel".encode())

    assert callable(way)
    way(reply)

    assert (reply.state, reply.finish_reason) == (ReplyState.DONE, FinishReason.LENGTH)
    assert reply.tally.repairs == 0
