"""Arguments of a call in whatever form a model was trained to write them, read as JSON."""

from typing import Any, Protocol

from picoserve.constraint import Grammar
from picoserve.output.bare_values import BareValues
from picoserve.output.call_opening import CallForm
from picoserve.output.gemma_arguments import GemmaArguments
from picoserve.output.json_arguments import JsonArguments
from picoserve.output.python_arguments import PythonArguments
from picoserve.output.tagged_arguments import ARG_KEYS, PARAMETERS, TaggedArguments


class ArgumentReader(Protocol):
    """Makes JSON of what stands between a call's opening and its end, piece by piece.

    What it cannot read it hands on as it is; whether that is legal is the document's to judge.

    Attributes:
        is_over: The arguments have ended.
        end_byte: With which they may end.
    """

    is_over: bool
    end_byte: bytes

    def feed(self, data: bytes) -> bytes:
        """Take bytes up to the end of the arguments; returns JSON."""
        ...


def argument_reader(form: CallForm, grammar: Grammar) -> ArgumentReader:
    """The reader of arguments that come in this form.

    Args:
        form: How they come.
        grammar: What they have to become.
    """
    schema: dict[str, Any] = grammar.schema if isinstance(grammar.schema, dict) else {}
    match form:
        case CallForm.PYTHON:
            return PythonArguments(tuple(schema.get("properties", ())))
        case CallForm.PARAMETERS:
            return TaggedArguments(PARAMETERS, BareValues(schema))
        case CallForm.KEYS:
            return TaggedArguments(ARG_KEYS, BareValues(schema))
        case CallForm.GEMMA:
            return GemmaArguments(BareValues(schema).names)
        case _:
            return JsonArguments()
