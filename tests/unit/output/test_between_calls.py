"""What may stand between two calls."""

import pytest

from picoserve.output.between_calls import BetweenCalls


@pytest.mark.parametrize(
    "data", ["", "}", "}}\n", "\n</tool_call>\n", "], ", ";", "\n```\n", "</function_call>", '"}']
)
def test_brackets_fences_and_tags_are_swallowed(data: str) -> None:
    between = BetweenCalls()
    for byte in data.encode():
        between.feed(bytes([byte]))

    assert not between.is_over


@pytest.mark.parametrize("data", ["x", "} and", "</b>", "</tool_callx", "<"[:0] + "</tool_call>a"])
def test_anything_else_ends_the_calls(data: str) -> None:
    between = BetweenCalls()
    between.feed(data.encode())

    assert between.is_over
