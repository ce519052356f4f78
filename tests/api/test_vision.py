"""Images over a real server: vision and OCR models on the stand-in, limits, refusals, faults."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from openai import BadRequestError, OpenAI
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.images import data_url, encoded, image_part, picture, user
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import Body, chat_body, error_of, open_stream, read_chunks

PATH: Final = "/v1/chat/completions"
SEEN: Final = '{"colour": "red", "why": "it is so"}'
CALL: Final = f'<tool_call>\n{{"name": "report", "arguments": {SEEN}}}\n</tool_call>'
FORM: Final[Body] = {
    "type": "json_schema",
    "json_schema": {
        "name": "seen",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"colour": {"enum": ["red", "green"]}, "why": {"type": "string"}},
            "required": ["colour", "why"],
            "additionalProperties": False,
        },
    },
}
EYES: Final = ModelScript(
    model="qwen3-vl-2b-it [5.37 v1]",
    vision=True,
    eos="<|im_end|>",
    context_length=2000,
    image_tokens=500,
    journal="journal",
    journal_prompts=True,
    replies=[
        Reply(match="in a form", text=SEEN, continues=True),
        Reply(match="in a wrong form", text=SEEN.replace("red", "blue"), continues=True),
        Reply(match="call", text=CALL, continues=True),
        Reply(match="die once", text="never comes", crash_after=0, times=1),
        Reply(match="die once", text="alive"),
        Reply(match="die late", text="never comes", crash_after=1),
        Reply(match="fills up", count=5000, context_end="error"),
        Reply(match="very slowly", text="at last", delay_seconds=4.0),
        Reply(match="slowly", text="at last", delay_seconds=0.4),
        Reply(match="for minutes", count=50_000, tokens_per_second=50),
        Reply(kind="image", text="{width}x{height} of {rgb}"),
        Reply(kind="text", text="no image here"),
    ],
)  # fmt: skip
READER: Final = ModelScript(
    model="deepseek-ocr-2 [3.10 v1]",
    ocr=True,
    generate=False,
    context_length=500,
    eos="<｜end▁of▁sentence｜>",  # noqa: RUF001
    journal="journal",
    replies=[Reply(kind="ocr", text="seen {rgb} END of it")],
)
TELLER: Final = replace(
    READER, replies=[Reply(kind="ocr", text="one two three", tokens_per_second=10)]
)
SLOW_READER: Final = ModelScript(
    model="deepseek-ocr-2 [3.10 v1]",
    ocr=True,
    generate=False,
    journal="journal",
    replies=[Reply(kind="ocr", count=32, tokens_per_second=8)],
)
LIMITS: Final = """
[server]
commit_seconds = 20
[images]
max_bytes = 100000
max_pixels = 250000
[pool]
interrupt_seconds = 0.5
heartbeat_seconds = 0.1
next_piece_seconds = 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vision")


