"""The last word on a finished document, whatever the grammar has let through."""

from picoserve.constraint import Grammar, check_text
from picoserve.errors import EngineFailedError


def check_document(grammar: Grammar, text: str) -> bool:
    """Hold a finished document against the client's own schema.

    Returns:
        Whether it meets it. Without a guarantee it may not, and is the client's all the same.

    Raises:
        EngineFailedError: A guarantee was asked for and is not kept; an error is honest, the
            document would be a silent lie.
    """
    if grammar.schema is None:
        return True
    finding = check_text(grammar.schema, text)
    if grammar.strict and not finding.valid:
        raise EngineFailedError(f"The answer does not meet its schema: {finding.summary}")
    return finding.valid
