"""The contract that every engine adapter meets, and what tells a worker which one to build."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from typing_extensions import override

from picoserve.generation import ContextLoad, Job, Outcome, TokenLogprob


class FailureKind(StrEnum):
    """What went wrong inside an engine; the pool and the HTTP side decide by this.

    ENGINE_STATE: the engine says that it cannot be used any more, and is started again.
    """

    INVALID_REQUEST = "invalid_request"
    CONTEXT_LENGTH = "context_length"
    UNSUPPORTED = "unsupported"
    MODEL_FILE = "model_file"
    ACCESS_KEY = "access_key"
    ACTIVATION = "activation"
    DEVICE = "device"
    MEMORY = "memory"
    MISSING_PACKAGE = "missing_package"
    ENGINE_STATE = "engine_state"
    RUNTIME = "runtime"


class EngineError(Exception):
    """An engine could not be built or could not do a job.

    Attributes:
        kind: What went wrong.
        message: Text fit for a log and a client: no AccessKey, no prompt.
        prompt_tokens: The prompt's length where that was the reason.
    """

    def __init__(self, kind: FailureKind, message: str, *, prompt_tokens: int | None = None):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.prompt_tokens = prompt_tokens


class Capability(StrEnum):
    """What a model can do, in the words that clients and errors see."""

    GENERATION = "generation"
    EMBEDDINGS = "embeddings"
    VISION = "vision"
    OCR = "ocr"


class EngineKind(StrEnum):
    """Which adapter runs a model."""

    PICOLLM = "picollm"
    LLAMACPP = "llamacpp"


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """All that a worker needs to build its engine. Crosses the pipe once, at the start.

    Attributes:
        name: The engine's name in logs, metrics and headers.
        path: The model file.
        device: A device string that the engine takes (`gpu:0`, `cpu:4`); with llama.cpp `gpu`
            is all GPUs together.
        slots: Jobs that the engine runs side by side.
        access_key: picoLLM's AccessKey; never logged.
        library_path: The native library, where it is not the package's own.
        context_length: Tokens of context per slot, or 0 for what the model says.
        prompt_cache_mib: Most memory for contexts that no slot holds.
        task: What the model is for: `generate`, `embed`, `vision`, `ocr`, or `auto` for what its
            name tells.
        verbose: Whether the native code may print lines about each job, which delay its first
            token.
    """

    kind: EngineKind
    name: str
    path: str
    device: str
    slots: int = 1
    access_key: str = ""
    library_path: str = ""
    context_cache: bool = True
    context_length: int = 0
    prompt_cache_mib: int = 0
    task: str = "auto"
    verbose: bool = False

    @override
    def __repr__(self) -> str:
        return f"EngineSpec({self.kind}, {self.name!r}, {self.path!r}, {self.device!r})"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What a loaded engine says of itself.

    Attributes:
        model: The model's own name.
        chat_template: Jinja source inside the model file, or "".
        bos_token: Text of the token that begins a sequence, or "".
        eos_token: Text of the token that ends one, or "".
        adds_bos: Whether the engine puts `bos_token` before a prompt by itself; None where that
            is not known.
        max_top_logprobs: Most alternatives per token.
        negative_penalties: Whether penalties below zero are taken.
        needs_prompt: Whether nothing can be generated from an empty prompt.
        context_cache: Whether a shared prompt prefix is not evaluated again.
        context_identity: What a saved context must have been saved by to be loaded here, ""
            where contexts cannot be saved.
        capabilities: What the model can do; the last is what it is for.
    """

    model: str
    version: str
    context_length: int
    slots: int
    device: str
    chat_template: str = ""
    bos_token: str = ""
    eos_token: str = ""
    adds_bos: bool | None = None
    max_top_logprobs: int = 0
    negative_penalties: bool = False
    needs_prompt: bool = False
    context_cache: bool = False
    context_identity: str = ""
    capabilities: tuple[Capability, ...] = (Capability.GENERATION,)

    def can(self, capability: Capability) -> bool:
        """Whether the model can do it."""
        return capability in self.capabilities

    def can_interrupt(self, job: Job) -> bool:
        """Whether a job can be ended early; but for generations they always go on to their end.

        So does picoLLM's OCR.
        """
        generates = not (job.embed or job.tokenize)
        return generates and (job.image is None or not self.can(Capability.OCR))


class Sink(Protocol):
    """Where an engine puts what it generates. All methods return at once."""

    @property
    def cancelled(self) -> bool:
        """True once nobody wants the rest."""
        ...

    def accepted(
        self,
        prompt_tokens: int | None,
        cached_tokens: int | None,
        load: ContextLoad | None = None,
    ) -> None:
        """The prompt fits and its evaluation begins.

        Args:
            load: What came of the job's saved context, where it was tried.
        """
        ...

    def progress(self, percent: int) -> None:
        """So much of the prompt has been evaluated, in percent; told of cancelled jobs too.

        A job that is cancelled in its prompt and goes on behind it tells so with 100, once.
        """
        ...

    def piece(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> None:
        """More bytes of the reply; a character may be split over two pieces."""
        ...

    def engine_changed(self, info: EngineInfo) -> None:
        """The engine has learnt something of itself, and may not live to the job's end."""
        ...


class Engine(Protocol):
    """One loaded model on one device.

    At most `info.slots` threads at a time call `generate`, `embed` and `tokenize`. `interrupt` is
    the only call that may come beside these.
    """

    @property
    def info(self) -> EngineInfo:
        """What the engine says of itself."""
        ...

    def generate(self, job: Job, sink: Sink) -> Outcome:
        """Run one job to its end. Raises EngineError."""
        ...

    def embed(self, text: str) -> Outcome:
        """The embedding of a text, in the place of a job. Raises EngineError."""
        ...

    def interrupt(self) -> None:
        """Ask the running generate to return. May be lost; the caller repeats it."""
        ...

    def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of a text, in the place of a job, as a job with this prompt would read it.

        Raises EngineError.
        """
        ...

    def close(self) -> None:
        """Free the model. Nothing may be called afterwards."""
        ...


EngineFactory = Callable[[EngineSpec], Engine]
