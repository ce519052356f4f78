from picoserve.generation import Usage
from picoserve.openai_api.usage import usage_object


def test_one_prompt_counts_once_for_all_its_choices() -> None:
    assert usage_object([Usage(10, 3), Usage(10, 4)]) == {
        "prompt_tokens": 10,
        "completion_tokens": 7,
        "total_tokens": 17,
    }


def test_each_prompt_counts_once() -> None:
    usages = [Usage(10, 1), Usage(10, 1), Usage(5, 1), Usage(5, 1)]

    assert usage_object(usages, prompts=2)["prompt_tokens"] == 15


def test_cached_tokens_are_told_where_the_engine_knows_them() -> None:
    details = usage_object([Usage(10, 1, None), Usage(10, 1, 8)])["prompt_tokens_details"]

    assert details == {"cached_tokens": 8}


def test_nothing_at_all_is_zero() -> None:
    assert usage_object([])["total_tokens"] == 0
