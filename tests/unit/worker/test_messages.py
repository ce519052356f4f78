from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.engine.engine import EngineInfo, EngineKind, EngineSpec, FailureKind
from picoserve.generation import EngineFinish, Job, Outcome, Sampling, TokenChoice, TokenLogprob
from picoserve.worker.messages import (
    MAX_FRAME_BYTES,
    Accepted,
    Command,
    Done,
    Failed,
    FrameReader,
    Generate,
    Interrupt,
    Load,
    LoadFailed,
    Piece,
    Ping,
    Pong,
    Ready,
    Report,
    Shutdown,
    decode_command,
    decode_report,
    encode_frame,
)

TOKEN = TokenLogprob(b"\xf0\x9f", -0.5, (TokenChoice(b"a", -1.0), TokenChoice(b"\xff", -2.0)))
COMMANDS: list[Command] = [
    Load(EngineSpec(EngineKind.PICOLLM, "e", "/m.pllm", "gpu:0", access_key="k")),
    Generate(7, Job("Grüße", 5, ("a", "b"), Sampling(0.5, 0.9, 1, -1, -(2**63)), 3)),
    Generate(8, Job("")),
    Interrupt(7),
    Generate(9, Job("text", tokenize=True)),
    Ping(1),
    Shutdown(),
]
REPORTS: list[Report] = [
    Ready(EngineInfo("m", "1", 2048, 2, "cpu:1", chat_template="{{ x }}")),
    LoadFailed(FailureKind.MODEL_FILE, "broken"),
    Accepted(7, 10, None),
    Piece(7, b"\xf0\x9f", (TOKEN,)),
    Done(7, Outcome(EngineFinish.LIMIT, 10, 5, 3, b"\xff", (TOKEN,))),
    Failed(7, FailureKind.CONTEXT_LENGTH, "too long", 9000),
    Done(9, Outcome(EngineFinish.END, 3, 0, token_ids=(1, 2, 3))),
    Pong(1),
]


@given(cuts=st.lists(st.integers(0, 2000), max_size=30))
@settings(max_examples=100)
def test_frames_cut_anywhere_come_out_whole(cuts: list[int]) -> None:
    stream = b"".join(encode_frame(message) for message in [*COMMANDS, *REPORTS])
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = FrameReader()

    bodies = [body for start, end in pairwise(edges) for body in reader.feed(stream[start:end])]

    assert [decode_command(body) for body in bodies[: len(COMMANDS)]] == COMMANDS
    assert [decode_report(body) for body in bodies[len(COMMANDS) :]] == REPORTS


def test_byte_by_byte_is_the_same() -> None:
    reader = FrameReader()
    stream = b"".join(encode_frame(message) for message in REPORTS)

    bodies = [body for byte in stream for body in reader.feed(bytes([byte]))]

    assert [decode_report(body) for body in bodies] == REPORTS


def test_oversized_frame_is_refused_at_its_header() -> None:
    with pytest.raises(ValueError, match="oversized"):
        FrameReader().feed((MAX_FRAME_BYTES + 1).to_bytes(4, "big"))


@given(body=st.binary(max_size=40))
@settings(max_examples=100)
def test_garbage_is_a_value_error_and_nothing_else(body: bytes) -> None:
    try:
        decode_report(body)
    except ValueError:  # msgspec's errors are ValueErrors
        return
    assert body


def test_key_is_not_in_the_words_of_a_spec() -> None:
    assert "secret" not in repr(
        Load(EngineSpec(EngineKind.PICOLLM, "e", "/m", "cpu", access_key="secret"))
    )
