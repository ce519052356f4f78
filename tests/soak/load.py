"""What a leak run asks for: everything once in a while, errors, crashes and hang-ups included."""

import random
from collections.abc import Callable
from typing import Final, TypeAlias

from tests.soak.asks import MIXTURE, MODEL, Ask, plain
from tests.support.models import MODEL as SHIPPED
from tests.support.wire import chat_body

STEADY: Final = "steady"
VECTORS: Final = "vec"
CRASH: Final = "crash now"
FAILURE: Final = "fail now"

Draw: TypeAlias = Callable[[random.Random, int], Ask]


def _either(chance: random.Random, number: int) -> Ask:
    """One of the steady load's requests, for either of the scripted models."""
    kinds = [kind for _, kind in MIXTURE]
    [kind] = chance.choices(kinds, [weight for weight, _ in MIXTURE])
    ask = kind(number)
    model = chance.choice([MODEL, STEADY])
    leave = chance.uniform(0, 0.05) if ask.leave_seconds is not None else None
    return Ask(ask.body | {"model": model}, ask.answer, leave)


def _shipped(chance: random.Random, number: int) -> Ask:
    body = chat_body(f"Hello {number}!", model=SHIPPED, max_tokens=4, stream=bool(number % 2))
    return Ask(body, leave_seconds=chance.choice([None, None, 0.01]))


def _embeddings(chance: random.Random, number: int) -> Ask:
    texts = [f"text {number}", "another"]
    return Ask({"model": VECTORS, "input": texts}, path="/v1/embeddings")


def _tokens(chance: random.Random, number: int) -> Ask:
    return Ask({"model": STEADY, "prompt": f"How many, {number}?"}, path="/tokenize")


def _unknown_model(chance: random.Random, number: int) -> Ask:
    return Ask(chat_body("Hello!", model=f"nobody-{number}"), status=404)


def _wrong_field(chance: random.Random, number: int) -> Ask:
    return Ask(chat_body("Hello!", model=STEADY, temperature=number + 3), status=400)


def _unknown_path(chance: random.Random, number: int) -> Ask:
    return Ask({}, path=f"/v1/{number}", status=404)


def _too_long(chance: random.Random, number: int) -> Ask:
    return Ask(chat_body("word " * 3000, model=STEADY), status=400)


def _failing(chance: random.Random, number: int) -> Ask:
    ask = plain(FAILURE, stream=bool(number % 2))
    return Ask(ask.body | {"model": STEADY})


def _crashing(chance: random.Random, number: int) -> Ask:
    return plain(CRASH, stream=bool(number % 2))


# By weight, in thousandths.
LOAD: Final[tuple[tuple[int, Draw], ...]] = (
    (814, _either),
    (20, _shipped),
    (40, _embeddings),
    (40, _tokens),
    (20, _unknown_model),
    (20, _wrong_field),
    (10, _unknown_path),
    (5, _too_long),
    (28, _failing),
    (3, _crashing),
)


def is_aimed(ask: Ask) -> bool:
    """Whether the request asks for a fault, and so for an error."""
    return any(mark in str(ask.body) for mark in (CRASH, FAILURE))


def draw(chance: random.Random, number: int) -> Ask:
    """One request of the run."""
    [kind] = chance.choices([kind for _, kind in LOAD], [weight for weight, _ in LOAD])
    return kind(chance, number)
