import json

from tests.support.wire import read_chunks

from picoserve.generation import (
    Event,
    Finish,
    FinishReason,
    Started,
    TextDelta,
    TokenLogprob,
    Usage,
)
from picoserve.openai_api.answer import AnswerHead
from picoserve.openai_api.completions_encoder import (
    CompletionFold,
    CompletionStreamEncoder,
    completion_logprobs,
)


def test_choices_that_finish_in_any_order_are_counted_with_their_own_prompt() -> None:
    head = AnswerHead("cmpl-1", 1, "m", choices=4, prompts=2, include_usage=True)
    ends: list[tuple[int, Event]] = [
        (index, Finish(FinishReason.STOP, Usage(10 if index < 2 else 3, 1)))
        for index in (3, 0, 2, 1)
    ]
    encoder, fold = CompletionStreamEncoder(head), CompletionFold(head)

    chunks = read_chunks(encoder.encode(ends) + encoder.end())
    fold.add(ends)

    assert chunks[-1]["usage"]["prompt_tokens"] == 13
    assert json.loads(fold.result())["usage"] == chunks[-1]["usage"]


def test_beginning_of_a_reply_is_no_chunk() -> None:
    encoder = CompletionStreamEncoder(AnswerHead("cmpl-1", 1, "m"))

    assert encoder.encode([(0, Started(5, "engine"))]) == b""
    assert len(read_chunks(encoder.encode([(0, TextDelta("a\nb"))]) + encoder.end())) == 1


def test_offsets_go_on_over_chunks() -> None:
    head = AnswerHead("cmpl-1", 1, "m", top_logprobs=0)
    encoder = CompletionStreamEncoder(head)
    parts: list[tuple[int, Event]] = [
        (0, TextDelta(text, (TokenLogprob(text.encode(), -1.0),))) for text in ("ab", "é", "c")
    ]

    chunks = read_chunks(encoder.encode(parts) + encoder.end())

    offsets = [chunk["choices"][0]["logprobs"]["text_offset"] for chunk in chunks]
    assert offsets == [[0], [2], [3]]


def test_no_log_probabilities_unless_asked_for() -> None:
    assert completion_logprobs((), None, 0) is None
    assert completion_logprobs(None, 5, 0) is None
