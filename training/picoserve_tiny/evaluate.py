"""Score a GGUF on conversations with words, tools and phrasings it has never seen.

The model runs in llama.cpp at temperature 0, on prompts written by the file's own chat template;
or a running picoserve answers, with all that it does for a reply. Plain rules decide what counts
as right. One command prints the whole table.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from picoserve_tiny.conversation import Conversation, Expectation
from picoserve_tiny.dialogues import mixture
from picoserve_tiny.prompt import render
from picoserve_tiny.runner import Runner
from picoserve_tiny.served import Served
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

    conversation: Conversation
    prompt: str
    answer: str = ""
    right: bool = False
    ended: bool = False

    @property
    def kind(self) -> str:
        """What the conversation tries."""
        return self.conversation.kind

    @property
    def expectation(self) -> Expectation:
        """What counts as right."""
        return self.conversation.expectation


Answerer = Callable[[Case], tuple[str, bool]]


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
    return Case(conversation, prompt)


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


def from_file(model: Path) -> Answerer:
    """Answers of the model alone."""
    runner = Runner(model)
    return lambda case: runner.complete(case.prompt)[:2]


def from_server(base_url: str) -> Answerer:
    """Answers of the model behind picoserve."""
    served = Served(base_url)
    return lambda case: served.answer(case.conversation)


def run(
    answerer: Answerer, per_kind: int, seed: str = "evaluation", *, targets_only: bool = False
) -> list[Case]:
    """Have every case answered, or those of the kinds that have a target."""
    done = cases(per_kind, seed)
    if targets_only:
        done = [case for case in done if case.kind in _TARGETS]
    for case in done:
        case.answer, case.ended = answerer(case)
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
    parser.add_argument("model", help="a GGUF, or the base URL of a picoserve that runs it")
    parser.add_argument("--per-kind", type=int, default=25)
    parser.add_argument("--seed", default="evaluation", help="other conversations, same kinds")
    parser.add_argument("--targets", action="store_true", help="only kinds with a target")
    parser.add_argument("--failures", action="store_true", help="show what went wrong")
    options = parser.parse_args()
    served = options.model.startswith("http")
    answerer = from_server(options.model) if served else from_file(Path(options.model))
    done = run(answerer, options.per_kind, options.seed, targets_only=options.targets)
    for case in done:
        if options.failures and not case.right:
            sys.stdout.write(f"\n--- {case.kind}\n{case.prompt}\n>>> {case.answer}\n")
            sys.stdout.write(f"expected: {case.expectation}\n")
    sys.stdout.write(table(done) + "\n")


if __name__ == "__main__":
    main()
