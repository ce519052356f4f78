import pytest

from picoserve.pool.prompt_size import estimated_tokens


@pytest.mark.parametrize(("text", "tokens"), [("", 1), ("four", 1), ("fours", 2), ("ääää", 2)])
def test_four_bytes_are_taken_for_a_token(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens
