"""A reply of free text."""

from collections.abc import Callable

import pytest

from picoserve.generation import EngineFinish, FinishReason, Outcome, TextDelta
from picoserve.output.plain import PlainReply
from picoserve.output.reply import ReplyState, Tally


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        (EngineFinish.END, FinishReason.STOP),
        (EngineFinish.LIMIT, FinishReason.LENGTH),
        (EngineFinish.STOP_PHRASE, FinishReason.STOP),
    ],
)
def test_text_passes_in_one_call(finish: EngineFinish, reason: FinishReason) -> None:
    reply = PlainReply(["STOP"])

    assert reply.start() == []
    assert reply.feed(b"Hello") == [TextDelta("Hello")]
    assert reply.state is ReplyState.GOING
    assert reply.end_call(Outcome(finish, 1, 2, tail=b"!")) == [TextDelta("!")]
    assert (reply.state, reply.finish_reason) == (ReplyState.DONE, reason)
    assert (reply.prefix, reply.tally) == ("Hello!", Tally())


def test_stop_phrase_is_the_end_even_at_the_limit() -> None:
    reply = PlainReply(["STOP"])
    reply.feed(b"Hello STOP")

    assert reply.state is ReplyState.DONE
    reply.end_call(Outcome(EngineFinish.LIMIT, 1, 2))
    assert reply.finish_reason is FinishReason.STOP


@pytest.mark.parametrize("way", [PlainReply.cut, PlainReply.close])
def test_text_may_be_cut_anywhere(way: Callable[[PlainReply], object]) -> None:
    reply = PlainReply(["STOP"])
    reply.feed(b"Hello ST")

    assert not way(reply)
    assert (reply.state, reply.finish_reason) == (ReplyState.DONE, FinishReason.LENGTH)


@pytest.mark.parametrize("pieces", [["\nHello"], ["\n", "Hello"], ["\n", "Hel", "lo\nmore"]])
def test_lead_is_not_shown_and_ends_nothing(pieces: list[str]) -> None:
    reply = PlainReply(["\n"], lead="\n")

    deltas = [delta for piece in pieces for delta in reply.feed(piece.encode())]
    deltas += reply.end_call(Outcome(EngineFinish.END, 1, 2))

    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == "Hello"
    assert reply.prefix == "\nHello"
