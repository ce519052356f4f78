from picoserve.generation import Finish, FinishReason, Timings, Usage
from picoserve.openai_api.timings import timings_object


def finish(usage: Usage, timings: Timings | None = None) -> Finish:
    return Finish(FinishReason.STOP, usage, timings=timings)


def test_cached_tokens_are_not_counted_as_evaluated() -> None:
    timings = timings_object([finish(Usage(10, 5, 4), Timings(0.1, 0.5, 2.0))])

    assert (timings["cache_n"], timings["prompt_n"], timings["predicted_n"]) == (4, 6, 5)
    assert (timings["queue_ms"], timings["prompt_ms"], timings["predicted_ms"]) == (100, 500, 2000)
    assert (timings["prompt_per_second"], timings["predicted_per_second"]) == (12, 2.5)
    assert timings["predicted_per_token_ms"] == 400


def test_choices_are_added_up() -> None:
    one = finish(Usage(10, 5, None), Timings(0.0, 0.5, 1.0))

    timings = timings_object([one, one])

    assert (timings["prompt_n"], timings["predicted_n"], timings["predicted_ms"]) == (20, 10, 2000)


def test_nothing_is_divided_by_zero() -> None:
    timings = timings_object([finish(Usage(0, 0), Timings(0.0, 0.0, 0.0)), finish(Usage(0, 0))])

    assert set(timings.values()) == {0}