@pytest.fixture(scope="module")
def seer(standin_library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    scripts = {"eyes": EYES, "reader": READER, "slow": SLOW_READER, "blind": ModelScript()}
    scripts["teller"] = TELLER
    config = LIMITS
    for name, script in scripts.items():
        place = folder / name
        place.mkdir()
        engines = 2 if script is EYES else 1
        config += standin_model(standin_library, place, script, name=name, engines=engines)
        config += "image_side = 100\n"
    with running_server(folder, config, environment=ACCESS_KEY) as seer:
        seer.wait_engines()
        yield seer
    log = seer.log.read_text()
    assert "Traceback" not in log
    assert "iVBORw0KGgo" not in log, "a part of an image"


@pytest.fixture(scope="module")
def client(seer: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=seer.url, timeout=20) as client:
        yield client


def ask(client: httpx.Client, *content: str | Body, model: str = "eyes", **fields: Any) -> Body:
    body = {"model": model, "messages": [user(*content)], **fields}
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    answer: Body = response.json()
    return answer


def said(answer: Body) -> str:
    text: str = answer["choices"][0]["message"]["content"]
    return text


def refused(client: httpx.Client, body: Body) -> Body:
    response = client.post(PATH, json=body)
    assert response.status_code == 400, response.text
    return error_of(response)


def last_call(folder: Path) -> Body:
    call: Body = read_journal(folder / "eyes" / "journal", "generate")[-1]
    return call


def test_model_looks_at_the_image_with_the_bare_question(
    client: httpx.Client, folder: Path
) -> None:
    answer = ask(client, "What is it?", image_part())

    assert said(answer) == "40x20 of 255,0,0"
    assert last_call(folder)["prompt"] == "What is it?"
    assert last_call(folder)["stop_phrases"][0] == "<|im_end|>"
    # As the SDK counts: the words of the prompt, without the image.
    assert answer["usage"]["prompt_tokens"] == last_call(folder)["prompt_tokens"]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif"])
def test_four_kinds_of_files_are_read(client: httpx.Client, kind: str) -> None:
    url = data_url(encoded(picture(), kind), f"image/{kind}")

    assert said(ask(client, "What?", image_part(url))).startswith("40x20 of 25")


@pytest.mark.parametrize(("detail", "size"), [("auto", "100x25"), ("high", "100x25")])
def test_image_is_scaled_down_to_the_configured_side(
    client: httpx.Client, detail: str, size: str
) -> None:
    url = data_url(encoded(picture((800, 200))))

    assert said(ask(client, "What?", image_part(url, detail=detail))).startswith(size)


def test_stock_client_streams_an_answer_about_an_image(seer: RunningServer) -> None:
    with OpenAI(base_url=seer.base_url, api_key="any", max_retries=0) as openai:
        stream = openai.chat.completions.create(
            model="eyes",
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image_url", "image_url": {"url": data_url(), "detail": "high"}},
                    ],
                }
            ],
            stream=True,
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert text == "40x20 of 255,0,0"


def test_earlier_image_stays_with_the_conversation(client: httpx.Client, folder: Path) -> None:
    ask(client, "What is it?", image_part())
    messages = [
        user(image_part(), "What is it?"),
        {"role": "assistant", "content": "A red field."},
        user("How large?"),
    ]
    answer = client.post(PATH, json={"model": "eyes", "messages": messages}).json()

    assert said(answer) == "40x20 of 255,0,0"
    call = last_call(folder)
    assert call["prompt"] == "What is it?\n\nAssistant: A red field.\n\nUser: How large?"
    assert call["cached_tokens"] > 0, "the same image, on the engine that has seen it"


def test_progress_of_the_prompt_comes_as_comments(client: httpx.Client) -> None:
    body = {"model": "eyes", "messages": [user("slowly", image_part())], "stream": True}
    raw = client.post(PATH, json=body).content

    before, _, after = raw.partition(b'"content":"at"')
    assert [line for line in raw.split(b"\n") if b"prompt" in line] == [
        b": prompt 25%", b": prompt 50%", b": prompt 75%", b": prompt 100%"
    ]  # fmt: skip
    assert b"prompt 100%" in before
    assert b": prompt" not in after
    assert read_chunks(raw)[0]["choices"][0]["delta"]["role"] == "assistant"


def test_log_probabilities_come_with_an_image(client: httpx.Client) -> None:
    answer = ask(client, "What?", image_part(), logprobs=True, top_logprobs=2)

    tokens = answer["choices"][0]["logprobs"]["content"]
    assert "".join(token["token"] for token in tokens) == "40x20 of 255,0,0"
    assert all(len(token["top_logprobs"]) == 2 for token in tokens)


def test_reply_in_a_form_takes_one_call(client: httpx.Client, folder: Path) -> None:
    before = len(read_journal(folder / "eyes" / "journal", "generate"))

    assert said(ask(client, "in a form", image_part(), response_format=FORM)) == SEEN
    assert len(read_journal(folder / "eyes" / "journal", "generate")) == before + 1


def test_wrong_form_is_repaired_with_the_image_sent_again(
    client: httpx.Client, folder: Path
) -> None:
    before = len(read_journal(folder / "eyes" / "journal", "generate"))
    answer = ask(client, "in a wrong form", image_part(), response_format=FORM)

    calls = read_journal(folder / "eyes" / "journal", "generate")[before:]
    assert json.loads(said(answer))["colour"] in ("red", "green")
    assert len(calls) > 1
    assert {call["function"] for call in calls} == {"pv_picollm_generate_with_image"}


