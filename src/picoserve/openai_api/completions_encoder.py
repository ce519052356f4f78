"""Events → text completion chunks, and the fold into one answer."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from picoserve.generation import (
    Event,
    Finish,
    IndexedEvents,
    PromptProgress,
    Started,
    TextDelta,
    ThoughtDelta,
    TokenLogprob,
    ToolCallDelta,
)
from picoserve.openai_api.answer import AnswerHead
from picoserve.openai_api.chat_encoder import DONE
from picoserve.openai_api.timings import timings_object
from picoserve.openai_api.usage import usage_object

_json: Final = msgspec.json.Encoder()


class CompletionStreamEncoder:
    """Events → `data:` lines of one streamed text completion."""

    def __init__(self, head: AnswerHead) -> None:
        self._head = head
        self._finishes: dict[int, Finish] = {}
        self._offsets = [0] * head.choices

    def encode(self, events: IndexedEvents) -> bytes:
        """Chunks for these events, in order; may be empty."""
        return b"".join(self._event(index, event) for index, event in events)

    def end(self) -> bytes:
        """Usage, if asked for, and the end mark."""
        if not self._head.include_usage:
            return DONE
        return self._chunk([], _totals(self._finishes, self._head)) + DONE

    def _event(self, index: int, event: Event) -> bytes:
        match event:
            case TextDelta(text=text, logprobs=tokens):
                logprobs = completion_logprobs(
                    tokens, self._head.top_logprobs, self._offsets[index]
                )
                self._offsets[index] += len(text)
                return self._chunk([_choice(index, text, logprobs, None)])
            case Finish(reason=reason):
                self._finishes[index] = event
                totals = {} if self._head.include_usage else _timings([event], self._head)
                return self._chunk([_choice(index, "", None, reason)], totals)
            case Started() | PromptProgress() | ThoughtDelta() | ToolCallDelta():
                return b""

    def _chunk(
        self, choices: list[dict[str, object]], totals: Mapping[str, object] | None = None
    ) -> bytes:
        head = self._head
        body: dict[str, object] = {
            "id": head.id,
            "object": "text_completion",
            "created": head.created,
            "model": head.model,
            "choices": choices,
        }
        if head.include_usage:
            body["usage"] = None
        return b"data: " + _json.encode({**body, **(totals or {})}) + b"\n\n"


class CompletionFold:
    """Events → one text completion object."""

    def __init__(self, head: AnswerHead) -> None:
        self._head = head
        self._texts: list[list[str]] = [[] for _ in range(head.choices)]
        self._tokens: list[list[TokenLogprob]] = [[] for _ in range(head.choices)]
        self._finishes: dict[int, Finish] = {}

    def add(self, events: IndexedEvents) -> None:
        """Take events."""
        for index, event in events:
            match event:
                case TextDelta(text=text, logprobs=tokens):
                    self._texts[index].append(text)
                    self._tokens[index].extend(tokens or ())
                case Finish():
                    self._finishes[index] = event
                case Started() | PromptProgress() | ThoughtDelta() | ToolCallDelta():
                    pass

    def result(self) -> bytes:
        """The whole answer."""
        head = self._head
        return _json.encode(
            {
                "id": head.id,
                "object": "text_completion",
                "created": head.created,
                "model": head.model,
                "choices": [
                    _choice(
                        index,
                        "".join(self._texts[index]),
                        completion_logprobs(tuple(self._tokens[index]), head.top_logprobs, 0),
                        self._finishes[index].reason,
                    )
                    for index in range(head.choices)
                ],
                **_totals(self._finishes, head),
            }
        )


def completion_logprobs(
    tokens: tuple[TokenLogprob, ...] | None, top: int | None, offset: int
) -> dict[str, object] | None:
    """The older shape: parallel lists, with each token's offset in the text.

    Args:
        top: Alternatives per token; None when no log probabilities were asked for.
        offset: Characters of the text before the first token.
    """
    if tokens is None or top is None:
        return None
    texts = [token.token.decode("utf-8", errors="replace") for token in tokens]
    offsets = []
    for text in texts:
        offsets.append(offset)
        offset += len(text)
    return {
        "tokens": texts,
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [
            {
                choice.token.decode("utf-8", errors="replace"): choice.logprob
                for choice in token.top[:top]
            }
            for token in tokens
        ],
        "text_offset": offsets,
    }


def _totals(finishes: Mapping[int, Finish], head: AnswerHead) -> dict[str, object]:
    ordered = [finishes[index] for index in sorted(finishes)]
    usage = usage_object((finish.usage for finish in ordered), head.prompts)
    return {"usage": usage, **_timings(ordered, head)}


def _timings(finishes: Sequence[Finish], head: AnswerHead) -> dict[str, object]:
    return {"timings": timings_object(finishes)} if head.timings else {}


def _choice(
    index: int, text: str, logprobs: dict[str, object] | None, finish: str | None
) -> dict[str, object]:
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish}
