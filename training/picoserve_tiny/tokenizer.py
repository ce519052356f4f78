"""A byte-level BPE vocabulary that writes a word the same way wherever it stands.

Merges are learnt on words without the space before them. The space joins a word only by a last
merge, and only for common words, so an invented name has the same tokens after a space, after a
quote and at the start of a line: that makes copying it easy to learn. Digits are never merged.
The result is an ordinary GPT-2 tokenizer, which llama.cpp knows as `gpt-2`.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from picoserve_tiny.dialogues.mixture import conversations
from picoserve_tiny.prompt import render

CONTROL: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
SPACE: Final = "Ġ"
_PIECES: Final = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+|\s"
_WORD_MERGES: Final = 1250


def assemble(merges: list[tuple[str, str]]) -> Tokenizer:
    """The tokenizer for a list of merges: the bytes first, then the merges, then control."""
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces += [left + right for left, right in merges]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in CONTROL])
    return tokenizer


def _learn_words(texts: list[str]) -> list[tuple[str, str]]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    size = len(alphabet) + _WORD_MERGES
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, show_progress=False, max_token_length=12
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt: dict[str, list[list[str]]] = json.loads(tokenizer.to_str())["model"]
    return [(left, right) for left, right in learnt["merges"]]


def _spaced_words(texts: list[str], merges: list[tuple[str, str]], room: int) -> list[str]:
    """The pieces that mostly stand alone after a space, the most frequent first."""
    tokenizer = assemble(merges)
    names = {index: piece for piece, index in tokenizer.get_vocab().items()}
    space = tokenizer.token_to_id(SPACE)
    alone: Counter[str] = Counter()
    starting: Counter[str] = Counter()
    for encoding in tokenizer.encode_batch(texts):
        ids, words = encoding.ids, encoding.word_ids
        for index, token in enumerate(ids[:-2]):
            if token == space and words[index + 1] == words[index]:
                goes_on = words[index + 2] == words[index + 1]
                (starting if goes_on else alone)[names[ids[index + 1]]] += 1
    usable = [piece for piece, count in alone.most_common() if starting[piece] < count / 3]
    return [piece for piece in usable if not piece.isdigit()][:room]


def learn(texts: list[str], size: int) -> Tokenizer:
    """A tokenizer of exactly `size` tokens."""
    merges = _learn_words(texts)
    room = size - 256 - len(merges) - len(CONTROL)
    merges += [(SPACE, piece) for piece in _spaced_words(texts, merges, room)]
    return assemble(merges)


def main() -> None:
    """Learn the vocabulary from fresh dialogues and save it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--dialogues", type=int, default=20000)
    options = parser.parse_args()
    texts = [
        render(made.messages, made.tools, open_reply=False)
        for made in conversations("tokenizer", options.dialogues)
    ]
    # Control tokens are no text: the vocabulary must not learn their spelling.
    for token in CONTROL:
        texts = [text.replace(token, "\n") for text in texts]
    tokenizer = learn(texts, options.size)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(options.output))


if __name__ == "__main__":
    main()