def test_call_that_an_image_leads_to(client: httpx.Client) -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "report",
            "parameters": FORM["json_schema"]["schema"],
        },
    }
    answer = ask(client, "call", image_part(), tools=[tool], tool_choice="required")

    [call] = answer["choices"][0]["message"]["tool_calls"]
    assert (call["function"]["name"], call["function"]["arguments"]) == ("report", SEEN)


def test_job_of_a_dead_worker_moves_with_its_image(client: httpx.Client) -> None:
    assert said(ask(client, "die once", image_part())) == "alive"


def test_worker_that_dies_later_ends_the_stream_with_an_error(client: httpx.Client) -> None:
    body = {"model": "eyes", "messages": [user("die late", image_part())], "stream": True}

    assert b'"error"' in client.post(PATH, json=body).content.split(b"\n\n")[-2]


def test_image_without_room_is_a_400_before_the_stream(client: httpx.Client) -> None:
    # The engine alone knows what an image takes of the context.
    long = "word " * 1600
    body = {"model": "eyes", "messages": [user(long, image_part())], "stream": True}

    assert refused(client, body)["code"] == "context_length_exceeded"


def test_context_that_fills_up_ends_the_reply(client: httpx.Client) -> None:
    answer = ask(client, "fills up", image_part())

    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] > 1000


def test_client_that_leaves_frees_the_engine(
    client: httpx.Client, seer: RunningServer, folder: Path
) -> None:
    body = {"model": "eyes", "messages": [user("for minutes", image_part())]}
    with open_stream(client, body) as stream:
        assert stream.text() == "word0"

    wait_until(lambda: seer.busy() == 0)
    assert read_journal(folder / "eyes" / "journal", "end")[-1]["endpoint"] == "INTERRUPTED"


def test_client_that_leaves_while_the_prompt_is_read_costs_no_worker(
    client: httpx.Client, seer: RunningServer, folder: Path
) -> None:
    # A prompt is read to its end, here for longer than an interrupt may take.
    seer.wait_engines()
    journal = folder / "eyes" / "journal"
    before = len(read_journal(journal, "init"))
    body = {"model": "eyes", "messages": [user("very slowly", image_part())]}
    with open_stream(client, body) as stream:
        next(stream.lines)

    assert seer.busy() == 1
    wait_until(lambda: seer.busy() == 0)
    assert read_journal(journal, "end")[-1]["endpoint"] == "INTERRUPTED"
    assert len(read_journal(journal, "init")) == before


# ---- refusals -----------------------------------------------------------------------------


def test_missing_capability_is_named(client: httpx.Client, http: httpx.Client, model: str) -> None:
    for place, name in ((client, "blind"), (http, model)):
        error = refused(place, {"model": name, "messages": [user("What?", image_part())]})

        assert (error["code"], error["param"]) == (
            "unsupported_value", "messages[0].content[1]"
        )  # fmt: skip
        assert "'vision'" in error["message"]


def test_second_image_is_refused_by_its_place(client: httpx.Client) -> None:
    together = {"model": "eyes", "messages": [user(image_part(), "Or", image_part())]}
    apart = {"model": "eyes", "messages": [user(image_part()), user("x", image_part())]}

    assert refused(client, together)["param"] == "messages[0].content[2]"
    assert refused(client, apart)["param"] == "messages[1].content[1]"


def test_image_of_another_role_is_refused(client: httpx.Client) -> None:
    messages = [{"role": "system", "content": [image_part()]}, user("What?")]

    assert refused(client, {"model": "eyes", "messages": messages})["code"] == "invalid_value"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("x", "invalid_image_url"),
        ("ftp://example.com/x.png", "invalid_image_url"),
        ("http://example.com/x.png", "invalid_image_url"),
        ("file:///etc/hosts", "invalid_image_url"),
        (data_url(media_type="image/svg+xml"), "unsupported_image_media_type"),
        ("data:image/png,abc", "invalid_base64_image"),
        ("data:image/png;base64,", "empty_image_file"),
        ("data:image/png;base64,a?b=", "invalid_base64_image"),
        (data_url(b"no image"), "invalid_image_format"),
        (data_url(encoded(picture())[:60]), "image_parse_error"),
        (data_url(encoded(picture((501, 500)))), "image_too_large"),
        (data_url(b"\0" * 100_001), "image_too_large"),
    ],
)
def test_bad_image_names_its_part(client: httpx.Client, url: str, code: str) -> None:
    error = refused(client, {"model": "eyes", "messages": [user("What?", image_part(url))]})

    assert (error["code"], error["param"]) == (code, "messages[0].content[1]")


