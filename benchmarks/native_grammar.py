"""Speculate and repair against llama.cpp's own grammar, document by document on one engine.

Run from the repository root: `python -m benchmarks.native_grammar [rounds] [model.gguf]`. Both
ways get the same prompt, sampling, seed and token limit, in this process, without pool and HTTP;
they take turns, and who begins alternates.
"""

import json
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import xllamacpp
from benchmarks.documents import form_work, load_engine, write_document
from tests.support.models import SHIPPED
from tests.unit.constraint.schemas import ALL

from picoserve.generation import Job

_LIMIT = 400
_PROMPT = "Fill in the form. Make something up."


@dataclass
class Pairs:
    """One schema's documents, ours and the grammar's side by side."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    our_bytes: int = 0
    their_bytes: int = 0
    our_tokens: int = 0
    their_tokens: int = 0
    calls: int = 0
    our_bad: int = 0
    their_bad: int = 0
    whole: list[tuple[float, float]] = field(default_factory=list)


class Native:
    """llama.cpp with the schema as a grammar."""

    def __init__(self, path: Path) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = 2048
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = 256
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        self._server = xllamacpp.Server(params)

    def write(self, job: Job, schema: object) -> tuple[str, float, int]:
        """A document, its seconds and its tokens; an empty one for a schema that it refuses."""
        text: list[str] = []
        tokens = 0

        def on_answer(answer: dict[str, Any]) -> bool:
            nonlocal tokens
            if "error" in answer:
                raise ValueError(answer["error"]["message"])
            text.extend(choice["text"] for choice in answer.get("choices", ()))
            tokens = (answer.get("usage") or {}).get("completion_tokens", tokens)
            return False

        sampling = job.sampling
        body = {
            "prompt": job.prompt,
            "stream": True,
            "stream_options": {"include_usage": True},
            "cache_prompt": True,
            "n_predict": job.max_tokens,
            "stop": list(job.stop),
            "seed": sampling.seed,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": 0,
            "min_p": 0.0,
            "json_schema": schema,
        }
        start = time.perf_counter()
        self._server.handle_completions(body, on_answer)
        return "".join(text), time.perf_counter() - start, tokens


def say(line: str = "") -> None:
    """Write one line of the report."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def is_valid(text: str, schema: Any) -> bool:
    """Whether the text is a document of the schema."""
    try:
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def compare(path: Path, rounds: int, temperature: float) -> None:
    """All schemas at one temperature, and what it comes to."""
    ours, theirs = load_engine(path), Native(path)
    pairs: dict[str, Pairs] = {}
    refused = []
    for name, (schema, _) in ALL.items():
        if not isinstance(schema, dict):
            continue
        work = form_work(ours, _PROMPT, schema, max_tokens=_LIMIT, temperature=temperature)
        made = Pairs()
        try:
            for turn in range(-1, rounds):
                _pair(made if turn >= 0 else Pairs(), ours, theirs, work, schema, turn)
        except ValueError:
            refused.append(name)
            continue
        pairs[name] = made
    _report(pairs, refused, temperature)


def _pair(made: Pairs, ours: Any, theirs: Native, work: Any, schema: Any, turn: int) -> None:
    job = replace(work.jobs[0], sampling=replace(work.jobs[0].sampling, seed=turn + 1))
    if turn % 2:
        native = theirs.write(job, schema)
        written = write_document(ours, work, job)
    else:
        written = write_document(ours, work, job)
        native = theirs.write(job, schema)
    text, seconds, tokens = native
    good, fine = is_valid(written.text, schema), is_valid(text, schema)
    made.ours.append(written.seconds)
    made.theirs.append(seconds)
    made.our_bytes += len(written.text.encode())
    made.their_bytes += len(text.encode())
    made.our_tokens += written.tokens
    made.their_tokens += tokens
    made.calls += written.calls
    made.our_bad += not good
    made.their_bad += not fine
    if good and fine:
        made.whole.append((written.seconds, seconds))


def _report(pairs: dict[str, Pairs], refused: list[str], temperature: float) -> None:
    say(f"\ntemperature {temperature}; refused by the grammar: {', '.join(refused) or 'none'}")
    say("schema: ours ms, grammar's ms (medians), ratio, calls, tokens ours/grammar's, not valid")
    ratios = []
    for name, made in pairs.items():
        our, their = statistics.median(made.ours), statistics.median(made.theirs)
        ratios.append(our / their)
        count = len(made.ours)
        say(
            f"{name}: {1e3 * our:.1f}, {1e3 * their:.1f}, {our / their:.2f}, "
            f"{made.calls / count:.1f}, {made.our_tokens / count:.0f}/"
            f"{made.their_tokens / count:.0f}, {made.our_bad}/{made.their_bad}"
        )
    every = [(a, b) for made in pairs.values() for a, b in zip(made.ours, made.theirs, strict=True)]
    whole = [pair for made in pairs.values() for pair in made.whole]
    say(f"schemas: {len(pairs)}, documents: {len(every)}, whole both ways: {len(whole)}")
    say(f"ratio of medians by schema: {_spread(ratios)}")
    say(f"ratio by document: {_spread([a / b for a, b in every])}")
    say(f"ratio by document, whole both ways: {_spread([a / b for a, b in whole])}")
    say(f"sum of times: {sum(a for a, _ in every) / sum(b for _, b in every):.2f}")
    our_bytes = sum(made.our_bytes for made in pairs.values())
    their_bytes = sum(made.their_bytes for made in pairs.values())
    our_tokens = sum(made.our_tokens for made in pairs.values())
    their_tokens = sum(made.their_tokens for made in pairs.values())
    say(
        f"us a byte of document: {1e6 * sum(a for a, _ in every) / our_bytes:.1f} ours, "
        f"{1e6 * sum(b for _, b in every) / their_bytes:.1f} the grammar's; "
        f"us a token: {1e6 * sum(a for a, _ in every) / max(1, our_tokens):.0f}, "
        f"{1e6 * sum(b for _, b in every) / max(1, their_tokens):.0f}"
    )


def _spread(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"median {middle:.2f}, quartiles {low:.2f} and {high:.2f}"


def main() -> None:
    """Print the whole report."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else SHIPPED
    packages = ", ".join(f"{name} {version(name)}" for name in ("llguidance", "xllamacpp"))
    say(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    say(f"{packages}; {path.name}; load {os.getloadavg()[0]:.1f}; {rounds} rounds")
    for temperature in (0.2, 1.0):
        compare(path, rounds, temperature)


if __name__ == "__main__":
    main()
