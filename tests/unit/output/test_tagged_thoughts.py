"""Telling thoughts between tags from what is said."""

from collections.abc import Sequence

import pytest

from picoserve.generation import ThoughtTags
from picoserve.output.portions import Portion, Voice
from picoserve.output.tagged_thoughts import TaggedThoughts

THINK = ThoughtTags("<think>", "</think>", "\n</think>\n\n")
OPEN = ThoughtTags("<think>", "</think>", "\n</think>\n\n", is_open=True)
MISTRAL = ThoughtTags("[THINK]", "[/THINK]", "[/THINK]")


def split(splitter: TaggedThoughts, pieces: Sequence[bytes]) -> list[Portion]:
    portions = [portion for piece in pieces for portion in splitter.feed(piece)]
    return portions + splitter.finish()


def voice(portions: Sequence[Portion], wanted: Voice) -> str:
    return b"".join(each.data for each in portions if each.voice is wanted).decode()


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("tags", "reply", "thought", "said"),
    [
        (
            THINK,
            "<think>\nHm, a < b.\n\nSo.\n</think>\n\nHello!\n",
            "Hm, a < b.\n\nSo.",
            "Hello!\n",
        ),
        (THINK, "\n<think></think>Hello!", "", "Hello!"),
        (THINK, "Hello <think>there</think>", "", "Hello <think>there</think>"),
        (THINK, "\n <thin", "", "\n <thin"),
        (THINK, "<think>Hm</thin", "Hm</thin", ""),
        (THINK, "<think>Hm</think>a <think>b</think>", "Hm", "a <think>b</think>"),
        (THINK, "", "", ""),
        (OPEN, "Hm.\n</think>\n\nHello!", "Hm.", "Hello!"),
        (OPEN, "<think>\nHm.</think>Hello!", "Hm.", "Hello!"),
        (OPEN, "\n\n</think>\n\nHello!", "", "Hello!"),
        (OPEN, "<thi", "<thi", ""),
        (OPEN, "Hm. \n", "Hm.", ""),
        (MISTRAL, "[THINK]Größe?[/THINK]Groß.", "Größe?", "Groß."),
    ],
)
def test_thoughts_are_told_from_what_is_said(
    tags: ThoughtTags, reply: str, thought: str, said: str, size: int
) -> None:
    data = reply.encode()
    splitter = TaggedThoughts(tags)

    portions = split(splitter, [data[at : at + size] for at in range(0, len(data), size)])

    assert (voice(portions, Voice.THOUGHT), voice(portions, Voice.SAID)) == (thought, said)
    # Tokens are led to their voice by counting, so no byte may be missing.
    assert b"".join(portion.data for portion in portions) == data
    assert splitter.raw(said) == reply
    assert splitter.is_over is bool(said)


@pytest.mark.parametrize(
    ("tags", "reply", "raw"),
    [
        (THINK, "<think>\nHm", "<think>\nHm\n</think>\n\n{"),
        (OPEN, "Hm", "Hm\n</think>\n\n{"),
        (OPEN, "", "\n</think>\n\n{"),
        (THINK, "<think>Hm</think>\n", "<think>Hm</think>\n{"),
        (THINK, "", "{"),
    ],
)
def test_open_thought_is_ended_before_what_is_said_instead(
    tags: ThoughtTags, reply: str, raw: str
) -> None:
    splitter = TaggedThoughts(tags)
    split(splitter, [reply.encode()])

    assert splitter.raw("") == reply
    assert splitter.raw("{") == raw


def test_thought_streams() -> None:
    splitter = TaggedThoughts(THINK)
    shown = [voice(splitter.feed(piece), Voice.THOUGHT) for piece in (b"<think>a", b" b", b" <c")]

    # A blank is shown with what follows it, since the last ones stand in front of the tag.
    assert shown == ["a", " b", " <c"]
