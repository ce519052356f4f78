"""What is written down beside a saved context's file."""

import hashlib

import msgspec

FORMAT = 1


class ContextRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One saved context. It holds no word of the prompt, only its digest.

    Attributes:
        model: The served model's name.
        name: What requests call it; unique within the model.
        created: Unix time in seconds.
        bytes: Size of its file.
        characters: Length of the prompt's beginning that it holds.
        digest: SHA-256 of that beginning.
        identity: What saved it: model file, library and kind of device.
        problem: Why it is of no use any more, fit for a client; "" while it is.
    """

    id: str
    model: str
    name: str
    created: int
    prompt_tokens: int
    bytes: int
    characters: int
    digest: str
    identity: str
    problem: str = ""
    format: int = FORMAT

    def begins(self, prompt: str) -> bool:
        """Whether a prompt begins with what this context holds, and goes on."""
        return len(prompt) > self.characters and self.holds(prompt[: self.characters])

    def holds(self, beginning: str) -> bool:
        """Whether this is all that the context holds."""
        return len(beginning) == self.characters and digest_of(beginning) == self.digest


def digest_of(text: str) -> str:
    """A text's SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
