"""Evidence for structured output: validity, calls and cost over many wrong models.

Run from the repository root: `python benchmarks/constraint_evidence.py [seeds]`.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.unit.constraint import behaviours, schemas

from picoserve.constraint import Document, Grammar, Kind, check_text, compile_grammar


def say(line: str) -> None:
    """Write one line of the report."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def compile_all() -> dict[str, Grammar]:
    """Compile every schema and report the times."""
    grammars: dict[str, Grammar] = {}
    times: list[float] = []
    for name, (schema, _) in schemas.ALL.items():
        start = time.perf_counter()
        grammars[name] = compile_grammar(Kind.JSON_SCHEMA, schema)
        times.append(1000 * (time.perf_counter() - start))
    say(
        f"compile, {len(times)} schemas: median {statistics.median(times):.1f} ms, "
        f"max {max(times):.1f} ms (with the smallest document and its check)"
    )
    return grammars


def measure_validity(grammars: dict[str, Grammar], seeds: int) -> None:
    """Run every behaviour on every schema and report calls per document."""
    groups = {"livekit": list(schemas.LIVEKIT), "others": list(schemas.OTHERS)}
    total = failed = 0
    say(f"{'behaviour':27}" + "".join(f"{group + ': mean p90 max':>24}" for group in groups))
    for behaviour in behaviours.BEHAVIOURS:
        line = f"{behaviour:27}"
        for names in groups.values():
            calls: list[int] = []
            for outcome, valid in _outcomes(behaviour, names, grammars, seeds):
                calls.append(outcome.calls)
                failed += not valid
            total += len(calls)
            p90 = sorted(calls)[int(0.9 * len(calls))]
            line += f"{statistics.mean(calls):14.2f} {p90:4} {max(calls):4}"
        say(line)
    say(f"{total} documents, {failed} invalid or not equal to what was streamed")


def _outcomes(
    behaviour: str, names: list[str], grammars: dict[str, Grammar], seeds: int
) -> Iterator[tuple[behaviours.Outcome, bool]]:
    for name in names:
        for seed in range(seeds):
            chance = random.Random(f"{behaviour} {name} {seed}")  # noqa: S311
            script = behaviours.BEHAVIOURS[behaviour](schemas.ALL[name][1], chance)
            outcome = behaviours.run(grammars[name], script, chance)
            valid = check_text(grammars[name].schema, outcome.text).valid
            if not valid:
                say(f"INVALID {behaviour} {name} {seed}: {outcome.text[:200]}")
            yield outcome, valid and outcome.emitted.decode() == outcome.text


def measure_feed(grammars: dict[str, Grammar]) -> None:
    """Report what one piece of four bytes costs, on the happy path."""
    for name, document in _long_documents().items():
        text = json.dumps(document).encode()
        pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
        best = min(_feed_seconds(grammars[name], pieces) for _ in range(5))
        say(
            f"feed {name}: {1e6 * best / len(pieces):.1f} us a piece of 4 bytes, "
            f"{1e6 * best / len(text):.2f} us a byte ({len(text)} bytes)"
        )


def _feed_seconds(grammar: Grammar, pieces: list[bytes]) -> float:
    document = Document(grammar)
    start = time.perf_counter()
    for piece in pieces:
        document.feed(piece)
    seconds = time.perf_counter() - start
    document.finish()
    return seconds


def _long_documents() -> dict[str, Any]:
    words = " ".join(f"word{at}" for at in range(400))
    return {
        "voice": {"voice_instructions": "calm", "response": words},
        "array_of_objects": {"rows": [{"k": f"key {at}", "v": at / 4} for at in range(150)]},
        "anything": {f"key {at}": [at, None, True, {"x": "y"}] for at in range(100)},
    }


def measure_close(grammars: dict[str, Grammar]) -> None:
    """Report how long the shortest end takes from every place of every document."""
    times: list[float] = []
    for name, (_, document) in schemas.ALL.items():
        text = json.dumps(document, ensure_ascii=False).encode()
        for at in range(0, len(text), max(1, len(text) // 40)):
            under_way = Document(grammars[name])
            under_way.feed(text[:at])
            start = time.perf_counter()
            under_way.close()
            times.append(1000 * (time.perf_counter() - start))
            if not check_text(grammars[name].schema, under_way.finish()).valid:
                say(f"INVALID close {name} at {at}: {under_way.finish()[:200]}")
    times.sort()
    say(
        f"close, {len(times)} places: median {statistics.median(times):.2f} ms, "
        f"p99 {times[int(0.99 * len(times))]:.2f} ms, max {times[-1]:.1f} ms"
    )


def measure_giants() -> None:
    """Compile ever larger schemas up to the size limit and report the times."""
    for tools in (10, 50, 100, 250, 425):
        schema = {"anyOf": [_tool(at) for at in range(tools)]}
        size = len(json.dumps(schema))
        start = time.perf_counter()
        compile_grammar(Kind.JSON_SCHEMA, schema)
        say(f"giant: {tools} tools, {size:6} bytes: {time.perf_counter() - start:.2f} s")


def _tool(at: int) -> dict[str, Any]:
    return schemas.obj(
        {
            "name": {"const": f"tool_{at}"},
            **{
                f"field_{field}": {"type": ["string", "null"], "description": "What it is for."}
                for field in range(5)
            },
            "unit": {"enum": ["metric", "imperial", None]},
        }
    )


def main() -> None:
    """Print the whole report."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    grammars = compile_all()
    measure_giants()
    measure_feed(grammars)
    measure_close(grammars)
    measure_validity(grammars, seeds)


if __name__ == "__main__":
    main()
