"""Tokens of what is said, told apart from those of thoughts."""

import pytest

from picoserve.generation import TokenLogprob
from picoserve.output.portions import Portion, Voice
from picoserve.output.said_tokens import SaidTokens

PORTIONS = (
    Portion(Voice.THOUGHT, b"Hm."),
    Portion(Voice.MARKUP, b"</think>"),
    Portion(Voice.SAID, b"Hel"),
    Portion(Voice.SAID, b"lo"),
)


def tokens(*texts: bytes) -> list[TokenLogprob]:
    return [TokenLogprob(text, -0.5) for text in texts]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([b"Hm", b".", b"</think>", b"Hel", b"lo"], [b"Hel", b"lo"]),
        ([b"Hm.</think>Hel", b"lo"], [b"Hel", b"lo"]),
        ([b"Hm.</think>", b"Hello"], [b"Hello"]),
        ([b"Hm.</think>", b"", b"Hello"], [b"", b"Hello"]),
    ],
)
def test_tokens_are_led_to_what_is_said(given: list[bytes], said: list[bytes]) -> None:
    together, ahead, behind = SaidTokens(), SaidTokens(), SaidTokens()

    taken = together.take(PORTIONS, tokens(*given))
    first = ahead.take((), tokens(*given)) + ahead.take(PORTIONS, ())
    later = behind.take(PORTIONS, ()) + behind.take((), tokens(*given))

    assert [token.token for token in taken] == said
    assert first == later == taken


def test_what_the_server_adds_stands_where_it_was_added() -> None:
    more = (
        *PORTIONS,
        Portion(Voice.MARKUP, b"<think>"),
        Portion(Voice.ADDED, b"\n"),
        Portion(Voice.SAID, b"Bye"),
    )

    apart = SaidTokens().take(more, tokens(b"Hm.</think>", b"Hello", b"<think>", b"Bye"))
    in_one = SaidTokens().take(more, tokens(b"Hm.</think>Hello<think>Bye"))

    assert [token.token for token in apart] == [b"Hello", b"\n", b"Bye"]
    assert [token.logprob for token in apart] == [-0.5, 0.0, -0.5]
    assert [token.token for token in in_one] == [b"Hello", b"\n", b"Bye"]
    assert SaidTokens().take(more, ()) == ()


def test_rest_needs_no_portions() -> None:
    behind = SaidTokens()
    behind.take(PORTIONS[:3], ())
    behind.say_the_rest()

    taken = behind.take((), tokens(b"Hm.</think>", b"He", b"llo", b" there"))

    assert [token.token for token in taken] == [b"He", b"llo", b" there"]


def test_token_in_which_another_thought_begins_is_cut() -> None:
    more = (*PORTIONS, Portion(Voice.MARKUP, b"<think>"), Portion(Voice.THOUGHT, b"Hm"))

    taken = SaidTokens().take(more, tokens(b"Hm.</think>", b"Hello<thi", b"nk>Hm"))

    assert [token.token for token in taken] == [b"Hello"]
