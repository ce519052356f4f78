"""Events → chat completion chunks, and the fold of the same events into one answer.

The hot path writes a chunk as constant head + JSON string + constant tail: a third of the time
of building and dumping a model for each token.
"""

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
from picoserve.openai_api.logprobs import logprob_items
from picoserve.openai_api.timings import timings_object
from picoserve.openai_api.tool_call_shapes import CallFold, finish_word, tool_call_delta
from picoserve.openai_api.usage import usage_object

DONE: Final = b"data: [DONE]\n\n"

_ROLE_DELTA: Final = {"role": "assistant", "content": "", "refusal": None}

_json: Final = msgspec.json.Encoder()


class ChatStreamEncoder:
    """Events → `data:` lines of one streamed chat completion.

    All choices are opened in order as soon as one of them has begun: openai-python's `.stream()`
    appends each new choice to its list and then looks for it by its index.
    """

    def __init__(self, head: AnswerHead) -> None:
        self._head = head
        self._is_open = False
        self._finishes: list[Finish] = []
        opening = _json.encode(
            {
                "id": head.id,
                "object": "chat.completion.chunk",
                "created": head.created,
                "model": head.model,
            }
        )
        self._opening = b"data: " + opening[:-1] + b',"choices":['
        self._closing = b'],"usage":null}\n\n' if head.include_usage else b"]}\n\n"
        self._text_heads = [
            self._opening + b'{"index":%d,"delta":{"content":' % index
            for index in range(head.choices)
        ]
        self._thought_heads = [
            self._opening + b'{"index":%d,"delta":{"reasoning_content":' % index
            for index in range(head.choices)
        ]
        self._text_tail = b'},"logprobs":null,"finish_reason":null}' + self._closing

    def encode(self, events: IndexedEvents) -> bytes:
        """Chunks for these events, in order; may be empty."""
        out = []
        for index, event in events:
            match event:
                case TextDelta(text=text, logprobs=None):
                    out.append(self._text_heads[index] + _json.encode(text) + self._text_tail)
                case TextDelta(text=text, logprobs=tokens):
                    out.append(self._choice(index, {"content": text}, tokens))
                case ThoughtDelta(text=text):
                    out.append(self._thought_heads[index] + _json.encode(text) + self._text_tail)
                case Started() | PromptProgress() | ToolCallDelta() | Finish():
                    out.append(self._other(index, event))
        return b"".join(out)

    def end(self) -> bytes:
        """Usage, if asked for, and the end mark."""
        if not self._head.include_usage:
            return DONE
        usage = _json.encode(usage_object(finish.usage for finish in self._finishes))
        tail = self._timings(self._finishes) + b"}\n\n"
        return self._opening + b'],"usage":' + usage + tail + DONE

    def _other(self, index: int, event: Started | PromptProgress | ToolCallDelta | Finish) -> bytes:
        """What does not come for each token."""
        match event:
            case Started():
                return self._open()
            case PromptProgress(percent=percent):
                return b": prompt %d%%\n\n" % percent
            case ToolCallDelta():
                delta = tool_call_delta(event, legacy=self._head.legacy_functions)
                return self._choice(index, delta)
            case Finish():
                self._finishes.append(event)
                return self._finish(index, event)

    def _open(self) -> bytes:
        if self._is_open:
            return b""
        self._is_open = True
        return b"".join(self._choice(index, _ROLE_DELTA) for index in range(self._head.choices))

    def _finish(self, index: int, event: Finish) -> bytes:
        finish = finish_word(event.reason, legacy=self._head.legacy_functions)
        chunk = self._choice(index, {}, finish=finish)
        if self._head.include_usage or not self._head.timings:
            return chunk
        # No usage chunk follows, so the last chunk of the choice tells the times.
        return chunk.removesuffix(b"}\n\n") + self._timings([event]) + b"}\n\n"

    def _timings(self, finishes: Sequence[Finish]) -> bytes:
        if not self._head.timings:
            return b""
        return b',"timings":' + _json.encode(timings_object(finishes))

    def _choice(
        self,
        index: int,
        delta: Mapping[str, object],
        tokens: tuple[TokenLogprob, ...] | None = None,
        *,
        finish: str | None = None,
    ) -> bytes:
        choice = {
            "index": index,
            "delta": delta,
            "logprobs": self._logprobs(tokens),
            "finish_reason": finish,
        }
        return self._opening + _json.encode(choice) + self._closing

    def _logprobs(self, tokens: tuple[TokenLogprob, ...] | None) -> object:
        if tokens is None or self._head.top_logprobs is None:
            return None
        return {"content": logprob_items(tokens, self._head.top_logprobs), "refusal": None}


class ChatFold:
    """Events → one chat completion object."""

    def __init__(self, head: AnswerHead) -> None:
        self._head = head
        self._choices = [_Choice() for _ in range(head.choices)]

    def add(self, events: IndexedEvents) -> None:
        """Take events."""
        for index, event in events:
            self._choices[index].add(event)

    def result(self) -> bytes:
        """The whole answer."""
        head = self._head
        finishes = [choice.finish for choice in self._choices if choice.finish]
        answer = {
            "id": head.id,
            "object": "chat.completion",
            "created": head.created,
            "model": head.model,
            "choices": [choice.json(index, head) for index, choice in enumerate(self._choices)],
            "usage": usage_object(finish.usage for finish in finishes),
        }
        if head.timings:
            answer["timings"] = timings_object(finishes)
        return _json.encode(answer)


class _Choice:
    def __init__(self) -> None:
        self.finish: Finish | None = None
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._tokens: list[TokenLogprob] = []
        self._calls = CallFold()

    def add(self, event: Event) -> None:
        match event:
            case TextDelta(text=text, logprobs=tokens):
                self._text.append(text)
                self._tokens.extend(tokens or ())
            case ThoughtDelta(text=text):
                self._thoughts.append(text)
            case ToolCallDelta():
                self._calls.add(event)
            case Finish():
                self.finish = event
            case Started() | PromptProgress():
                pass

    def json(self, index: int, head: AnswerHead) -> dict[str, object]:
        text = "".join(self._text)
        calls = self._calls.fields(legacy=head.legacy_functions)
        message = {"role": "assistant", "content": text or (None if calls else "")}
        if self._thoughts:
            message["reasoning_content"] = "".join(self._thoughts)
        logprobs = None
        if head.top_logprobs is not None and message["content"] is not None:
            # They are those of the content; calls have none, here as at OpenAI.
            content = logprob_items(self._tokens, head.top_logprobs)
            logprobs = {"content": content, "refusal": None}
        reason = self.finish.reason if self.finish else None
        return {
            "index": index,
            "message": {**message, "refusal": None, **calls},
            "logprobs": logprobs,
            "finish_reason": reason and finish_word(reason, legacy=head.legacy_functions),
        }
