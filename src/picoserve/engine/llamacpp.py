"""llama.cpp through `xllamacpp`: any GGUF model, several jobs side by side.

The package runs llama.cpp's own server object in this process. It insists on listening
somewhere, so it gets a Unix socket in a folder that only this user can enter, and a key
nobody else knows: no TCP port is opened.
"""

import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from picoserve.engine.engine import EngineError, EngineInfo, EngineSpec, FailureKind, Sink
from picoserve.engine.gguf_header import GGUFError, GGUFHeader, load_gguf_header
from picoserve.generation import EngineFinish, Job, Outcome, TokenChoice, TokenLogprob

# A model trained for 128k tokens would take gigabytes of memory unasked.
_DEFAULT_CONTEXT: Final = 8192
_FALLBACK_CONTEXT: Final = 2048
# The prompt is evaluated in batches of this many tokens; a cancelled job waits for one.
_BATCH_TOKENS: Final = 256
_ALL_LAYERS: Final = 999
# Of llama.cpp's levels of logging: warnings and errors. The one above has seven lines for each
# job, a third of the time to the tiny model's first token.
_WARNINGS: Final = 2
_RANDOM_SEED: Final = 0xFFFFFFFF
_MOST_TOKENS: Final = 2**31 - 1
_MAX_TOP_LOGPROBS: Final = 128
_ERROR_KINDS: Final = {
    "exceed_context_size_error": FailureKind.CONTEXT_LENGTH,
    "invalid_request_error": FailureKind.INVALID_REQUEST,
}
_FINISH: Final = {"stop": EngineFinish.END, "length": EngineFinish.LIMIT}


class LlamaCppEngine:
    """One GGUF model with `spec.slots` places for jobs."""

    def __init__(self, spec: EngineSpec) -> None:
        """Load the model.

        Raises:
            EngineError: The package or a system library is missing, the file cannot be read,
                or llama.cpp refuses it.
        """
        xllamacpp = _import_xllamacpp()
        header = _read_header(Path(spec.path))
        context = spec.context_length or min(
            header.context_length or _FALLBACK_CONTEXT, _DEFAULT_CONTEXT
        )
        self._socket_folder = tempfile.TemporaryDirectory(prefix="picoserve-")
        self._socket = Path(self._socket_folder.name) / "llama.sock"
        self._key = secrets.token_hex(16)
        params = _params(xllamacpp, spec, context)
        params.hostnames = [str(self._socket)]
        params.api_keys = [self._key]
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            self._socket_folder.cleanup()
            raise EngineError(
                FailureKind.MODEL_FILE,
                f"llama.cpp cannot load '{spec.path}' ({error}); "
                "the file may be truncated or need a newer xllamacpp",
            ) from error
        self._cache = spec.context_cache
        self._info = EngineInfo(
            model=header.name,
            version=f"xllamacpp {xllamacpp.__version__}",
            context_length=context,
            slots=spec.slots,
            device=spec.device,
            chat_template=header.chat_template,
            bos_token=header.bos_token,
            eos_token=header.eos_token,
            max_top_logprobs=_MAX_TOP_LOGPROBS,
            negative_penalties=True,
            context_cache=spec.context_cache,
        )

    @property
    def info(self) -> EngineInfo:
        """What the engine says of itself."""
        return self._info

    def generate(self, job: Job, sink: Sink) -> Outcome:
        """Run one job to its end. Raises EngineError."""
        run = _Run(sink, with_tokens=job.top_logprobs is not None or job.repair_choices > 0)
        answer = self._server.handle_completions(self._body(job), run.on_answer)
        return run.outcome(answer)

    def embed(self, text: str) -> Outcome:
        """Not supported: the server object is loaded for generating. Raises EngineError."""
        raise EngineError(
            FailureKind.UNSUPPORTED,
            f"the llama.cpp engine makes no embeddings ({len(text)} characters asked for)",
        )

    def interrupt(self) -> None:
        """Nothing to do: each callback asks the sink whether the job is still wanted."""

    def tokenize(self, text: str) -> Sequence[int]:
        """The tokens of a prompt. Raises EngineError."""
        # Nobody needs it until somebody asks, and it brings fifty modules.
        from picoserve.engine.llamacpp_tokens import token_ids  # noqa: PLC0415

        return token_ids(self._socket, self._key, text)

    def close(self) -> None:
        """Free the model."""
        del self._server
        self._socket_folder.cleanup()

    def _body(self, job: Job) -> dict[str, Any]:
        sampling = job.sampling
        seed = _RANDOM_SEED if sampling.seed is None else sampling.seed % _RANDOM_SEED
        body: dict[str, Any] = {
            "prompt": job.prompt,
            "stream": True,
            "return_progress": True,
            "cache_prompt": self._cache,
            "n_predict": -1 if job.max_tokens is None else min(job.max_tokens, _MOST_TOKENS),
            "stop": list(job.stop),
            "seed": seed,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": 0,
            "min_p": 0.0,
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
            "repeat_last_n": self._info.context_length,
        }
        if job.top_logprobs is not None or job.repair_choices:
            body["n_probs"] = max(1, job.top_logprobs or 0, job.repair_choices)
        return body


