"""How much of each kind of dialogue the model sees."""

from collections.abc import Callable, Iterator
from typing import Final

from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import (
    about,
    copying,
    house,
    json_answers,
    knowledge,
    recall,
    refusals,
    smalltalk,
    sums,
    tools,
    voice,
)
from picoserve_tiny.source import Source

Generator = Callable[[Source], Conversation]

EASY: Final[dict[Generator, float]] = {
    smalltalk.generate: 2,
    smalltalk.generate_persona: 4,
    recall.generate: 4,
    recall.generate_known: 4,
    copying.generate: 8,
    json_answers.generate: 2,
    sums.generate: 1,
    knowledge.generate: 1,
    tools.generate: 1,
}
"""The first steps: mostly copying, in short dialogues."""

FULL: Final[dict[Generator, float]] = {
    smalltalk.generate: 8,
    smalltalk.generate_persona: 12,
    about.generate: 5,
    recall.generate: 7,
    recall.generate_known: 4,
    recall.generate_untold: 3,
    house.generate: 6,
    copying.generate: 8,
    sums.generate: 8,
    knowledge.generate: 4,
    knowledge.generate_styled: 5,
    refusals.generate: 4,
    refusals.generate_unreadable: 5,
    tools.generate: 36,
    tools.generate_everyday: 12,
    tools.generate_answer: 5,
    tools.generate_direct: 7,
    json_answers.generate: 14,
    voice.generate: 3,
    voice.generate_long: 3,
    voice.generate_very_long: 0.1,
}
"""The rest of the way."""


def conversations(
    seed: str, count: int, weights: dict[Generator, float] = FULL
) -> Iterator[Conversation]:
    """Training dialogues, the same for the same seed."""
    source = Source(seed)
    generators, shares = list(weights), list(weights.values())
    for generator in source.random.choices(generators, shares, k=count):
        yield generator(source)
