"""Score a GGUF on conversations with words, tools and phrasings it has never seen.

The model runs in llama.cpp at temperature 0, on prompts written by the file's own chat template;
plain rules decide what counts as right. One command prints the whole table.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from picoserve_tiny.conversation import Conversation, Expectation
from picoserve_tiny.dialogues import mixture
from picoserve_tiny.prompt import render
from picoserve_tiny.runner import Runner
from picoserve_tiny.source import Source

_TOOL_CALL: Final = re.compile(r"<tool_call>\n(.*?)\n</tool_call>", re.DOTALL)
_TARGETS: Final = {
    "persona name": 95,
    "recall of a fact": 90,
    "right tool and arguments": 90,
    "answer from a tool result": 90,
    "honest refusal": 90,
}


@dataclass
class Case:
    """One held-out conversation and how the model ended it."""

    kind: str
    prompt: str
    expectation: Expectation
    answer: str = ""
    right: bool = False
    ended: bool = False


def is_right(answer: str, expected: Expectation) -> bool:
    """Whether an answer fulfils its rule."""
    call = _TOOL_CALL.search(answer)
    if expected.tool is not None:
        return call is not None and _is_call(call[1], expected)
    if call is not None:
        return False
    if expected.document is not None:
        return _parsed(answer) == expected.document
    return all(text.casefold() in answer.casefold() for text in expected.contains)


def _parsed(text: str) -> object:
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError:
        return None
    return value


def _is_call(text: str, expected: Expectation) -> bool:
    return _parsed(text) == {"name": expected.tool, "arguments": expected.arguments}


def _case(conversation: Conversation) -> Case:
    prompt = render(conversation.messages[:-1], conversation.tools, open_reply=True)
    return Case(conversation.kind, prompt, conversation.expectation)


def cases(per_kind: int, seed: str = "evaluation") -> list[Case]:
    """The held-out conversations, the same every time for the same seed."""
    made: list[Case] = []
    for generator in mixture.FULL:
        name = f"{generator.__module__.rpartition('.')[2]}.{generator.__name__}"
        source = Source(f"{seed} {name}", held_out=True)
        seen: set[str] = set()
        while len(seen) < per_kind:
            case = _case(generator(source))
            # What does not fit the context would measure nothing.
            if case.prompt not in seen and len(case.prompt) < 5500:
                seen.add(case.prompt)
                made.append(case)
    return made


def run(model: Path, per_kind: int, seed: str = "evaluation") -> list[Case]:
    """Let the model answer every case."""
    runner = Runner(model)
    done = cases(per_kind, seed)
    for case in done:
        case.answer, case.ended, _ = runner.complete(case.prompt)
        case.right = is_right(case.answer, case.expectation)
    return done


def table(done: list[Case]) -> str:
    """The figures per kind as a Markdown table."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in done:
        groups[case.kind].append(case)
    lines = ["| kind | conversations | right | target | stopped by itself |"]
    lines.append("|---" * 5 + "|")
    groups["all"] = done
    for kind, group in groups.items():
        right = 100 * sum(case.right for case in group) / len(group)
        ended = 100 * sum(case.ended for case in group) / len(group)
        target = f"{_TARGETS[kind]} %" if kind in _TARGETS else ""
        lines.append(f"| {kind} | {len(group)} | {right:.1f} % | {target} | {ended:.1f} % |")
    return "\n".join(lines)


def main() -> None:
    """Read the command line, run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--per-kind", type=int, default=25)
    parser.add_argument("--seed", default="evaluation", help="other conversations, same kinds")
    parser.add_argument("--failures", action="store_true", help="show what went wrong")
    options = parser.parse_args()
    done = run(options.model, options.per_kind, options.seed)
    for case in done:
        if options.failures and not case.right:
            sys.stdout.write(f"\n--- {case.kind}\n{case.prompt}\n>>> {case.answer}\n")
            sys.stdout.write(f"expected: {case.expectation}\n")
    sys.stdout.write(table(done) + "\n")


if __name__ == "__main__":
    main()
