"""picoLLM: one engine on one device, one job at a time.

The traps of the SDK that are closed here, each seen on the real library or its binding:
listed devices are no device arguments (see `devices`), `cpu` without a number takes half of
the host's cores, pieces may split characters (see `picollm_bytes`), seeds outside 31 bits wrap,
error texts may hold the AccessKey, and an interrupt that comes before generation has begun is
lost (the worker repeats it).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from picoserve.engine.engine import EngineError, EngineInfo, EngineSpec, FailureKind, Sink
from picoserve.engine.picollm_bytes import NativeArguments, generate_bytes
from picoserve.generation import EngineFinish, Job, Outcome

_SEEDS: Final = 2**31 - 1
_ENDPOINTS: Final = (
    EngineFinish.END,
    EngineFinish.LIMIT,
    EngineFinish.STOP_PHRASE,
    EngineFinish.INTERRUPTED,
)
_KINDS: Final = {
    "PicoLLMMemoryError": FailureKind.MEMORY,
    "PicoLLMIOError": FailureKind.MODEL_FILE,
    "PicoLLMInvalidArgumentError": FailureKind.INVALID_REQUEST,
    "PicoLLMActivationError": FailureKind.ACTIVATION,
    "PicoLLMActivationLimitError": FailureKind.ACTIVATION,
    "PicoLLMActivationThrottledError": FailureKind.ACTIVATION,
    "PicoLLMActivationRefusedError": FailureKind.ACTIVATION,
}


class PicoLLMEngine:
    """A picoLLM model on one device."""

    def __init__(self, spec: EngineSpec) -> None:
        """Load the model. May go online to check the AccessKey, and may count as an activation.

        Raises:
            EngineError: The package cannot run here, or picoLLM refuses key, file or device.
        """
        if not spec.access_key:
            raise EngineError(
                FailureKind.ACCESS_KEY,
                "no AccessKey: set PICOVOICE_ACCESS_KEY or access_key_file "
                "(a key is to be had from the Picovoice Console)",
            )
        if not Path(spec.path).is_file():
            raise EngineError(
                FailureKind.MODEL_FILE, f"model file '{spec.path}': no such file or no right to it"
            )
        self._module = _import_picollm()
        self._spec = spec
        self._picollm, caching = self._create()
        self._info = EngineInfo(
            model=self._picollm.model,
            version=f"picollm {self._picollm.version}",
            context_length=self._picollm.context_length,
            slots=1,
            device=spec.device,
            max_top_logprobs=self._picollm.max_top_choices,
            context_cache=caching,
        )

    @property
    def info(self) -> EngineInfo:
        """What the engine says of itself."""
        return self._info

    def generate(self, job: Job, sink: Sink) -> Outcome:
        """Run one job to its end. Raises EngineError."""
        room = self._room_for_reply(job.prompt)
        if sink.cancelled:
            return Outcome(EngineFinish.INTERRUPTED, self._info.context_length - room, 0)
        sink.accepted(self._info.context_length - room, None)
        sent = bytearray()

        def on_piece(piece: bytes) -> None:
            if sink.cancelled:
                self._picollm.interrupt()
                return
            sent.extend(piece)
            sink.piece(piece)

        try:
            completion = generate_bytes(
                self._picollm,
                _arguments(job, room),
                on_piece,
                tokens=job.top_logprobs is not None,
            )
        except self._module.PicoLLMError as error:
            raise self._engine_error(error, "generation failed") from None
        finish = _ENDPOINTS[completion.endpoint]
        whole = completion.text.startswith(sent)
        return Outcome(
            finish=finish,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            tail=completion.text[len(sent) :] if whole else b"",
            tokens=completion.tokens,
        )

    def interrupt(self) -> None:
        """Ask the running generate to return; has no effect before its loop has begun."""
        self._picollm.interrupt()

    def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of a text with the model's beginning token. Raises EngineError."""
        try:
            ids: Sequence[int] = self._picollm.tokenize(text, bos=True, eos=False)
        except self._module.PicoLLMError as error:
            raise self._engine_error(error, "tokenizing failed") from None
        return ids

    def close(self) -> None:
        """Free the model."""
        self._picollm.release()

    def _create(self) -> tuple[Any, bool]:
        try:
            return self._create_with(caching=self._spec.context_cache)
        except self._module.PicoLLMError as error:
            if not self._spec.context_cache or _kind(error) is not FailureKind.INVALID_REQUEST:
                raise self._engine_error(error, "cannot start") from None
            first = error
        try:
            # A model without context caching may refuse to start with it.
            return self._create_with(caching=False)
        except self._module.PicoLLMError:
            raise self._engine_error(first, "cannot start") from None

    def _create_with(self, *, caching: bool) -> tuple[Any, bool]:
        created = self._module.create(
            access_key=self._spec.access_key,
            model_path=self._spec.path,
            device=self._spec.device,
            enable_context_caching=caching,
            library_path=self._spec.library_path or None,
        )
        return created, caching

    def _room_for_reply(self, prompt: str) -> int:
        """Tokens that are left for the reply; at least 1."""
        prompt_tokens = len(self.tokenize(prompt))
        room = self._info.context_length - prompt_tokens
        if room <= 0:
            raise EngineError(
                FailureKind.CONTEXT_LENGTH,
                f"the prompt has {prompt_tokens} tokens, the context {self._info.context_length}",
                prompt_tokens=prompt_tokens,
            )
        return room

    def _engine_error(self, error: Any, what: str) -> EngineError:
        """An SDK error as ours. Its class decides; its text may name the AccessKey."""
        kind = _kind(error)
        if kind is FailureKind.INVALID_REQUEST and what == "cannot start":
            kind = FailureKind.ACCESS_KEY
        if kind is FailureKind.RUNTIME and what == "cannot start":
            kind = FailureKind.DEVICE
        detail = " / ".join(error.message_stack).replace(self._spec.access_key, "[AccessKey]")
        name = type(error).__name__
        return EngineError(kind, f"picoLLM {what}: {name}: {_ADVICE.get(kind, '')}({detail})")


_ADVICE: Final = {
    FailureKind.ACCESS_KEY: "the AccessKey or the device is not valid ",
    FailureKind.MODEL_FILE: "the model file is damaged or of another version ",
    FailureKind.ACTIVATION: "the AccessKey's activation was refused; see the Picovoice Console ",
    FailureKind.DEVICE: (
        "the device cannot be used; GPUs newer than Turing need NVIDIA driver R575 or later "
    ),
}


def _import_picollm() -> Any:
    try:
        import picollm  # noqa: PLC0415  # fails to import on machines it does not know
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        raise EngineError(
            FailureKind.MISSING_PACKAGE, f"picollm cannot be used on this machine: {error}"
        ) from error
    return picollm


def _kind(error: Any) -> FailureKind:
    return _KINDS.get(type(error).__name__, FailureKind.RUNTIME)


def _arguments(job: Job, room: int) -> NativeArguments:
    sampling = job.sampling
    return NativeArguments(
        prompt=job.prompt.encode(),
        limit=room if job.max_tokens is None else min(job.max_tokens, room),
        stop=[phrase.encode() for phrase in job.stop if phrase],
        seed=-1 if sampling.seed is None else sampling.seed % _SEEDS + 1,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_choices=job.top_logprobs or 0,
    )
