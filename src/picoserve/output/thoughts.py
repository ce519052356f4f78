"""The contract of what tells a model's thoughts from what it says.

A format is a class that meets `ThoughtSplitter`, a description of it in
`generation.ThoughtTags`, and a row in `splitter_for`. Where calls have a place of their own
beside thoughts, as in harmony, `output.harmony_reply` stands in front of the readers instead.
"""

from typing import Protocol

from picoserve.generation import ThoughtTags
from picoserve.output.portions import Portion
from picoserve.output.tagged_thoughts import TaggedThoughts


class ThoughtSplitter(Protocol):
    """Reads the first call of the engine; whatever a repair adds is said."""

    @property
    def is_over(self) -> bool:
        """No thought can follow."""
        ...

    def feed(self, data: bytes) -> list[Portion]:
        """Take bytes; returns those of which it is certain whom they are for."""
        ...

    def finish(self) -> list[Portion]:
        """The call has ended; returns what was held back. `is_over` stays what it was."""
        ...

    def raw(self, said: str) -> str:
        """The reply as a prompt has to go on with it.

        Args:
            said: What the reply's reader has made of what was said, "" for nothing.
        """
        ...


def splitter_for(form: ThoughtTags) -> ThoughtSplitter:
    """A reader of that format, at the beginning of a reply."""
    return TaggedThoughts(form)
