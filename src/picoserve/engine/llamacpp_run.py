"""Reads llama.cpp's answers for one job and passes them on."""

from collections.abc import Sequence
from typing import Any, Final

from picoserve.engine.engine import EngineError, FailureKind, Sink
from picoserve.generation import EngineFinish, Outcome, TokenChoice, TokenLogprob

_ERROR_KINDS: Final = {
    "exceed_context_size_error": FailureKind.CONTEXT_LENGTH,
    "invalid_request_error": FailureKind.INVALID_REQUEST,
}
_FINISH: Final = {"stop": EngineFinish.END, "length": EngineFinish.LIMIT}


class LlamaCppRun:
    """One job: its answers come to `on_answer`, what it came to is its `outcome`."""

    def __init__(self, sink: Sink, *, with_tokens: bool, stop: Sequence[str] = ()) -> None:
        """Begin a job.

        Args:
            sink: Where what is generated goes.
            with_tokens: Whether the pieces' tokens are wanted.
            stop: Phrases that end the job and that llama.cpp does not know of.
        """
        self._sink = sink
        self._with_tokens = with_tokens
        self._stop = tuple(phrase for phrase in stop if phrase)
        self._longest_stop = max(map(len, self._stop), default=0)
        self._end = ""
        self._finish = EngineFinish.INTERRUPTED
        self._last: dict[str, Any] | None = None
        self._failure: BaseException | None = None
        self._prompt_tokens: int | None = None
        self._cached_tokens: int | None = None
        self._pieces = 0

    def on_answer(self, answer: dict[str, Any]) -> bool:
        """Take one answer; True tells llama.cpp to stop."""
        try:
            return self._take(answer)
        except Exception as error:  # noqa: BLE001  # must not cross into native code
            self._failure = error
            return True

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
            return Outcome(
                self._finish, self._prompt_tokens or 0, self._pieces, self._cached_tokens
            )
        usage = last["usage"]
        return Outcome(
            finish=_FINISH[last["choices"][0]["finish_reason"]],
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
            cached_tokens=usage["prompt_tokens_details"]["cached_tokens"],
        )

    def _take(self, answer: dict[str, Any]) -> bool:
        if "error" in answer:
            self._last = answer
            return True
        progress = answer.get("prompt_progress")
        if progress is not None:
            self._take_progress(progress)
            return self._sink.cancelled
        choice = answer["choices"][0]
        if choice["finish_reason"] is not None:
            self._last = answer
        text = choice["text"]
        if text or choice["logprobs"]:
            self._pieces += 1
            tokens = _tokens(choice["logprobs"]) if self._with_tokens else ()
            if text or tokens:
                self._sink.piece(text.encode(), tokens)
        return self._has_stopped(text) or self._sink.cancelled

    def _take_progress(self, progress: dict[str, int]) -> None:
        """One comes before the prompt, one after each batch; the first piece follows the last."""
        total, processed = progress["total"], progress["processed"]
        if self._prompt_tokens is None:
            self._prompt_tokens, self._cached_tokens = total, progress["cache"]
            self._sink.accepted(total, progress["cache"])
        elif processed < total:
            self._sink.progress(100 * processed // total)

    def _has_stopped(self, text: str) -> bool:
        if not self._stop:
            return False
        end = self._end + text
        self._end = end[-self._longest_stop :]
        if any(phrase in end for phrase in self._stop):
            self._finish = EngineFinish.STOP_PHRASE
        return self._finish is EngineFinish.STOP_PHRASE


def _tokens(logprobs: dict[str, Any] | None) -> tuple[TokenLogprob, ...]:
    """The tokens with text: the one that ends a reply has none."""
    if logprobs is None:
        return ()
    return tuple(
        TokenLogprob(
            bytes(item["bytes"]),
            item["logprob"],
            tuple(TokenChoice(bytes(top["bytes"]), top["logprob"]) for top in item["top_logprobs"]),
        )
        for item in logprobs["content"]
        if item["bytes"]
    )


def _engine_error(error: dict[str, Any]) -> EngineError:
    return EngineError(
        _ERROR_KINDS.get(error.get("type", ""), FailureKind.RUNTIME),
        f"llama.cpp: {error.get('message', 'unknown error')}",
        prompt_tokens=error.get("n_prompt_tokens"),
    )
