"""What structured output costs on the shipped model, and whether all of it is valid.

Run from the repository root: `python benchmarks/structured_output.py [documents]`. A real server
is started; the model draws at temperature 1.5, where it is wrong most of the time.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import jsonschema

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.models import MODEL, tiny_model
from tests.support.server import running_server
from tests.unit.constraint.schemas import ALL

_TEMPERATURE = 1.5
_ROUNDS = 60
_PLAIN = "Tell me a long story about the sea."


@dataclass
class Answer:
    """One answer and what it took."""

    text: str
    finish: str
    tokens: int
    seconds: float
    seconds_to_first: float


def say(line: str = "") -> None:
    """Write one line of the report."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def ask(client: httpx.Client, prompt: str, **fields: Any) -> Answer:
    """Stream one answer."""
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": prompt}],
        "temperature": _TEMPERATURE,
        "stream": True,
        "stream_options": {"include_usage": True},
        **fields,
    }
    start = time.perf_counter()
    first, text, finish, tokens = 0.0, "", "", 0
    with client.stream("POST", "/v1/chat/completions", json=body) as response:
        if response.status_code != 200:
            raise RuntimeError(response.read().decode())
        for line in response.iter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line[6:])
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
            for choice in chunk.get("choices", ()):
                piece = choice["delta"].get("content") or ""
                if piece and not text:
                    first = time.perf_counter() - start
                text += piece
                finish = choice["finish_reason"] or finish
    return Answer(text, finish, tokens, time.perf_counter() - start, first)


def wanted(name: str) -> dict[str, Any]:
    """The request fields that hold a reply to a schema."""
    schema = {"name": name, "schema": ALL[name][0], "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def counters(client: httpx.Client) -> dict[str, float]:
    """The server's counters, summed over labels."""
    sums: dict[str, float] = {}
    for line in client.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            name = name.partition("{")[0]
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def measure_validity(client: httpx.Client, documents: int, temperature: float) -> None:
    """Ask for many documents over all schemas and check every one with `jsonschema`."""
    names = [name for name in ALL if isinstance(ALL[name][0], dict)]
    before = counters(client)
    jobs = [(names[at % len(names)], at) for at in range(documents)]

    def answer(job: tuple[str, int]) -> tuple[str, Answer]:
        name, seed = job
        return name, ask(client, "Go.", seed=seed, temperature=temperature, **wanted(name))

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(answer, jobs))
    invalid = [name for name, answer in answers if not _is_valid(name, answer)]
    after = counters(client)
    say(f"documents: {documents} over {len(names)} schemas, temperature {temperature}")
    say(f"invalid: {len(invalid)} {sorted(set(invalid))}")
    say(f"finish: {_counts(answer.finish for _, answer in answers)}")
    for name in sorted(after):
        if "structured" in name and not name.endswith("_created"):
            grown = after[name] - before.get(name, 0)
            say(f"{name}: {grown:.0f}, {grown / documents:.2f} per document")
    say(f"tokens a document: {statistics.mean(a.tokens for _, a in answers):.1f}")


def _is_valid(name: str, answer: Answer) -> bool:
    try:
        jsonschema.Draft202012Validator(ALL[name][0]).validate(json.loads(answer.text))
    except (ValueError, jsonschema.ValidationError):
        return answer.finish == "length"
    return True


def _counts(words: Iterator[str]) -> dict[str, int]:
    listed = list(words)
    return {word: listed.count(word) for word in sorted(set(listed))}


def measure_cost(client: httpx.Client) -> None:
    """Compare the time of a token with and without a form, by turns in one run.

    A regex that admits everything shows what reading along costs: the model says the same and is
    never put right. The documents show what it costs with all repairs.
    """
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "free text": (_PLAIN, {}),
        "held to `(?s:.*)`": (_PLAIN, {"guided_regex": "(?s:.*)"}),
        "document `voice`": (_PLAIN, wanted("voice")),
        "document `get_weather`": (_PLAIN, wanted("get_weather")),
        "document `worst`": (_PLAIN, wanted("worst")),
    }
    whole = dict.fromkeys(ways, 0.0)
    spent = dict.fromkeys(ways, 0.0)
    tokens = dict.fromkeys(ways, 0)
    for seed in range(_ROUNDS):
        for way, (prompt, fields) in ways.items():
            answer = ask(client, prompt, seed=seed, max_tokens=200, **fields)
            whole[way] += answer.seconds
            if answer.tokens > 1 and answer.seconds_to_first:
                spent[way] += answer.seconds - answer.seconds_to_first
                tokens[way] += answer.tokens - 1
    free = spent["free text"] / tokens["free text"]
    for way in ways:
        each = spent[way] / tokens[way]
        say(
            f"{way}: {1e6 * each:.0f} us a token over {tokens[way]} tokens, {each / free:.2f}x; "
            f"{1e3 * whole[way] / _ROUNDS:.1f} ms an answer"
        )


def main() -> None:
    """Print the whole report."""
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    packages = ", ".join(f"{name} {version(name)}" for name in ("llguidance", "xllamacpp"))
    say(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    say(f"{packages}; load {os.getloadavg()[0]:.1f}")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), tiny_model(engines=1, slots=2)) as server,
        httpx.Client(base_url=server.url, timeout=120) as client,
    ):
        measure_cost(client)
        measure_validity(client, documents, _TEMPERATURE)
        measure_validity(client, documents // 5, 0.2)


if __name__ == "__main__":
    main()
