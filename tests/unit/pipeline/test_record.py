import pytest

from picoserve.generation import FinishReason, Job, Usage
from picoserve.pipeline.record import GenerationRecord


def test_a_new_record_claims_nothing() -> None:
    record = GenerationRecord("model", Job("prompt"))

    assert record.wait_seconds is None
    assert record.seconds_per_token is None


def test_parts_of_a_generation_follow_each_other() -> None:
    record = GenerationRecord("model", Job("prompt"), queued=0.0)
    record.note_place("engine")
    record.note_first_piece()

    timings = record.note_finish(FinishReason.STOP, Usage(3, 11))

    whole = timings.wait_seconds + timings.prompt_seconds + timings.reply_seconds
    assert whole == pytest.approx(record.finished)
    assert record.seconds_per_token == pytest.approx(timings.reply_seconds / 10)


def test_a_reply_of_one_token_has_no_time_per_token() -> None:
    record = GenerationRecord("model", Job("prompt"))
    record.note_first_piece()
    record.note_finish(FinishReason.LENGTH, Usage(3, 1))

    assert record.seconds_per_token is None
