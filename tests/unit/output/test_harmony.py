"""Messages on channels, however they are cut into pieces."""

from typing import Final

import pytest
from tests.support.harmony import CALL, CALL_AS_WRITTEN, FINAL, THOUGHT

from picoserve.output.harmony import HarmonyParser, Kind

REPLIES: Final = {
    "answer": (
        f"{THOUGHT % 'Hällo < |end|> <|'}{FINAL}Hello, <|frïend|><|return|>",
        [(Kind.THOUGHT, "Hällo < |end|> <|"), (Kind.TEXT, "Hello, <|frïend|>")],
    ),
    "no end mark": (
        f"<|channel|>analysis<|message|>Hm.<|start|>assistant{FINAL}Hello<",
        [(Kind.THOUGHT, "Hm."), (Kind.TEXT, "Hello<")],
    ),
    "call": (
        f"{CALL % 'get_weather'}{{}}<|call|>ignored",
        [(Kind.CALL, "get_weather:{}")],
    ),
    "recipient first": (
        f"{THOUGHT % 'I look.'}{CALL_AS_WRITTEN % 'get_weather'}{{}}<|end|><|start|>assistant",
        [(Kind.THOUGHT, "I look."), (Kind.CALL, "get_weather:{}")],
    ),
    "call among thoughts": (
        "<|channel|>analysis to=functions.f code<|message|>{}",
        [(Kind.CALL, "f:{}")],
    ),
    "word ahead": (
        f"<|channel|>commentary<|message|>A moment.<|end|><|start|>assistant{CALL % 'f'}{{}}",
        [(Kind.TEXT, "A moment."), (Kind.CALL, "f:{}")],
    ),
    "stray channel": (
        f"<|channel|>commentary to=assistant<|channel|>analysis<|message|>Hm.<|end|>"
        f"<|start|>assistant{FINAL}Hi.",
        [(Kind.THOUGHT, "Hm."), (Kind.TEXT, "Hi.")],
    ),
    "tool of its own": (
        "<|channel|>analysis to=python code<|message|>1 + 1<|call|>",
        [(Kind.THOUGHT, "1 + 1")],
    ),
    "somebody else": (
        f"{FINAL}Hi.<|end|><|start|>user<|message|>And I?<|end|>",
        [(Kind.TEXT, "Hi.")],
    ),
    "no header": ("Hello.<|end|>", [(Kind.TEXT, "Hello.")]),
    "no end of a header": (
        f"<|channel|>final {'word ' * 120}<|return|>",
        [(Kind.TEXT, f" {'word ' * 120}")],
    ),
    "half a header": (f"{THOUGHT % 'Hm.'}<|channel|>fin", [(Kind.THOUGHT, "Hm.")]),
    "nothing": ("", []),
}


def parsed(pieces: list[bytes], *, has_calls: bool = True) -> list[tuple[Kind, str]]:
    """Each message with all its text; a call's behind its function and a colon."""
    parser = HarmonyParser(has_calls=has_calls)
    messages: list[tuple[Kind, bytes]] = []
    for said in [*(part for piece in pieces for part in parser.feed(piece)), *parser.finish()]:
        assert said.data == parser.raw[said.start : said.start + len(said.data)]
        if not said.data:
            messages.append((said.kind, f"{said.function}:".encode() if said.function else b""))
        else:
            kind, text = messages.pop()
            assert kind is said.kind
            messages.append((kind, text + said.data))
    return [(kind, text.decode()) for kind, text in messages]


@pytest.mark.parametrize("name", REPLIES)
def test_every_cut_gives_the_same_messages(name: str) -> None:
    text, messages = REPLIES[name]
    data = text.encode()

    assert parsed([data]) == messages
    assert parsed([data[at : at + 1] for at in range(len(data))]) == messages
    for at in range(len(data)):
        assert parsed([data[:at], data[at:]]) == messages


@pytest.mark.parametrize(
    ("text", "told"), [("Hello <", "Hello "), ("Hello <|e", "Hello "), ("Hello <|x", "Hello <|x")]
)
def test_text_is_held_only_where_a_mark_may_have_begun(text: str, told: str) -> None:
    said = HarmonyParser(has_calls=False).feed(f"{FINAL}{text}".encode())

    assert b"".join(part.data for part in said) == told.encode()


def test_calls_are_thoughts_where_nothing_may_be_called() -> None:
    text = f"{CALL % 'f'}{{}}<|call|>".encode()

    assert parsed([text], has_calls=False) == [(Kind.THOUGHT, "{}")]


@pytest.mark.parametrize(
    ("header", "function"),
    [(" to=functions.get_", "get_"), ("<|channel|>commentary to=functions.f <|con", "f"), ("", "")],
)
def test_function_of_an_unfinished_header_is_known(header: str, function: str) -> None:
    parser = HarmonyParser(has_calls=True)
    parser.feed((THOUGHT % "Hm.").encode() + header.encode())

    assert parser.begun_function == function