class _Run:
    """Reads llama.cpp's answers for one job and passes them on."""

    def __init__(self, sink: Sink, *, with_tokens: bool) -> None:
        self._sink = sink
        self._with_tokens = with_tokens
        self._accepted = False
        self._last: dict[str, Any] | None = None
        self._failure: BaseException | None = None
        self._prompt_tokens = 0
        self._pieces = 0

    def on_answer(self, answer: dict[str, Any]) -> bool:
        """Take one answer; True tells llama.cpp to stop."""
        try:
            return self._take(answer)
        except Exception as error:  # noqa: BLE001  # must not cross into native code
            self._failure = error
            return True

    def _take(self, answer: dict[str, Any]) -> bool:
        if "error" in answer:
            self._last = answer
            return True
        progress = answer.get("prompt_progress")
        if progress is not None:
            if not self._accepted:
                self._accepted = True
                self._prompt_tokens = progress["total"]
                self._sink.accepted(progress["total"], progress["cache"])
            return self._sink.cancelled
        choice = answer["choices"][0]
        if choice["finish_reason"] is not None:
            self._last = answer
        text = choice["text"]
        if text or choice["logprobs"]:
            self._pieces += 1
            tokens = _tokens(choice["logprobs"]) if self._with_tokens else ()
            self._sink.piece(text.encode(), tokens)
        return self._sink.cancelled

    def outcome(self, returned: dict[str, Any] | None) -> Outcome:
        """What the job came to. Raises EngineError."""
        if self._failure is not None:
            raise EngineError(FailureKind.RUNTIME, "reading llama.cpp's answer failed") from (
                self._failure
            )
        last = self._last if self._last is not None else returned
        if last is not None and "error" in last:
            raise _engine_error(last["error"])
        if last is None:
            return Outcome(EngineFinish.INTERRUPTED, self._prompt_tokens, self._pieces)
        usage = last["usage"]
        return Outcome(
            finish=_FINISH[last["choices"][0]["finish_reason"]],
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
            cached_tokens=usage["prompt_tokens_details"]["cached_tokens"],
        )


def _import_xllamacpp() -> Any:
    try:
        import xllamacpp  # noqa: PLC0415  # optional, and heavy
    except ImportError as error:
        if "libgomp" in str(error):
            message = (
                "llama.cpp needs the system library libgomp.so.1: "
                "install it (Debian and Ubuntu: apt-get install libgomp1)"
            )
        else:
            message = (
                "the llama.cpp engine is not installed: pip install 'picoserve[llamacpp]' "
                f"({error})"
            )
        raise EngineError(FailureKind.MISSING_PACKAGE, message) from error
    return xllamacpp


def _read_header(path: Path) -> GGUFHeader:
    try:
        return load_gguf_header(path)
    except GGUFError as error:
        raise EngineError(FailureKind.MODEL_FILE, f"model file '{path}': {error}") from error
    except OSError as error:
        reason = error.strerror or "cannot be opened"
        raise EngineError(FailureKind.MODEL_FILE, f"model file '{path}': {reason}") from error


def _params(xllamacpp: Any, spec: EngineSpec, context: int) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = spec.path
    params.n_parallel = spec.slots
    params.n_ctx = context * spec.slots
    # llama.cpp's own default is 8 GiB.
    params.cache_ram_mib = spec.prompt_cache_mib if spec.context_cache else 0
    params.kv_unified = params.cache_idle_slots = False
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.n_threads_http = 1
    if not spec.verbose:
        params.verbosity = _WARNINGS
    device, _, number = spec.device.partition(":")
    if device == "gpu":
        params.n_gpu_layers = _ALL_LAYERS
        params.main_gpu = int(number or 0)
    else:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(number or 1)
    return params


def _tokens(logprobs: dict[str, Any] | None) -> tuple[TokenLogprob, ...]:
    if logprobs is None:
        return ()
    return tuple(
        TokenLogprob(
            bytes(item["bytes"]),
            item["logprob"],
            tuple(TokenChoice(bytes(top["bytes"]), top["logprob"]) for top in item["top_logprobs"]),
        )
        for item in logprobs["content"]
    )


def _engine_error(error: dict[str, Any]) -> EngineError:
    return EngineError(
        _ERROR_KINDS.get(error.get("type", ""), FailureKind.RUNTIME),
        f"llama.cpp: {error.get('message', 'unknown error')}",
        prompt_tokens=error.get("n_prompt_tokens"),
    )
