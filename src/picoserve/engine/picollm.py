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
    WantedTokens,
    generate_bytes,
    ocr_bytes,
)
from picoserve.engine.picollm_capabilities import capabilities_of
from picoserve.engine.picollm_context import HeldContext, context_identity
from picoserve.engine.picollm_creation import create, create_without_caching, import_picollm
from picoserve.engine.picollm_errors import Moment, engine_error, speaks_of_caching
from picoserve.engine.picollm_relay import Relay
from picoserve.files import why_unreadable
from picoserve.generation import ContextLoad, EngineFinish, Job, Outcome

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
        if reason := why_unreadable(Path(spec.path)):
            raise EngineError(FailureKind.MODEL_FILE, f"model file '{spec.path}': {reason}")
        self._module = import_picollm()
        self._spec = spec
        # An interrupt may come from another thread while the handle is exchanged.
        self._handle_lock = threading.Lock()
        self._picollm, caching = create(self._module, spec)
        self._context = HeldContext()
        model, version, path = self._picollm.model, self._picollm.version, Path(spec.path)
        capabilities = capabilities_of(spec.task, model, path.stem)
        # What a context holds that was made with an image, nobody says.
        saves = caching and capabilities == (Capability.GENERATION,)
        self._info = EngineInfo(
            model=model,
            version=f"picollm {version}",
            context_length=self._picollm.context_length,
            slots=1,
            device=spec.device,
            max_top_logprobs=self._picollm.max_top_choices,
            context_cache=caching,
            context_identity=context_identity(model, version, spec.device, path) if saves else "",
            capabilities=capabilities,
        )

    @property
    def info(self) -> EngineInfo:
        """What the engine says of itself."""
        return self._info

    def generate(self, job: Job, sink: Sink) -> Outcome:
        """Run one job to its end. Raises EngineError."""
        ids = self._fitting_ids(job.prompt)
        load = None if sink.cancelled else self._load(job, ids)
        if sink.cancelled:
            return Outcome(EngineFinish.INTERRUPTED, len(ids), 0)
        cached = self._context.reused(ids) if self._tells_cached(job) else None
        relay = Relay(sink, self.interrupt, len(ids), cached, load)
        if job.image is None:
            relay.accept()
        self._context.lose_track()
        try:
            completion = self._run(job, self._info.context_length - len(ids), relay, sink)
        except EngineError as error:
            if error.kind is FailureKind.CONTEXT_LENGTH and relay.count:
                # What an image takes of the context is not known before.
                return Outcome(EngineFinish.LIMIT, relay.prompt_tokens, relay.count)
            raise
        finish = _ENDPOINTS[completion.endpoint]
        if self._tells_cached(job):
            is_sure = finish is not EngineFinish.INTERRUPTED
            self._context.hold([*ids, *self._reply_ids(completion)], is_sure=is_sure)
        if job.save_to and not sink.cancelled:
            self._save(job.save_to)
        whole = completion.text.startswith(relay.sent)
        return Outcome(
            finish=finish,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            cached_tokens=cached if self._tells_cached(job) else None,
            tail=completion.text[len(relay.sent) :] if whole else b"",
            tokens=completion.tokens,
        )

    def embed(self, text: str) -> Outcome:
        """The embedding of a text. Raises EngineError."""
        prompt_tokens = len(self._fitting_ids(text))
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
        if self._picollm is not None:
            self._picollm.release()

    def _run(self, job: Job, room: int, relay: Relay, sink: Sink) -> NativeCompletion:
        """The native call; once more without context caching where the model has none."""
        try:
            return self._call(job, room, relay)
        except self._module.PicoLLMError as error:
            if not (self._info.context_cache and speaks_of_caching(error)):
                raise self._error(error, "run") from None
        self._leave_caching(sink)
        try:
            return self._call(job, room, relay)
        except self._module.PicoLLMError as error:
            raise self._error(error, "run") from None

    def _call(self, job: Job, room: int, relay: Relay) -> NativeCompletion:
        arguments = _arguments(job, room)
        if job.image is None or not self._info.can(Capability.OCR):
            return generate_bytes(self._picollm, arguments, relay, _wanted_tokens(job))
        completion = ocr_bytes(self._picollm, job.image, arguments.limit, relay)
        # Of an OCR's text the SDK reports no tokens; where they cannot be counted, pieces are.
        ids = self._own_ids(completion.text)
        return replace(completion, completion_tokens=relay.count if ids is None else len(ids))

    def _leave_caching(self, sink: Sink) -> None:
        """Load the model again, without context caching: its first use said that it has none.

        Loading hears no interrupt. Told before, the next start knows what this one has learnt.
        """
        self._info = replace(self._info, context_cache=False, context_identity="")
        sink.engine_changed(self._info)
        with self._handle_lock:
            old, self._picollm = self._picollm, None
            old.release()
        try:
            self._picollm = create_without_caching(self._module, self._spec)
        except EngineError as error:
            if error.kind is FailureKind.ACTIVATION:
                raise
            raise EngineError(FailureKind.ENGINE_STATE, error.message) from None

    def _tells_cached(self, job: Job) -> bool:
        """Whether what the cache holds can be known: images have tokens that nobody tells."""
        return self._info.context_cache and job.image is None

    def _load(self, job: Job, ids: Sequence[int]) -> ContextLoad | None:
        """Load the job's saved context where it holds more of the prompt than the cache does."""
        if job.load is None:
            return None
        loadable = self.tokenize(job.prompt[: job.load.characters])
        gain = self._context.gain(loadable, ids)
        if gain <= 0:
            return None
        self._context.lose_track()
        try:
            self._picollm.context_load(job.load.path)
        except self._module.PicoLLMError as error:
            failure = self._error(error, "run")
            if failure.kind is FailureKind.ACTIVATION:
                raise failure from None
            return ContextLoad(0, failure.message)
        self._context.hold(loadable)
        return ContextLoad(gain)

    def _save(self, path: str) -> None:
        try:
            self._picollm.context_save(path)
        except self._module.PicoLLMError as error:
            raise self._error(error, "run") from None

    def _reply_ids(self, completion: NativeCompletion) -> Sequence[int]:
        """The reply's tokens, which the library does not tell; none where they are in doubt."""
        ids = self._own_ids(completion.text) or ()
        return ids if len(ids) == completion.completion_tokens else ()

    def _own_ids(self, text: bytes) -> Sequence[int] | None:
        """A reply as the tokenizer cuts it; None where it cannot."""
        try:
            ids: Sequence[int] = self._picollm.tokenize(
                text.decode(errors="replace"), bos=False, eos=False
            )
        except self._module.PicoLLMError:
            return None
        return ids

    def _fitting_ids(self, prompt: str) -> Sequence[int]:
        """The prompt's tokens, which leave room for at least one more; none for no prompt."""
        ids = self.tokenize(prompt) if prompt else ()
        if len(ids) >= self._info.context_length:
            raise EngineError(
                FailureKind.CONTEXT_LENGTH,
                f"the prompt has {len(ids)} tokens, the context {self._info.context_length}",
                prompt_tokens=len(ids),
            )
        return ids

    def _error(self, error: Any, moment: Moment) -> EngineError:
        return engine_error(error, moment, secret=self._spec.access_key, device=self._spec.device)


def _wanted_tokens(job: Job) -> WantedTokens | None:
    if job.top_logprobs is None and not job.repair_choices:
        return None
    return WantedTokens(choices=job.top_logprobs or 0, last_choices=job.repair_choices)


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
        top_choices=max(job.top_logprobs or 0, job.repair_choices),
        image=job.image,
    )
