"""What the last check of a finished document found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where a document breaks its schema.

    Attributes:
        path: The place in the document, as `tags.2`.
        keyword: The schema keyword that is broken, as `uniqueItems`; `json` for broken JSON.
        message: The reason. It may quote the document, so it does not belong in a log.
    """

    path: str
    keyword: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the last check found.

    Attributes:
        valid: The document parses and meets the client's own schema.
        problems: What is broken, at most a few.
        duplicates: Object keys that occur twice in one object. JSON allows them and parsers keep
            the last one, so they do not make a document invalid.
    """

    valid: bool
    problems: tuple[Problem, ...] = ()
    duplicates: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The broken keywords and their places, without any of the document's values."""
        return ", ".join(f"{each.keyword} at {each.path or 'the root'}" for each in self.problems)
