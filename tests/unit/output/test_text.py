import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.generation import TextDelta, TokenChoice, TokenLogprob
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
    assert read([b"\n\n", b"Assistant", b": ", b"Hi"], lead="\n\nAssistant: ") == "Hi"


@pytest.mark.parametrize("said", ["", "\n", "\n\nAssistant", "\n\nAssist me", "Hi"])
def test_what_only_looks_like_the_lead_is_text(said: str) -> None:
    assert read([said.encode()], lead="\n\nAssistant: ") == said


def test_stop_phrase_is_not_looked_for_in_the_lead() -> None:
    assert read([b"\n", b"Hello\n", b"there"], lead="\n", stop=["\n"]) == "Hello"
    assert read([b" Hello", b" Hello"], lead=" ", stop=[" Hello"]) == "Hello"


@pytest.mark.parametrize(("said", "raw"), [(" Hi", " Hi"), ("Hi", "Hi"), ("  Hi", "  Hi")])
def test_raw_text_has_the_lead_where_it_was_said(said: str, raw: str) -> None:
    output = TextOutput((), lead=" ")
    output.feed(said.encode())

    assert (output.raw, output.text) == (raw, raw.removeprefix(" "))


@given(
    words=st.lists(st.sampled_from(["a", "bc", " é", "世", "👋", "."]), min_size=1, max_size=12),
    size=st.integers(1, 5),
    lead=st.sampled_from(["", " ", "\n", "\n\nA: "]),
    lead_tokens=st.integers(0, 3),
    late=st.booleans(),
)
@settings(max_examples=120)
def test_every_token_is_handed_out_once_with_its_text(
    words: list[str], size: int, lead: str, lead_tokens: int, late: bool
) -> None:
    output = TextOutput((), lead=lead, logprobs=True)
    tokens = [TokenLogprob(word.encode(), -1.0) for word in said_with(lead, words, lead_tokens)]
    text = "".join(words) if lead_tokens else "".join(words).removeprefix(lead)
    deltas = []
    for i in range(0, len(tokens), size):
        part = tokens[i : i + size]
        deltas.append(output.feed(b"".join(token.token for token in part), () if late else part))
    deltas.append(output.finish(tokens=tokens if late else ()))

    given_out = [token for delta in deltas if delta for token in delta.logprobs or ()]
    assert b"".join(token.token for token in given_out).decode() == output.text == text
    assert given_out[-1:] == tokens[-1:] or lead
    assert all(token.token for token in given_out)
    if not late:
        for delta in filter(None, deltas):
            assert delta.text.encode() == b"".join(token.token for token in delta.logprobs or ())


def said_with(lead: str, words: list[str], tokens: int) -> list[str]:
    """A lead in tokens of its own, or as the beginning of the first word's, or left out."""
    match tokens:
        case 0:
            return words
        case 1:
            return [lead + words[0], *words[1:]]
        case 2:
            return [*filter(None, [lead[:1], lead[1:]]), *words]
        case _:
            return [*filter(None, [lead[:-1]]), lead[-1:] + words[0], *words[1:]]


def test_token_behind_the_lead_comes_at_once_and_whole() -> None:
    output = TextOutput((), lead=" ", logprobs=True)
    others = (TokenChoice(b" Hello", -0.5), TokenChoice(b" Bye", -1.5), TokenChoice(b"\n", -2.5))
    hello, world = TokenLogprob(b" Hello", -0.5, others), TokenLogprob(b" world", -1.0)

    first, second = output.feed(b" Hello", [hello]), output.feed(b" world", [world])

    seen = (TokenChoice(b"Hello", -0.5), TokenChoice(b"Bye", -1.5), TokenChoice(b"\n", -2.5))
    assert first == TextDelta("Hello", (TokenLogprob(b"Hello", -0.5, seen),))
    assert second == TextDelta(" world", (world,))
    assert output.finish() is None


def test_token_of_which_nothing_is_shown_is_not_handed_out() -> None:
    output = TextOutput(["Hello"], lead=" ", logprobs=True)

    assert output.feed(b" Hello", [TokenLogprob(b" Hello", -0.5)]) is None
    assert output.finish() is None


def test_tokens_behind_a_stop_phrase_are_not_handed_out() -> None:
    output = TextOutput(["."], logprobs=True)
    tokens = [TokenLogprob(word, -1.0) for word in (b"one", b".", b" two")]

    delta = output.feed(b"one. two", tokens)
    last = output.finish()

    assert delta == TextDelta("one", (tokens[0],))
    assert last is None
