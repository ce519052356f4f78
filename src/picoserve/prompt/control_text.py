"""Keeping ordinary text from being read as control text.

A chat template separates turns with texts such as `<|im_end|>` that a tokenizer turns into one
control token. The same text inside a message would end the turn and let the message speak for
somebody else. `Neutraliser` breaks such texts with one plain blank after their first character:
`< |im_end|>`. A blank and not a zero-width character, because normalisers treat those as they
like: SentencePiece's `nmt_nfkc` rewrites some, and the cleaning step of BERT's drops them, after
which the control text would be whole again. A blank survives every tokenizer, costs a small model
nothing to read, and no control text of any family contains one.
"""

import re
from collections.abc import Iterable
from typing import Final

_BAR_SHAPE: Final = r"<\|[^\s|<>]{1,64}\|>"
_DETECTED: Final = re.compile(
    "|".join(
        (
            _BAR_SHAPE,
            r"<\uff5c[^\s\uff5c<>]{1,64}\uff5c>",
            r"</?s>",
            r"<</?SYS>>",
            r"\[/?[A-Z][A-Z_]{2,}\]",
            r"</?(?:start|end|bos|eos|pad|unk|begin)(?:_of_\w{1,32})?>",
        )
    )
)

# A template's own frames are made of control texts and names of roles, so any brackets count.
_FRAMING: Final = re.compile(r"[<\[\]\u3008][^\s<>\[\]\u3008\u3009]{1,64}[>\[\]\u3009]")


def find_control_tokens(source: str) -> tuple[str, ...]:
    """List the control texts that a template's source spells out, in order of appearance."""
    return tuple(dict.fromkeys(_DETECTED.findall(source)))


def find_framing_tokens(frame: str) -> tuple[str, ...]:
    """List the control texts in what a template writes between two messages.

    Those of thoughts are left out: they belong to a reply, which is written back as it was.
    """
    tokens = dict.fromkeys(_FRAMING.findall(frame))
    return tuple(token for token in tokens if "think" not in token.lower())


class Neutraliser:
    r"""Breaks every control text inside a text and leaves all other text alone.

    Breaking twice changes nothing more. Overlapping control texts are all broken, and the blank
    that is put in cannot complete another one. Where a family's control texts include one of the
    shape `<|word|>`, every text of that shape is broken: such vocabularies hold hundreds of them.

    A control text that begins with a line break, such as `\nUser:`, stands for a word at the
    start of a line; it is broken at the start of the text too, so pieces may be joined afterwards.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        """Compile the search for `tokens`.

        Args:
            tokens: The control texts, each of two characters or more and without a blank.

        Raises:
            ValueError: A control text is too short, or has a blank that breaking could complete.
        """
        rests: dict[str, list[str]] = {}
        for token in dict.fromkeys(tokens):
            if len(token) < 2 or " " in token:
                raise ValueError(f"{token!r} cannot be a control text.")
            rests.setdefault(token[0], []).append(re.escape(token[1:]))
            if re.fullmatch(_BAR_SHAPE, token):
                rests["<"].append(r"\|[^\s|<>]{1,64}\|>")
        starts = [
            (r"(?:^|\n)" if first == "\n" else re.escape(first)) + f"(?={'|'.join(others)})"
            for first, others in rests.items()
        ]
        self._pattern = re.compile("|".join(starts)) if starts else None

    def __call__(self, text: str) -> str:
        """Return `text` with every control text broken."""
        if self._pattern is None:
            return text
        return self._pattern.sub(_with_blank, text)


def _with_blank(start: re.Match[str]) -> str:
    return f"{start[0]} "
