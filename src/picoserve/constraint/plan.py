"""What a reply has to be: free text, one document, or text with tool calls."""

from dataclasses import dataclass
from typing import TypeAlias

from picoserve.constraint.grammar import Grammar


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """The whole reply is one document.

    Attributes:
        grammar: What it must become.
    """

    grammar: Grammar


@dataclass(frozen=True, slots=True)
class PlannedFunction:
    """A function that may be called, with the grammar of its arguments."""

    name: str
    arguments: Grammar


@dataclass(frozen=True, slots=True)
class ToolPlan:
    """The reply may or must hold tool calls.

    Attributes:
        functions: What may be called.
        header: Grammar of what follows a call's `"name": "`: a known name, a quote, and the key
            of the arguments.
        trigger: Grammar of what begins a call.
        opening: The text that begins a call, up to the name.
        arguments_key: The key of the arguments in the model's style.
        closing: The text that ends a call, after the arguments' last brace.
        forced: The reply must begin with a call.
        parallel: More than one call may be made.
        content: What the reply must be where it is no call; None for free text.
    """

    functions: tuple[PlannedFunction, ...]
    header: Grammar
    trigger: Grammar
    opening: str
    arguments_key: str
    closing: str
    forced: bool = False
    parallel: bool = True
    content: Grammar | None = None


ReplyPlan: TypeAlias = DocumentPlan | ToolPlan | None
"""None for free text."""
