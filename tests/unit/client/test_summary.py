import pytest

from picoserve.client.answer import Answer
from picoserve.client.load import Load, LoadRun
from picoserve.client.summary import percentile, summary


def answered(first: float, gap: float, tokens: int = 3) -> Answer:
    return Answer(
        began=0.0, prompt_tokens=10, arrivals=[first + gap * index for index in range(tokens)]
    )


def test_percentiles_lie_between_the_values() -> None:
    assert [percentile([1.0, 2.0, 3.0], p) for p in (0, 25, 50, 100)] == [1.0, 1.5, 2.0, 3.0]
    assert percentile([4.0], 99) == 4.0


def test_the_numbers_have_the_names_of_vllms_benchmark() -> None:
    run = LoadRun(Load("m", requests=4), [answered(0.1, 0.01), answered(0.3, 0.02)], {"x": 1}, 2.0)

    numbers = summary(run, {})

    assert (numbers["completed"], numbers["failed"], numbers["unfinished"]) == (2, 1, 1)
    assert (numbers["total_input_tokens"], numbers["total_output_tokens"]) == (20, 6)
    assert (numbers["request_throughput"], numbers["output_throughput"]) == (1.0, 3.0)
    assert numbers["mean_ttft_ms"] == pytest.approx(200)
    assert numbers["median_tpot_ms"] == pytest.approx(15)
    assert numbers["p99_e2el_ms"] == pytest.approx(337.8)
    assert numbers["p50_itl_ms"] == pytest.approx(15)
    assert "request_goodput" not in numbers


def test_goodput_counts_requests_that_keep_every_limit() -> None:
    run = LoadRun(Load("m"), [answered(0.1, 0.01), answered(0.3, 0.01)], {}, 2.0)

    assert summary(run, {"ttft": 200.0, "tpot": 50.0})["request_goodput"] == 0.5
    assert summary(run, {"ttft": 500.0})["request_goodput"] == 1.0


def test_an_empty_answer_is_not_a_good_one() -> None:
    run = LoadRun(Load("m"), [Answer(began=0.0)], {}, 2.0)

    assert summary(run, {"ttft": 200.0})["request_goodput"] == 0.0


def test_a_run_without_answers_has_no_times() -> None:
    numbers = summary(LoadRun(Load("m")), {})

    assert not [name for name in numbers if name.endswith("_ms")]
    assert numbers["request_throughput"] == 0.0
