"""Seeded choices for the dialogues, with training and evaluation kept apart.

Every invented word and every phrasing belongs to one side for good, by a checksum of its
text: what the evaluation draws has never been in the training data.
"""

import random
import re
import zlib
from collections.abc import Sequence
from typing import TypeVar

from picoserve_tiny import lists

Item = TypeVar("Item")

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_STARTS = "b c d f g h j k l m n p r s t v w z br cr dr fl gl gr kl pl pr sk sl sp st tr th sh ch"
_ENDS = "n r l s m k t x nd rk sh lt ck rn st p d"
_ALL_WORDS = (*lists.THINGS, *lists.VERBS, *lists.ADJECTIVES, *lists.WORDS, *lists.FREQUENT)
_FILLERS = ("um, ", "so, ", "okay, ", "well, ", "and ", "please ", "hey, ", "uh ")


def is_held_out(text: str, share: int = 8) -> bool:
    """Whether `text` belongs to the evaluation side."""
    return zlib.crc32(text.lower().encode()) % share == 0


class Source:
    """A seeded stream of words and phrasings from one side.

    Attributes:
        random: The generator behind it, for plain numbers.
        held_out: True for the evaluation side.
    """

    def __init__(self, seed: str, *, held_out: bool = False) -> None:
        self.random = random.Random(seed)
        self.held_out = held_out

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.random.random() < probability

    def number(self, low: int, high: int) -> int:
        """A whole number between the two, both included."""
        return self.random.randint(low, high)

    def pick(self, items: Sequence[Item]) -> Item:
        """Any one of `items`; both sides may draw it."""
        return self.random.choice(items)

    def pick_word(self, words: Sequence[str]) -> str:
        """One of this side's words in a list."""
        mine = [word for word in words if is_held_out(word, 6) == self.held_out]
        return self.random.choice(mine or words)

    def phrase(self, patterns: Sequence[str], **values: object) -> str:
        """One of this side's patterns, its `[a|b]` choices made, as people type or speak it."""
        mine = [pattern for pattern in patterns if is_held_out(pattern, 6) == self.held_out]
        text = self.expand(self.random.choice(mine or list(patterns)))
        return self._casual(text).format(**values)

    def expand(self, pattern: str) -> str:
        """Make every `[a|b]` choice in `pattern`, the inner ones first."""
        while match := _CHOICE.search(pattern):
            chosen = self.random.choice(match[1].split("|"))
            pattern = pattern[: match.start()] + chosen + pattern[match.end() :]
        return pattern

    def _casual(self, text: str) -> str:
        if self.chance(0.12) and not text.startswith("{"):
            text = self.pick(_FILLERS) + text[0].lower() + text[1:]
        if self.chance(0.25):
            text = re.sub(r"(?<![{\w])[A-Z](?=[a-z' ])", lambda match: match[0].lower(), text)
        if self.chance(0.25):
            text = text.rstrip(".?!")
        return text

    def word(self, syllables: int = 0) -> str:
        """An invented lower-case word of this side.

        In training some are English, or made of two English words: what people name their tools
        after. Nothing of that is drawn for the evaluation.
        """
        if not self.held_out and not syllables and self.chance(0.25):
            return self._english()
        while True:
            made = self._invent(syllables or self.pick((1, 2, 2, 2, 3, 3)))
            if is_held_out(made) == self.held_out:
                return made

    def _english(self) -> str:
        while True:
            made = self.pick(lists.WORDS)
            if self.chance(0.7):
                first, second = self.pick(_ALL_WORDS), self.pick(_ALL_WORDS)
                halves = first[: self.number(2, 6)] + second[self.number(1, 4) :]
                made = first + second if self.chance(0.6) and len(first + second) < 13 else halves
            if len(made) > 2 and made not in lists.THINGS and not is_held_out(made):
                return made

    def any_words(self) -> str:
        """A few words of all lists, also those that are held out as tools and values.

        A word that is never read or said has no meaning to the model, not even as something to
        copy, so dictation has them all.
        """
        groups = (lists.THINGS, lists.THINGS, lists.VERBS, lists.FREQUENT, _ALL_WORDS)
        words = [self.pick(self.pick(groups)) for _ in range(self.number(1, 6))]
        joint = self.pick((" ", " ", "_", "_", "-", ", "))
        return joint.join(word.capitalize() if self.chance(0.15) else word for word in words)

    def _invent(self, syllables: int) -> str:
        if self.chance(0.25):
            letters = self.number(3, 8)
            return "".join(self.pick("aeioubcdfghjklmnpqrstvwxyz") for _ in range(letters))
        starts, ends = _STARTS.split(), _ENDS.split()
        made = ""
        for _ in range(syllables):
            made += self.pick(starts) + self.pick(("a", "e", "i", "o", "u", "ai", "ee", "ou", "y"))
            if self.chance(0.35):
                made += self.pick(ends)
        if len(made) < 3:
            made += self.pick(ends)
        return made

    def name(self) -> str:
        """A person's first name, half of them invented."""
        if self.chance(0.35):
            return self.pick_word(lists.NAMES)
        return self.word().capitalize()

    def full_name(self) -> str:
        """A first name, often with a surname."""
        if self.chance(0.5):
            return self.name()
        surname = self.pick_word(lists.SURNAMES) if self.chance(0.4) else self.word().capitalize()
        return f"{self.name()} {surname}"

    def city(self) -> str:
        """A place, most of them invented."""
        if self.chance(0.4):
            return self.pick_word(lists.CITIES)
        if self.chance(0.15):
            return self.pick(("New", "San", "Port", "Lake", "Old")) + " " + self.word().capitalize()
        return self.word().capitalize()

    def thing(self) -> str:
        """A common noun, a third of them invented, some with an adjective."""
        noun = self.word() if self.chance(0.3) else self.pick_word(lists.THINGS)
        return f"{self.pick(lists.ADJECTIVES)} {noun}" if self.chance(0.25) else noun

    def code(self) -> str:
        """A short code of letters and digits."""
        digits = str(self.number(10 ** self.number(1, 4), 10 ** self.number(4, 6)))
        if self.chance(0.4):
            return digits
        letters = "".join(self.pick("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(self.number(1, 3)))
        return letters + self.pick(("", "-")) + digits

    def clock(self) -> str:
        """A time of day."""
        minutes = self.pick(("", "", ":15", ":30", ":45", f":{self.number(10, 59)}"))
        return f"{self.number(1, 12)}{minutes} {self.pick(('am', 'pm'))}"

    def value(self) -> str:
        """Any short value worth remembering: a word, a name, a number, a place, a colour."""
        if not self.held_out and self.chance(0.08):
            return self.any_words()
        makers = (self.word, self.name, self.city, self.code, self.clock, self.full_name)
        if self.chance(0.3):
            groups = (lists.COLOURS, lists.ANIMALS, lists.FOODS, lists.DAYS, lists.MONTHS)
            return self.pick_word(self.pick(groups))
        if self.chance(0.15):
            return f"{self.number(2, 990)} {self.pick(('euros', 'dollars', 'metres', 'minutes'))}"
        return self.pick(makers)()

    def sentence(self) -> str:
        """A few words that mean little, for texts that must be copied."""
        if not self.held_out and self.chance(0.3):
            return self.any_words()
        words = [self.pick(lists.ADJECTIVES), self.pick_word(lists.THINGS), self.word()]
        more = [self.pick(lists.FOODS), self.pick(lists.COLOURS), self.name(), self.word()]
        self.random.shuffle(more)
        picked = words + more[: self.number(0, 3)]
        self.random.shuffle(picked)
        return " ".join(picked)
