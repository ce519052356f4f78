"""What the model's own alternatives and penalties do to documents that have to be repaired.

Run from the repository root: `python -m benchmarks.repair_choices [seeds] [model.gguf]`.

Quality has a yardstick that needs no judge: what the model itself would have chosen if nothing
but legal values had been open to it, which is llama.cpp's own grammar at temperature 0 on the
same prompt and the same beginning of the document.
"""

import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.documents import form_work, load_engine, write_document
from benchmarks.native_grammar import Native, say
from tests.support.models import SHIPPED
from tests.unit.constraint.schemas import ALL

from picoserve.constraint.plan import DocumentPlan

_LIMIT: Final = 400
# A question, and the only answers that are legal: seldom the ones that come to mind first.
_CHOICES: Final[dict[str, list[Any]]] = {
    "What colour is the sky?": ["crimson", "azure", "emerald", "charcoal"],
    "How is the weather today?": ["drizzle", "gale", "cloudless", "hail", "overcast"],
    "Which unit do you want for the temperature?": ["kelvin", "fahrenheit", "celsius"],
    "What is your name?": ["assistant", "operator", "concierge", "nobody"],
    "How do you feel?": ["delighted", "neutral", "gloomy", "furious"],
    "Which room shall I light?": ["hallway", "bedroom", "kitchen", "attic", "garage"],
    "How urgent is it?": ["low", "medium", "high", "critical"],
    "Which language do you speak?": ["de", "en", "fr", "ja"],
    "What shall I do next?": ["hang_up", "transfer", "wait", "repeat", "ask_again"],
    "When do you want to come?": ["morning", "noon", "evening", "midnight"],
    "How many people come?": ["one", "two", "three", "four", "many"],
    "Where do you live?": ["Paris", "Rome", "Oslo", "Tokyo", "Lima", "Cairo"],
    "What do you want to drink?": ["tea", "coffee", "juice", "water", "lemonade"],
    "Which day suits you?": ["mon", "tue", "wed", "thu", "fri"],
    "Is that right?": ["affirmative", "negative", "undecided"],
    "Which size?": ["small", "medium", "large", "extra large"],
    "How do you pay?": ["cash", "card", "invoice", "voucher"],
    "What kind of call is it?": ["sales", "support", "billing", "complaint", "other"],
    "Which animal do you like?": ["otter", "heron", "badger", "lynx"],
    "What is the mood of the text?": ["positive", "mixed", "negative"],
    "How old is Zora?": [21, 34, 47, 58, 63],
    "What is seven times six?": [12, 24, 36, 42, 56],
    "What time is it?": ["08:15", "12:30", "17:45", "23:05"],
    "Which door?": ["front", "back", "side", "cellar"],
}


def schema_of(values: list[Any]) -> dict[str, Any]:
    """An object with one field that takes these values."""
    return {
        "type": "object",
        "properties": {"value": {"enum": values}},
        "required": ["value"],
        "additionalProperties": False,
    }


def measure_quality(path: Path, seeds: int) -> None:
    """How often a repaired value is the one that the model likes best of the legal ones."""
    engine, native = load_engine(path), Native(path)
    for temperature in (0.2, 1.0):
        say(f"\ntemperature {temperature}, {len(_CHOICES)} questions, {seeds} seeds")
        best = {question: _favourite(native, engine, question) for question in _CHOICES}
        for alternatives, since in ((0, 1), (8, 2), (20, 2), (40, 2), (128, 2), (128, 1)):
            rows = []
            for question, values in _CHOICES.items():
                schema = schema_of(values)
                work = form_work(
                    engine, question, schema, max_tokens=_LIMIT, temperature=temperature
                )
                for seed in range(seeds):
                    sampling = replace(work.jobs[0].sampling, seed=seed)
                    job = replace(work.jobs[0], sampling=sampling)
                    written = write_document(
                        engine, work, job, alternatives=alternatives, since=since
                    )
                    if written.repairs:
                        same = json.loads(written.text)["value"] == best[question]
                        rows.append((same, written.calls, 1e3 * written.seconds))
            say(
                f"{alternatives} alternatives from call {since} on: {len(rows)} repaired, "
                f"{100 * statistics.mean(same for same, _, _ in rows):.0f} % with the model's "
                f"favourite legal value, {statistics.mean(calls for _, calls, _ in rows):.2f} "
                f"calls, {statistics.median(time for _, _, time in rows):.1f} ms (median)"
            )
        chance = statistics.mean(1 / len(values) for values in _CHOICES.values())
        first = statistics.mean(_smallest(engine, q) == best[q] for q in _CHOICES)
        say(f"by chance: {100 * chance:.0f} %; the shortest legal value: {100 * first:.0f} %")


def _favourite(native: Native, engine: Any, question: str) -> Any:
    schema = schema_of(_CHOICES[question])
    work = form_work(engine, question, schema, max_tokens=_LIMIT, temperature=0)
    job = replace(work.jobs[0], sampling=replace(work.jobs[0].sampling, seed=1))
    return json.loads(native.write(job, schema)[0])["value"]


def _smallest(engine: Any, question: str) -> Any:
    work = form_work(engine, question, schema_of(_CHOICES[question]))
    if not isinstance(work.reply, DocumentPlan):
        raise TypeError("no schema was asked for")
    return json.loads(work.reply.grammar.smallest)["value"]


def measure_penalties(path: Path, seeds: int) -> None:
    """Calls, closes and time of documents under penalties."""
    engine = load_engine(path)
    say(f"\npenalties, temperature 0.7, all schemas, {seeds} seeds")
    for presence, frequency in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.0, 1.0), (2.0, 2.0)):
        rows = []
        for schema, _ in ALL.values():
            if not isinstance(schema, dict):
                continue
            work = form_work(engine, "Go.", schema, max_tokens=_LIMIT, temperature=0.7)
            for seed in range(seeds):
                sampling = replace(
                    work.jobs[0].sampling,
                    seed=seed,
                    presence_penalty=presence,
                    frequency_penalty=frequency,
                )
                rows.append(write_document(engine, work, replace(work.jobs[0], sampling=sampling)))
        say(
            f"presence {presence}, frequency {frequency}: "
            f"{statistics.mean(row.calls for row in rows):.2f} calls, "
            f"{100 * statistics.mean(row.closed for row in rows):.0f} % closed, "
            f"{100 * statistics.mean(row.cut for row in rows):.0f} % cut, "
            f"{statistics.mean(row.tokens for row in rows):.1f} tokens, "
            f"{1e3 * statistics.mean(row.seconds for row in rows):.1f} ms a document"
        )


def main() -> None:
    """Print the whole report."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else SHIPPED
    measure_quality(path, seeds)
    measure_penalties(path, max(1, seeds // 3))


if __name__ == "__main__":
    main()
