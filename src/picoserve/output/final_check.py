"""The last word on a finished document, whatever the grammar has let through."""

from picoserve.constraint import Grammar, check_text
from picoserve.errors import EngineFailedError


def check_document(grammar: Grammar | None, text: str) -> None:
    """Hold a finished document against the client's own schema.

    Raises:
        EngineFailedError: A guarantee was asked for and is not kept; an error is honest, the
            document would be a silent lie.
    """
    if grammar is None or grammar.schema is None or not grammar.strict:
        return
    finding = check_text(grammar.schema, text)
    if not finding.valid:
        raise EngineFailedError(f"The answer does not meet its schema: {finding.summary}")
