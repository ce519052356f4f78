"""llama.cpp through `xllamacpp`: any GGUF model, several jobs side by side.

The package runs llama.cpp's own server object in this process. It insists on listening
somewhere, so it gets a Unix socket in a folder that only this user can enter, and a key
nobody else knows: no TCP port is opened.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from picoserve.engine.engine import EngineError, EngineInfo, EngineSpec, FailureKind, Sink
from picoserve.engine.llamacpp_loading import (
    import_xllamacpp,
    load_params,
    read_header,
    slot_context,
)
from picoserve.engine.llamacpp_run import LlamaCppRun
from picoserve.engine.llamacpp_socket import SocketFolder
from picoserve.generation import Job, Outcome

_RANDOM_SEED: Final = 0xFFFFFFFF
_MOST_TOKENS: Final = 2**31 - 1
_MAX_TOP_LOGPROBS: Final = 128


class LlamaCppEngine:
    """One GGUF model with `spec.slots` places for jobs."""

    def __init__(self, spec: EngineSpec) -> None:
        """Load the model.

        Raises:
            EngineError: The package or a system library is missing, the file cannot be read,
                there is no such device, or llama.cpp refuses it.
        """
        xllamacpp = import_xllamacpp()
        header = read_header(Path(spec.path))
        context = slot_context(spec.context_length, header.context_length)
        params = load_params(xllamacpp, spec, context)
        self._folder = _socket_folder()
        self._key = secrets.token_hex(16)
        params.hostnames = [str(self._folder.socket)]
        params.api_keys = [self._key]
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            self._folder.remove()
            raise EngineError(
                FailureKind.RUNTIME,
                f"llama.cpp cannot load '{spec.path}'; its last lines in the log say why: there "
                "may be too little memory, or the model may need a newer xllamacpp",
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
            adds_bos=header.adds_bos,
            max_top_logprobs=_MAX_TOP_LOGPROBS,
            negative_penalties=True,
            needs_prompt=not header.bos_token,
            context_cache=spec.context_cache,
        )

    @property
    def info(self) -> EngineInfo:
        """What the engine says of itself."""
        return self._info

    def generate(self, job: Job, sink: Sink) -> Outcome:
        """Run one job to its end. Raises EngineError."""
        with_tokens = _wants_tokens(job)
        run = LlamaCppRun(sink, with_tokens=with_tokens, stop=job.stop if with_tokens else ())
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

        return token_ids(self._folder.socket, self._key, text)

    def close(self) -> None:
        """Free the model."""
        del self._server
        self._folder.remove()

    def _beginning(self) -> str:
        """What stands for an empty prompt: nothing where llama.cpp puts a token there itself."""
        return "" if self.tokenize("") else self._info.bos_token

    def _body(self, job: Job) -> dict[str, Any]:
        sampling = job.sampling
        seed = _RANDOM_SEED if sampling.seed is None else sampling.seed % _RANDOM_SEED
        body: dict[str, Any] = {
            "prompt": job.prompt or self._beginning(),
            "stream": True,
            "return_progress": True,
            "cache_prompt": self._cache,
            "n_predict": -1 if job.max_tokens is None else min(job.max_tokens, _MOST_TOKENS),
            # What may be the beginning of one is held back, and its tokens then lose their text.
            "stop": [] if _wants_tokens(job) else list(job.stop),
            "seed": seed,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": 0,
            "min_p": 0.0,
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
            "repeat_last_n": self._info.context_length,
        }
        if job.shown_tokens:
            body["preserved_tokens"] = list(job.shown_tokens)
        if _wants_tokens(job):
            body["n_probs"] = max(1, job.top_logprobs or 0, job.repair_choices)
        return body


def _wants_tokens(job: Job) -> bool:
    return job.top_logprobs is not None or job.repair_choices > 0


def _socket_folder() -> SocketFolder:
    try:
        return SocketFolder()
    except OSError as error:
        raise EngineError(
            FailureKind.RUNTIME,
            f"no folder for llama.cpp's socket could be made among the temporary files "
            f"({error.strerror}): TMPDIR should name a folder that can be written to",
        ) from error
