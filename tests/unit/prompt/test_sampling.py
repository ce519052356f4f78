import pytest

from picoserve.engine.engine import EngineInfo
from picoserve.generation import Job
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.sampling import jobs_for_choices, token_limit
from picoserve.prompt.served_model import DefaultSampling

INFO = EngineInfo("m", "1", 2048, 1, "cpu:1")


def jobs(defaults: DefaultSampling | None = None, **fields: object) -> list[Job]:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello!"}], **fields}
    return jobs_for_choices(
        ChatRequest.model_validate(body),
        defaults or DefaultSampling(),
        prompt="Hello!",
        stop=("a", "b", "a"),
        max_tokens=None,
        top_logprobs=None,
    )


def test_first_choice_has_the_seed_of_the_request_and_the_others_seeds_of_their_own() -> None:
    assert [job.sampling.seed for job in jobs(n=3, seed=7)] == [7, 8, 9]


def test_without_a_seed_every_choice_is_drawn_at_random() -> None:
    assert [job.sampling.seed for job in jobs(n=2)] == [None, None]


def test_zero_is_a_temperature_and_not_a_missing_one() -> None:
    [job] = jobs(DefaultSampling(temperature=0.7), temperature=0)

    assert job.sampling.temperature == 0


def test_what_a_request_leaves_out_is_the_models_own() -> None:
    [job] = jobs(DefaultSampling(temperature=0.7, top_p=0.9))

    assert (job.sampling.temperature, job.sampling.top_p) == (0.7, 0.9)


@pytest.mark.parametrize(
    ("wanted", "default", "limit"),
    [(None, None, None), (None, 64, 64), (9, 64, 9), (2**64, 64, 2048), (None, 2**64, 2048)],
)
def test_limit_is_the_requests_or_the_models_and_never_beyond_the_context(
    wanted: int | None, default: int | None, limit: int | None
) -> None:
    assert token_limit(wanted, DefaultSampling(max_tokens=default), INFO) == limit


def test_a_share_of_nothing_leaves_the_likeliest_token() -> None:
    [job] = jobs(top_p=0)

    assert 0 < job.sampling.top_p < 0.001


def test_a_phrase_that_comes_twice_is_asked_for_once() -> None:
    [job] = jobs()

    assert job.stop == ("a", "b")
