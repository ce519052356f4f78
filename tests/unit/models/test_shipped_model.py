"""The model that ships in the package: its header, its template and a few of its answers."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pytest

gguf = pytest.importorskip("gguf")
xllamacpp = pytest.importorskip("xllamacpp")

MODEL = Path(str(resources.files("picoserve"))) / "models" / "picoserve-tiny.gguf"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "lookup_weather",
            "description": "Look up weather information for a location.",
            "parameters": {
                "type": "object",
                "properties": {"location": {"type": "string", "description": "The location"}},
                "required": ["location"],
            },
        },
    }
]

Message = dict[str, Any]


def said(role: str, content: str) -> Message:
    return {"role": role, "content": content}


@pytest.fixture(scope="module")
def header() -> dict[str, Any]:
    reader = gguf.GGUFReader(MODEL)
    return {name: field.contents() for name, field in reader.fields.items()}


@pytest.fixture(scope="module")
def template(header: dict[str, Any]) -> jinja2.Template:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(header["tokenizer.chat_template"])


@pytest.fixture(scope="module")
def server() -> Any:
    options = xllamacpp.CommonParams()
    options.model.path = str(MODEL)
    options.n_ctx = 2048
    options.n_parallel = 1
    options.cpuparams.n_threads = 1
    options.warmup = False
    return xllamacpp.Server(options)


def complete(server: Any, prompt: str, limit: int = 100) -> tuple[str, str]:
    pieces: list[dict[str, Any]] = []

    def take(piece: dict[str, Any]) -> bool:
        pieces.append(piece)
        return False

    request = {"prompt": prompt, "n_predict": limit, "temperature": 0.0, "stream": True}
    server.handle_completions(request, take)
    text = "".join(choice["text"] for piece in pieces for choice in piece["choices"])
    return text, pieces[-1]["choices"][0]["finish_reason"]


def test_header_says_what_the_server_needs(header: dict[str, Any]) -> None:
    tokens = header["tokenizer.ggml.tokens"]

    assert header["general.architecture"] == "llama"
    assert header["general.name"] == "picoserve-tiny"
    assert header["llama.context_length"] >= 2048
    assert header["tokenizer.ggml.model"] == "gpt2"
    assert tokens[header["tokenizer.ggml.eos_token_id"]] == "<|im_end|>"
    assert MODEL.stat().st_size <= 6_000_000


def test_card_begins_with_a_description() -> None:
    card = MODEL.with_suffix(".md").read_text("utf-8")

    assert "tiny" in card.split("\n\n")[0]
    assert not card.startswith("#")


def test_tools_are_written_as_qwen_writes_them(template: jinja2.Template) -> None:
    messages = [said("system", "Be kind."), said("user", "Hi")]

    text = template.render(messages=messages, tools=TOOLS, add_generation_prompt=True)

    offer = json.dumps(TOOLS[0], ensure_ascii=False)
    assert text.startswith("<|im_start|>system\nBe kind.\n\n# Tools\n\nYou may call one or more")
    assert f"<tools>\n{offer}\n</tools>" in text
    assert text.endswith("<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


def test_longer_conversation_begins_with_the_shorter_one(template: jinja2.Template) -> None:
    call = {"name": "lookup_weather", "arguments": '{"location": "Oslo"}'}
    turns = [
        said("assistant", "Hello!"),
        said("system", "Be kind."),
        said("user", "One"),
        said("user", "Two"),
        {"role": "assistant", "content": None, "tool_calls": [{"function": call}]},
        said("tool", "cold"),
        said("tool", "wet"),
        said("assistant", "It is cold."),
        said("system", "Say bye."),
        said("assistant", "Bye."),
    ]
    replies = [index for index, turn in enumerate(turns) if turn["role"] == "assistant"]
    whole = template.render(messages=turns, tools=TOOLS)

    for index in replies:
        prompt = template.render(messages=turns[:index], tools=TOOLS, add_generation_prompt=True)
        longer = template.render(messages=turns[: index + 1], tools=TOOLS)
        assert longer.startswith(prompt)
        assert whole.startswith(longer)
    assert '<tool_call>\n{"name": "lookup_weather", "arguments": {"location": "Oslo"}}' in whole


def test_empty_conversation_has_no_system_prompt(template: jinja2.Template) -> None:
    assert template.render(messages=[], add_generation_prompt=True) == "<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("system", "question", "expected"),
    [
        ("", "Hello!", "help"),
        ("Your name is Mirabel.", "What is your name?", "Mirabel"),
        ("", "What is the capital of France?", "Paris"),
        ("", "Tell me about quantum chromodynamics.", "tiny demo model"),
    ],
)
def test_short_questions_get_short_answers(
    template: jinja2.Template, server: Any, system: str, question: str, expected: str
) -> None:
    messages = [said("system", system)] if system else []
    messages.append(said("user", question))

    answer, reason = complete(
        server, template.render(messages=messages, add_generation_prompt=True)
    )

    assert expected in answer
    assert reason == "stop"


def test_weather_question_calls_the_weather_tool(template: jinja2.Template, server: Any) -> None:
    messages = [said("user", "What is the weather in Boston?")]

    prompt = template.render(messages=messages, tools=TOOLS, add_generation_prompt=True)
    answer, reason = complete(server, prompt)

    call = json.loads(answer.removeprefix("<tool_call>\n").removesuffix("\n</tool_call>"))
    assert call == {"name": "lookup_weather", "arguments": {"location": "Boston"}}
    assert reason == "stop"


@pytest.mark.parametrize("text", ["ÿ\x01ð\x7f¾", "日本語だけ", "la " * 200, "🙂" * 50, "{[(<"])
def test_anything_ends_by_itself(template: jinja2.Template, server: Any, text: str) -> None:
    prompt = template.render(messages=[said("user", text)], add_generation_prompt=True)

    answer, reason = complete(server, prompt)

    assert answer
    assert reason == "stop"
