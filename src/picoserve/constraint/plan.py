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
        functions: What is offered.
        callable_names: What of it may be called now.
        header: Grammar of what follows a call's `"name": "`: a known name, a quote, and the key
            of the arguments.
        trigger: Grammar of what begins a call.
        another_trigger: The same after a call, where no text is expected.
        opening: The text that begins a call, up to the name.
        arguments_key: The key of the arguments in the model's style.
        closing: The text that ends a call, after the arguments' last brace.
        forced: The reply must begin with a call.
        parallel: More than one call may be made.
        content: What the reply must be where it is no call; None for free text.
    """

    functions: tuple[PlannedFunction, ...]
    callable_names: tuple[str, ...]
    header: Grammar
    trigger: Grammar
    another_trigger: Grammar
    opening: str
    arguments_key: str
    closing: str
    forced: bool = False
    parallel: bool = True
    content: Grammar | None = None

    def arguments_of(self, name: str) -> Grammar:
        """The grammar of a function's arguments."""
        return next(each.arguments for each in self.functions if each.name == name)


ReplyPlan: TypeAlias = DocumentPlan | ToolPlan | None
"""None for free text."""
