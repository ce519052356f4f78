from typing import Any

import pytest

from picoserve.client.answer import Answer


def chunk(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], "usage": None}


def test_times_are_taken_from_parts_that_say_something() -> None:
    answer = Answer(began=10.0)

    answer.add(chunk(role="assistant", content=""), 10.1)
    for text, now in (("a", 11.0), ("b", 11.5), ("c", 13.0)):
        assert answer.add(chunk(content=text), now) == text
    answer.add({"choices": [{"delta": {}, "finish_reason": "stop"}]}, 14.0)

    assert (answer.text, answer.finish, answer.tokens) == ("abc", "stop", 3)
    assert answer.first_token_seconds == 1.0
    assert answer.seconds == 3.0
    assert answer.seconds_per_token == 1.0
    assert answer.gaps == [0.5, 1.5]


def test_the_servers_own_count_goes_before_the_number_of_parts() -> None:
    answer = Answer(began=0.0)
    answer.add(chunk(content="one"), 1.0)
    answer.add(chunk(content=" two three"), 2.0)

    answer.add({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}, 2.0)

    assert (answer.prompt_tokens, answer.tokens) == (7, 5)
    assert answer.seconds_per_token == pytest.approx(0.25)


def test_an_answer_without_parts_has_no_times() -> None:
    answer = Answer(began=0.0)

    assert (answer.first_token_seconds, answer.seconds, answer.seconds_per_token) == (None,) * 3
    assert answer.gaps == []


def test_a_tool_call_is_put_together_and_repeated_as_it_came() -> None:
    answer = Answer(began=0.0)
    start = {"index": 0, "id": "call_1", "function": {"name": "look", "arguments": ""}}
    answer.add(chunk(tool_calls=[start]), 1.0)
    answer.add(chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"at"'}}]), 1.1)
    answer.add(chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]), 1.2)

    assert answer.message() == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "look", "arguments": '{"at": 1}'},
            }
        ],
    }
