import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.generation import TextDelta, TokenLogprob
from picoserve.output.text import TextOutput

REPLY = "Grüße, 世界! 👋🏽 — ok"


def read(parts: list[bytes], **options: object) -> str:
    output = TextOutput(options.pop("stop", ()), **options)  # type: ignore[arg-type]
    deltas = [*(output.feed(part) for part in parts), output.finish()]
    text = "".join(delta.text for delta in deltas if delta)
    assert output.text == text
    return text


@pytest.mark.parametrize("size", range(1, 9))
def test_characters_split_over_pieces_are_joined(size: int) -> None:
    data = REPLY.encode()

    assert read([data[i : i + size] for i in range(0, len(data), size)]) == REPLY


@pytest.mark.parametrize("position", range(len(REPLY.encode()) + 1))
def test_phrase_is_found_wherever_the_text_is_cut(position: int) -> None:
    data = REPLY.encode()

    assert read([data[:position], data[position:]], stop=["👋"]) == "Grüße, 世界! "


def test_half_a_character_waits_for_its_end() -> None:
    output = TextOutput(())
    first, second = "é".encode()[:1], "é".encode()[1:]

    assert output.feed(first) is None
    assert output.feed(second) == TextDelta("é")


def test_half_a_character_at_the_end_is_dropped() -> None:
    assert read([b"ok", "世".encode()[:2]]) == "ok"


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert read([b"a\xffb"]) == "a\ufffdb"


def test_tail_of_the_outcome_belongs_to_the_text() -> None:
    output = TextOutput(())
    output.feed(b"one")

    assert output.finish(b" two") == TextDelta(" two")


def test_lead_is_dropped_once_and_only_at_the_beginning() -> None:
    assert read([b" Hello", b" there"], lead=" ") == "Hello there"
    assert read([b"Hello ", b" there"], lead=" ") == "Hello  there"


@given(
    words=st.lists(st.sampled_from(["a", "bc", " é", "世", "👋", "."]), min_size=1, max_size=12),
    size=st.integers(1, 5),
)
@settings(max_examples=80)
def test_every_token_is_handed_out_once_with_its_text(words: list[str], size: int) -> None:
    output = TextOutput((), logprobs=True)
    tokens = [TokenLogprob(word.encode(), -1.0) for word in words]
    deltas = []
    for i in range(0, len(tokens), size):
        part = tokens[i : i + size]
        deltas.append(output.feed(b"".join(token.token for token in part), part))
    deltas.append(output.finish())

    given_out = [token for delta in deltas if delta for token in delta.logprobs or ()]
    assert given_out == tokens
    for delta in deltas:
        if delta:
            assert delta.text.encode() == b"".join(token.token for token in delta.logprobs or ())


def test_tokens_behind_a_stop_phrase_are_not_handed_out() -> None:
    output = TextOutput(["."], logprobs=True)
    tokens = [TokenLogprob(word, -1.0) for word in (b"one", b".", b" two")]

    delta = output.feed(b"one. two", tokens)
    last = output.finish()

    assert delta == TextDelta("one", (tokens[0],))
    assert last is None
