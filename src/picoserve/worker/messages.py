"""Everything that crosses the pipe between the server and a worker process.

A frame is a 4-byte big-endian length and a msgpack array. Commands go to the worker, reports
come back. Only plain data: a failure crosses as kind and message, never as an exception.
"""

from typing import Final, TypeAlias

import msgspec

from picoserve.engine.engine import EngineInfo, EngineSpec, FailureKind
from picoserve.generation import ContextLoad, Job, Outcome, TokenLogprob

# A frame holds at most a prompt, an image or a reply's tokens; anything larger is a broken pipe.
MAX_FRAME_BYTES: Final = 64 * 1024 * 1024
_HEADER_BYTES: Final = 4


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all messages: an array that begins with the class's name."""


class Load(_Message, frozen=True):
    """First command: build this engine."""

    spec: EngineSpec


class Generate(_Message, frozen=True):
    """Run a job. The number is new for each job of this worker."""

    number: int
    job: Job


class Interrupt(_Message, frozen=True):
    """Nobody wants the rest of this job."""

    number: int


class Ping(_Message, frozen=True):
    """Answered by the listener thread at once, also while a job runs."""

    number: int


class Shutdown(_Message, frozen=True):
    """Finish nothing, free the engine, end. The end of the pipe means the same."""


class Ready(_Message, frozen=True):
    """The engine is loaded. Comes again when a job changes what the engine says of itself."""

    info: EngineInfo


class LoadFailed(_Message, frozen=True):
    """The engine cannot be built; the worker ends after this."""

    kind: FailureKind
    message: str


class Begun(_Message, frozen=True):
    """The worker has taken the job up; what kills the worker from here on may be the job."""

    number: int


class Accepted(_Message, frozen=True):
    """The engine has begun with the prompt."""

    number: int
    prompt_tokens: int | None
    cached_tokens: int | None
    load: ContextLoad | None = None


class Progress(_Message, frozen=True):
    """The engine has evaluated so much of the prompt, in percent."""

    number: int
    percent: int


class Piece(_Message, frozen=True):
    """More bytes of a job's reply."""

    number: int
    data: bytes
    tokens: tuple[TokenLogprob, ...] = ()


class Done(_Message, frozen=True):
    """A job has ended; its place is free."""

    number: int
    outcome: Outcome


class Failed(_Message, frozen=True):
    """A job ended in an error; its place is free."""

    number: int
    kind: FailureKind
    message: str
    prompt_tokens: int | None = None


class Pong(_Message, frozen=True):
    """Answer to Ping."""

    number: int


Command: TypeAlias = Load | Generate | Interrupt | Ping | Shutdown
Report: TypeAlias = Ready | LoadFailed | Begun | Accepted | Progress | Piece | Done | Failed | Pong

_encoder: Final = msgspec.msgpack.Encoder()
_commands: Final = msgspec.msgpack.Decoder(Command)
_reports: Final = msgspec.msgpack.Decoder(Report)


def encode_frame(message: Command | Report) -> bytes:
    """The message as a frame."""
    body = _encoder.encode(message)
    return len(body).to_bytes(_HEADER_BYTES, "big") + body


class FrameReader:
    """Cuts a byte stream into message bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the pipe; returns the bodies that are complete.

        Raises:
            ValueError: A frame is larger than any message can be.
        """
        buffer = self._buffer
        buffer += data
        bodies = []
        start, size = 0, len(buffer)
        while size - start >= _HEADER_BYTES:
            end = start + _HEADER_BYTES + int.from_bytes(buffer[start : start + 4], "big")
            if end - start > MAX_FRAME_BYTES:
                raise ValueError("oversized frame")
            if end > size:
                break
            bodies.append(bytes(buffer[start + _HEADER_BYTES : end]))
            start = end
        del buffer[:start]
        return bodies


def decode_command(body: bytes) -> Command:
    """A command from a frame's body. Raises msgspec.MsgspecError."""
    command: Command = _commands.decode(body)
    return command


def decode_report(body: bytes) -> Report:
    """A report from a frame's body. Raises msgspec.MsgspecError."""
    report: Report = _reports.decode(body)
    return report
