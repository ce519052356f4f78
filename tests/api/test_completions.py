"""Text completions: the prompt is continued as it is."""

from typing import Any

import httpx
import pytest
from tests.support.wire import completion_body, error_of, stream_chunks

PATH = "/v1/completions"
GREEDY: dict[str, Any] = {"temperature": 0, "max_tokens": 12}


def ask(http: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    response = http.post(PATH, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def text_of(chunks: list[dict[str, Any]], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["text"] for choice in choices if choice["index"] == index)


def test_answer_has_the_shape_of_a_text_completion(http: httpx.Client, model: str) -> None:
    answer = ask(http, completion_body(**GREEDY))

    assert answer["id"].startswith("cmpl-")
    assert answer["object"] == "text_completion"
    assert answer["model"] == model
    (choice,) = answer["choices"]
    assert set(choice) == {"index", "text", "logprobs", "finish_reason"}
    assert choice["logprobs"] is None


def test_stream_folded_is_the_json_answer(http: httpx.Client) -> None:
    body = completion_body(**GREEDY)

    answer = ask(http, body)
    chunks = stream_chunks(http, PATH, body | {"stream_options": {"include_usage": True}})

    assert text_of(chunks) == answer["choices"][0]["text"]
    assert chunks[-2]["choices"][0]["finish_reason"] == answer["choices"][0]["finish_reason"]
    assert len({(c["id"], c["created"], c["object"], c["model"]) for c in chunks}) == 1
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == answer["usage"]["total_tokens"]


def test_usage_is_absent_unless_asked_for(http: httpx.Client) -> None:
    chunks = stream_chunks(http, PATH, completion_body(**GREEDY))

    assert not any("usage" in chunk for chunk in chunks)


def test_sixteen_tokens_are_the_default(http: httpx.Client) -> None:
    answer = ask(http, completion_body("1 2 3 4 5 6 7 8 9 10 11", temperature=0))

    assert answer["usage"]["completion_tokens"] <= 16


def test_every_prompt_has_n_choices_in_order(http: httpx.Client) -> None:
    body = completion_body(["Hello", "Once upon a time"], n=2, **GREEDY)

    answer = ask(http, body)

    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    found = [choice["text"] for choice in answer["choices"]]
    assert (
        found[0] == found[1] == ask(http, completion_body("Hello", **GREEDY))["choices"][0]["text"]
    )
    assert found[2] == found[3]


def test_usage_counts_every_prompt_once(http: httpx.Client) -> None:
    prompts = ["Hello there", "Once upon a time there was a small town"]
    singly = [ask(http, completion_body(prompt, **GREEDY))["usage"] for prompt in prompts]

    usage = ask(http, completion_body(prompts, n=2, **GREEDY))["usage"]
    chunks = stream_chunks(
        http, PATH, completion_body(prompts, n=2, **GREEDY, stream_options={"include_usage": True})
    )

    expected = sum(one["prompt_tokens"] for one in singly)
    assert usage["prompt_tokens"] == expected
    assert chunks[-1]["usage"]["prompt_tokens"] == expected


def test_stop_phrase_is_cut(http: httpx.Client) -> None:
    drawn = {"temperature": 2, "seed": 7, "max_tokens": 60}
    whole = ask(http, completion_body(**drawn))["choices"][0]["text"]
    assert len(whole) > 12
    phrase = whole[6:9]

    answer = ask(http, completion_body(**drawn, stop=phrase))

    assert answer["choices"][0]["text"] == whole[: whole.index(phrase)]
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_log_probabilities_have_the_older_shape(http: httpx.Client) -> None:
    body = completion_body(**GREEDY, logprobs=2)

    choice = ask(http, body)["choices"][0]
    chunks = stream_chunks(http, PATH, body)

    logprobs = choice["logprobs"]
    lengths = {len(logprobs[key]) for key in ("tokens", "token_logprobs", "top_logprobs")}
    assert lengths == {len(logprobs["text_offset"])}
    assert "".join(logprobs["tokens"]).startswith(choice["text"])
    for token, offset in zip(logprobs["tokens"], logprobs["text_offset"], strict=True):
        assert choice["text"][offset : offset + len(token)] in {token, ""}
    parts = [c["choices"][0]["logprobs"] for c in chunks if c["choices"][0]["logprobs"]]
    assert [token for part in parts for token in part["tokens"]] == logprobs["tokens"]
    assert [at for part in parts for at in part["text_offset"]] == logprobs["text_offset"]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"prompt": []}, "prompt", "empty_array"),
        ({"prompt": None}, "prompt", "invalid_type"),
        ({"prompt": 5}, "prompt", "invalid_type"),
        ({"prompt": [1, 2]}, "prompt", "unsupported_value"),
        ({"prompt": [[1], [2]]}, "prompt", "unsupported_value"),
        ({"prompt": "a\0b"}, "prompt", "invalid_value"),
        ({"prompt": ["a", "b\0"]}, "prompt[1]", "invalid_value"),
        ({"best_of": 3}, "best_of", "unsupported_parameter"),
        ({"echo": True}, "echo", "unsupported_parameter"),
        ({"suffix": "x"}, "suffix", "unsupported_parameter"),
        (
            {"response_format": {"type": "json_object"}},
            "response_format",
            "unsupported_parameter",
        ),
        ({"tools": [{"type": "function"}]}, "tools", "unsupported_parameter"),
        ({"functions": [{"name": "f"}]}, "functions", "unsupported_parameter"),
        ({"structured_outputs": {"regex": "a"}}, "structured_outputs", "unsupported_parameter"),
        ({"guided_json": {"type": "object"}}, "guided_json", "unsupported_parameter"),
        ({"guided_json": True}, "guided_json", "unsupported_parameter"),
        ({"guided_regex": "a"}, "guided_regex", "unsupported_parameter"),
        ({"guided_choice": ["a"]}, "guided_choice", "unsupported_parameter"),
        ({"guided_grammar": 'start: "a"'}, "guided_grammar", "unsupported_parameter"),
        ({"json_schema": {"type": "object"}}, "json_schema", "unsupported_parameter"),
        ({"regex": "a"}, "regex", "unsupported_parameter"),
        ({"grammar": 'root ::= "yes"'}, "grammar", "unsupported_parameter"),
        ({"ebnf": 'root ::= "yes"'}, "ebnf", "unsupported_parameter"),
        ({"logprobs": 6}, "logprobs", "integer_above_max_value"),
        ({"logprobs": True}, "logprobs", "invalid_type"),
        ({"stream_options": {}}, "stream_options", None),
        ({"prompt": "word " * 3000}, "prompt", "context_length_exceeded"),
        ({"prompt": "word " * 500_000}, "prompt", "context_length_exceeded"),
    ],
)
def test_bad_completion_request_names_its_field(
    http: httpx.Client, fields: dict[str, Any], param: str, code: str | None
) -> None:
    response = http.post(PATH, json=completion_body() | fields)

    assert response.status_code == 400
    error = error_of(response)
    assert (error["param"], error["code"]) == (param, code)


def test_missing_prompt_is_named(http: httpx.Client, model: str) -> None:
    error = error_of(http.post(PATH, json={"model": model}))

    assert (error["param"], error["code"]) == ("prompt", "missing_required_parameter")


def test_fields_of_chat_are_strangers_here_and_named(http: httpx.Client) -> None:
    strangers = {"max_completion_tokens": 5, "top_logprobs": 1, "prompt_cache_key": "k"}
    empty: dict[str, Any] = {"response_format": {"type": "text"}, "tools": [], "guided_json": None}
    body = completion_body(max_tokens=1, user="u", **strangers, **empty)

    answers = [http.post(PATH, json=body | {"stream": stream}) for stream in (False, True)]

    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert {answer.headers["x-picoserve-ignored"] for answer in answers} == {
        "guided_json, max_completion_tokens, prompt_cache_key, response_format, tools, top_logprobs"
    }


def test_empty_prompt_begins_where_the_model_begins_a_text(http: httpx.Client) -> None:
    answer = ask(http, completion_body("", max_tokens=3))

    assert answer["usage"]["prompt_tokens"] == 1
    assert answer["usage"]["completion_tokens"] >= 1