def test_stock_client_raises_its_own_error(seer: RunningServer) -> None:
    with (
        OpenAI(base_url=seer.base_url, api_key="any", max_retries=0) as openai,
        pytest.raises(BadRequestError) as raised,
    ):
        openai.chat.completions.create(
            model="blind",
            messages=[
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": data_url()}}],
                }
            ],
        )

    assert raised.value.param == "messages[0].content[0]"


def test_vision_model_answers_text_alone(client: httpx.Client) -> None:
    assert said(ask(client, "Hello")) == "no image here"


def test_tokens_and_prompt_of_a_request_with_an_image(client: httpx.Client) -> None:
    body = {"model": "eyes", "messages": [user("What is it?", image_part())]}

    assert client.post(f"{PATH}/render", json=body).json()["prompt"] == "What is it?"
    counted = client.post(f"{PATH}/input_tokens", json=body).json()["input_tokens"]
    assert counted == ask(client, "What is it?", image_part())["usage"]["prompt_tokens"]


def test_models_tell_their_capabilities(client: httpx.Client) -> None:
    cards = {card["id"]: card["capabilities"] for card in client.get("/v1/models").json()["data"]}

    assert cards["eyes"] == ["generation", "vision"]
    assert (cards["reader"], cards["blind"]) == (["ocr"], ["generation"])


# ---- OCR ----------------------------------------------------------------------------------


def test_text_of_an_image_is_streamed(client: httpx.Client) -> None:
    body = {"model": "teller", "messages": [user(image_part())], "stream": True}
    raw = client.post(PATH, json={**body, "stream_options": {"include_usage": True}}).content

    chunks = read_chunks(raw)
    texts = [chunk["choices"][0]["delta"].get("content") for chunk in chunks if chunk["choices"]]
    assert "".join(text or "" for text in texts) == "one two three"
    assert len([text for text in texts if text]) == 3
    # The three words and the end token; the SDK counts nothing before them.
    usage = chunks[-1]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (0, 4)


def test_text_and_sampling_beside_an_image_are_named_as_ignored(client: httpx.Client) -> None:
    body = {"model": "reader", "messages": [user("Free OCR.", image_part())], "temperature": 0.5}
    response = client.post(PATH, json={**body, "max_tokens": 400})

    assert said(response.json()) == "seen 255,0,0 END of it"
    assert response.headers["x-picoserve-ignored"] == "messages.text, temperature"


def test_limit_and_stop_phrases_hold_for_ocr(client: httpx.Client) -> None:
    cut = ask(client, image_part(), model="reader", max_tokens=2)
    stopped = ask(client, image_part(), model="reader", stop="END")

    assert (said(cut), cut["choices"][0]["finish_reason"]) == ("seen 255", "length")
    assert (said(stopped), stopped["choices"][0]["finish_reason"]) == ("seen 255,0,0 ", "stop")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": FORM}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"guided_choice": ["a"]}, "guided_choice"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    ],
)
def test_ocr_refuses_what_takes_a_language_model(
    client: httpx.Client, fields: Body, param: str
) -> None:
    error = refused(client, {"model": "reader", "messages": [user(image_part())], **fields})

    assert (error["code"], error["param"]) == ("unsupported_value", param)


def test_ocr_model_says_that_it_wants_an_image(client: httpx.Client) -> None:
    error = refused(client, chat_body("Hello", model="reader"))

    assert (error["code"], error["param"]) == ("unsupported_value", "messages")
    assert "'generation'" in error["message"]
    assert "image_url" in error["message"]


def test_ocr_that_nobody_wants_any_more_ends_by_itself(
    client: httpx.Client, seer: RunningServer, folder: Path
) -> None:
    # It cannot be interrupted. Killing its worker would cost an activation.
    with open_stream(client, {"model": "slow", "messages": [user(image_part())]}) as stream:
        assert stream.text() == "word0"

    wait_until(lambda: seer.busy() == 0)
    journal = folder / "slow" / "journal"
    assert read_journal(journal, "end")[-1]["endpoint"] == "END_OF_SENTENCE"
    assert len(read_journal(journal, "init")) == 1
