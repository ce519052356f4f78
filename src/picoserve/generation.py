"""The vocabulary that every room shares: a job, what an engine says of it, and the events.

Plain data without behaviour. Whatever crosses the pipe to a worker process is built of these.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn.

    Attributes:
        temperature: 0 always takes the likeliest token.
        top_p: Share of the probability mass that may be drawn from, in (0, 1].
        presence_penalty: Taken off every token that has appeared.
        frequency_penalty: Taken off a token for each time it has appeared.
        seed: Any integer for a reproducible draw, or None for a random one.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as engines read it.

    Attributes:
        width: In pixels.
        height: In pixels.
        rgb: 8-bit red, green and blue of each pixel, row by row from the top left.
        digest: Tells it from every other picture.
    """

    width: int
    height: int
    rgb: bytes = field(repr=False)
    digest: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ContextFile:
    """A saved context that holds the beginning of a prompt.

    Attributes:
        path: Absolute path of the file, which an engine has written.
        characters: How much of the prompt it holds.
    """

    path: str
    characters: int


@dataclass(frozen=True, slots=True)
class ContextLoad:
    """What came of loading a saved context.

    Attributes:
        saved_tokens: Prompt tokens that were not evaluated because of it.
        problem: Why it could not be loaded, "" where it was.
    """

    saved_tokens: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One generation, ready for an engine.

    Attributes:
        prompt: The whole text that the engine reads, chat template applied.
        max_tokens: Most tokens to generate, or None for as many as the context holds.
        stop: Phrases that end the generation; the engine may or may not send them.
        top_logprobs: None for no log probabilities, else how many alternatives per token.
        repair_choices: How many alternatives at the places where the job ends, for a repair.
        embed: Not a generation: the prompt's embedding is wanted.
        tokenize: Not a generation: the prompt's token ids are wanted.
        image: What the prompt speaks of, or what is to be read.
        load: A saved context to begin with, where it holds more of the prompt than the engine.
        save_to: Absolute path of a file to save the engine's context in at the end, or "".
        shown_tokens: Control tokens that come as text where the model has them; llama.cpp leaves
            all others out. picoLLM decides by itself.
    """

    prompt: str
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    sampling: Sampling = Sampling()
    top_logprobs: int | None = None
    repair_choices: int = 0
    embed: bool = False
    tokenize: bool = False
    image: Image | None = None
    load: ContextFile | None = None
    save_to: str = ""
    shown_tokens: tuple[str, ...] = ()

    @property
    def context(self) -> str:
        """What the job leaves in an engine's context: the prompt, behind its image's digest."""
        return self.prompt if self.image is None else f"{self.image.digest} {self.prompt}"


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """A token that could stand at one place, as bytes, with its natural log probability."""

    token: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A generated token with the likeliest alternatives at its place."""

    token: bytes
    logprob: float
    top: tuple[TokenChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class ThoughtTags:
    """A reply whose thoughts stand between tags, in front of what it says.

    Attributes:
        opening: Begins the thoughts; looked for as the first thing of a reply only.
        closing: Ends them.
        ending: What the server writes to end thoughts that the model has left open.
        is_open: The prompt has written `opening`, so that the reply begins with a thought.
    """

    opening: str
    closing: str
    ending: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class HarmonyChannels:
    """A reply in harmony, gpt-oss's format: thoughts, text and calls are messages on channels.

    Attributes:
        marks: What begins and ends messages and their parts.
    """

    marks: tuple[str, ...]


ThoughtFormat: TypeAlias = ThoughtTags | HarmonyChannels
"""How a model tells its thoughts from what it says."""


class EngineFinish(StrEnum):
    """Why an engine stopped generating."""

    END = "end"
    LIMIT = "limit"
    STOP_PHRASE = "stop_phrase"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an engine reports at the end of a job.

    Attributes:
        tail: Bytes of the reply that no piece has brought.
        cached_tokens: Prompt tokens that were not evaluated again; None where the engine
            does not say.
        tokens: The generated tokens, for engines that tell them only at the end.
        embedding: Little-endian 32-bit floats, for a job that wants them.
        token_ids: Those of the prompt, for a job that wants them.
    """

    finish: EngineFinish
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None = None
    tail: bytes = b""
    tokens: tuple[TokenLogprob, ...] = ()
    embedding: bytes = b""
    token_ids: tuple[int, ...] = ()


class FinishReason(StrEnum):
    """Why a choice ended, in OpenAI's words."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written for one request.

    Attributes:
        cached_tokens: None where the engine does not say.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The engine has accepted the job; errors after this event come in-band."""

    prompt_tokens: int | None
    engine: str


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """How much of a prompt has been evaluated, in percent; not told of one that takes no time."""

    percent: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the reply."""

    text: str
    logprobs: tuple[TokenLogprob, ...] | None = None


@dataclass(frozen=True, slots=True)
class ThoughtDelta:
    """More of what the model thinks before it replies."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The beginning of a tool call, or more of its arguments.

    Attributes:
        index: The call's number within the reply.
        id: Set on the first delta of a call only.
        name: Set on the first delta of a call only.
        arguments: JSON text.
    """

    index: int
    arguments: str = ""
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a generation went."""

    wait_seconds: float
    prompt_seconds: float
    reply_seconds: float


@dataclass(frozen=True, slots=True)
class Finish:
    """The last event of a generation."""

    reason: FinishReason
    usage: Usage
    logprobs: tuple[TokenLogprob, ...] | None = None
    timings: Timings | None = None


Event: TypeAlias = Started | PromptProgress | ThoughtDelta | TextDelta | ToolCallDelta | Finish
IndexedEvents: TypeAlias = list[tuple[int, Event]]
"""Events of several choices, each with its choice's index."""
