"""picoLLM: one engine on one device, one job at a time.

The traps of the SDK that are closed here, each seen on the real library or its binding:
listed devices are no device arguments (see `devices`), `cpu` without a number takes half of
the host's cores, pieces may split characters (see `picollm_bytes`), seeds outside 31 bits wrap,
error texts may hold the AccessKey, and an interrupt that comes before generation has begun is
lost (the worker repeats it). Errors are in `picollm_errors`.
"""

import struct
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from picoserve.engine.engine import (
    Capability,
    EngineError,
    EngineInfo,
    EngineSpec,
    FailureKind,
    Sink,
)
from picoserve.engine.picollm_bytes import (
    NativeArguments,
    NativeCompletion,
    generate_bytes,
    ocr_bytes,
)
from picoserve.engine.picollm_capabilities import capabilities_of
from picoserve.engine.picollm_errors import Moment, engine_error, says_no_reason, speaks_of_caching
from picoserve.engine.picollm_relay import Relay
from picoserve.generation import EngineFinish, Job, Outcome

_SEEDS: Final = 2**31 - 1
_ENDPOINTS: Final = (
    EngineFinish.END,
    EngineFinish.LIMIT,
    EngineFinish.STOP_PHRASE,
    EngineFinish.INTERRUPTED,
)


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
        # An interrupt may come from another thread while the handle is exchanged.
        self._handle_lock = threading.Lock()
        self._picollm, caching = self._create()
        self._info = EngineInfo(
            model=self._picollm.model,
            version=f"picollm {self._picollm.version}",
            context_length=self._picollm.context_length,
            slots=1,
            device=spec.device,
            max_top_logprobs=self._picollm.max_top_choices,
            context_cache=caching,
            capabilities=capabilities_of(spec.task, self._picollm.model, Path(spec.path).stem),
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
        relay = Relay(sink, self.interrupt, self._info.context_length - room)
        if job.image is None:
            relay.accept()
        try:
            completion = self._run(job, room, relay)
        except EngineError as error:
            if error.kind is FailureKind.CONTEXT_LENGTH and relay.count:
                # What an image takes of the context is not known before.
                return Outcome(EngineFinish.LIMIT, relay.prompt_tokens, relay.count)
            raise
        whole = completion.text.startswith(relay.sent)
        return Outcome(
            finish=_ENDPOINTS[completion.endpoint],
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            tail=completion.text[len(relay.sent) :] if whole else b"",
            tokens=completion.tokens,
        )

    def embed(self, text: str) -> Outcome:
        """The embedding of a text. Raises EngineError."""
        prompt_tokens = self._info.context_length - self._room_for_reply(text)
        try:
            values = self._picollm.generate_embeddings(text)
        except self._module.PicoLLMError as error:
            raise self._error(error, "run") from None
        return Outcome(
            EngineFinish.END, prompt_tokens, 0, embedding=struct.pack(f"<{len(values)}f", *values)
        )

    def interrupt(self) -> None:
        """Ask the running generate to return; has no effect before its loop has begun."""
        with self._handle_lock:
            if self._picollm is not None:
                self._picollm.interrupt()

    def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of a text with the model's beginning token. Raises EngineError."""
        try:
            ids: Sequence[int] = self._picollm.tokenize(text, bos=True, eos=False)
        except self._module.PicoLLMError as error:
            raise self._error(error, "run") from None
        return ids

    def close(self) -> None:
        """Free the model."""
        self._picollm.release()

    def _run(self, job: Job, room: int, relay: Relay) -> NativeCompletion:
        """The native call; once more without context caching where the model has none."""
        try:
            return self._call(job, room, relay)
        except self._module.PicoLLMError as error:
            if not (self._info.context_cache and speaks_of_caching(error)):
                raise self._error(error, "run") from None
        self._leave_caching()
        try:
            return self._call(job, room, relay)
        except self._module.PicoLLMError as error:
            raise self._error(error, "run") from None

    def _call(self, job: Job, room: int, relay: Relay) -> NativeCompletion:
        arguments = _arguments(job, room)
        if job.image is None or not self._info.can(Capability.OCR):
            wanted = job.top_logprobs is not None
            return generate_bytes(self._picollm, arguments, relay, tokens=wanted)
        completion = ocr_bytes(self._picollm, job.image, arguments.limit, relay)
        return replace(completion, completion_tokens=self._counted(completion.text, relay.count))

    def _counted(self, text: bytes, pieces: int) -> int:
        """Tokens of an OCR's text, of which the SDK reports none; its pieces where it cannot."""
        try:
            return len(self._picollm.tokenize(text.decode(errors="replace"), bos=False, eos=False))
        except self._module.PicoLLMError:
            return pieces

    def _leave_caching(self) -> None:
        """Load the model again, without context caching: its first use said that it has none."""
        with self._handle_lock:
            old, self._picollm = self._picollm, None
            old.release()
        try:
            self._picollm, _ = self._create_with(caching=False)
        except self._module.PicoLLMError as error:
            raise self._error(error, "start") from None
        self._info = replace(self._info, context_cache=False)

    def _create(self) -> tuple[Any, bool]:
        try:
            return self._create_with(caching=self._spec.context_cache)
        except self._module.PicoLLMInvalidArgumentError as error:
            may_be_caching = speaks_of_caching(error) or says_no_reason(error)
            if not self._spec.context_cache or not may_be_caching:
                raise self._error(error, "start") from None
        except self._module.PicoLLMError as error:
            raise self._error(error, "start") from None
        try:
            # A model without context caching may refuse to start with it.
            return self._create_with(caching=False)
        except self._module.PicoLLMError as error:
            raise self._error(error, "start") from None

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
        if not prompt:
            return self._info.context_length
        prompt_tokens = len(self.tokenize(prompt))
        room = self._info.context_length - prompt_tokens
        if room <= 0:
            raise EngineError(
                FailureKind.CONTEXT_LENGTH,
                f"the prompt has {prompt_tokens} tokens, the context {self._info.context_length}",
                prompt_tokens=prompt_tokens,
            )
        return room

    def _error(self, error: Any, moment: Moment) -> EngineError:
        return engine_error(error, moment, secret=self._spec.access_key, device=self._spec.device)


def _import_picollm() -> Any:
    try:
        import picollm  # noqa: PLC0415  # fails to import on machines it does not know
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        raise EngineError(
            FailureKind.MISSING_PACKAGE, f"picollm cannot be used on this machine: {error}"
        ) from error
    return picollm


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
        image=job.image,
    )
