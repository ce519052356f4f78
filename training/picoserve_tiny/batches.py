"""Dialogues as training batches: rows of similar length, with the assistant's tokens marked.

Each row is one dialogue from its start, so nothing leaks from one into the next. Rows of similar
length go together to waste little on padding, and the batches are shuffled.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from tokenizers import Tokenizer
from torch import Tensor

from picoserve_tiny.dialogues import mixture
from picoserve_tiny.prompt import parts

LONGEST: Final = 2048
DIALOGUES_PER_SHARD: Final = 4000
CONTEXT_SHARE: Final = 0.1
"""How many of the tokens that the assistant does not say are learnt from all the same."""


@dataclass
class Batch:
    """Rows of tokens and the places whose next token is learnt.

    Attributes:
        tokens: Token numbers, (rows, length).
        places: Positions in the flattened rows.
        targets: The token that follows each place.
        weights: How much each place counts.
    """

    tokens: Tensor
    places: Tensor
    targets: Tensor
    weights: Tensor


Row = tuple[list[int], list[bool]]


def _rows(seed: str, tokenizer: Tokenizer, *, easy: bool) -> list[Row]:
    weights = mixture.EASY if easy else mixture.FULL
    cuts = [parts(made) for made in mixture.conversations(seed, DIALOGUES_PER_SHARD, weights)]
    flat = [text for cut in cuts for text, _ in cut]
    encoded = iter(tokenizer.encode_batch_fast(flat, add_special_tokens=False))
    rows: list[Row] = []
    for cut in cuts:
        tokens: list[int] = []
        said: list[bool] = []
        for _, is_reply in cut:
            ids = next(encoded).ids
            tokens += ids
            said += [is_reply] * len(ids)
        rows.append((tokens[: LONGEST + 1], said[: LONGEST + 1]))
    return rows


def _batch(rows: list[Row], length: int, chance: random.Random) -> Batch:
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    places: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for index, (ids, said) in enumerate(rows):
        tokens[index, : min(len(ids), length)] = torch.tensor(ids[:length])
        for place in range(min(len(ids) - 1, length)):
            if said[place + 1] or chance.random() < CONTEXT_SHARE:
                places.append(index * length + place)
                targets.append(ids[place + 1])
                weights.append(1.0 if said[place + 1] else 0.3)
    return Batch(tokens, torch.tensor(places), torch.tensor(targets), torch.tensor(weights))


def shard(seed: str, tokenizer: Tokenizer, tokens_per_batch: int, *, easy: bool) -> Iterator[Batch]:
    """All batches of one shard, the same for the same seed."""
    chance = random.Random(f"batches {seed}")
    rows = _rows(seed, tokenizer, easy=easy)
    # Not quite in order of length, so that a batch is never of one kind alone.
    rows.sort(key=lambda row: len(row[0]) * chance.uniform(0.93, 1.0))
    groups: list[list[Row]] = [[]]
    longest = 0
    for row in rows:
        longest = max(longest, len(row[0]) - 1)
        if groups[-1] and longest * (len(groups[-1]) + 1) > tokens_per_batch:
            groups.append([])
            longest = len(row[0]) - 1
        groups[-1].append(row)
    chance.shuffle(groups)
    for group in groups:
        yield _batch(group, max(len(ids) for ids, _ in group) - 1, chance)
