"""What may still follow: documents held to a JSON schema, a regex, a choice or a Lark grammar.

The room is pure: no engine, no clock of its own, no files. `compile_grammar` turns what a client
asked for into a `Grammar`; a `Document` then takes the model's bytes, passes on those that are
certain, and says what to append when the model leaves the grammar.
"""

from picoserve.constraint.cache import GrammarCache, Grammars, KnownGrammars
from picoserve.constraint.faults import ConstraintError, DeadEndError, NotCompiledError, SchemaError
from picoserve.constraint.finding import Finding
from picoserve.constraint.grammar import Grammar, Kind, compile_grammar
from picoserve.constraint.limits import DocumentLimits, SchemaLimits
from picoserve.constraint.matcher import Matcher
from picoserve.constraint.repair import Document
from picoserve.constraint.trace import CHOSEN, FORCED
from picoserve.constraint.validate import check_text
from picoserve.constraint.verdict import State, Verdict

__all__ = [
    "CHOSEN",
    "FORCED",
    "ConstraintError",
    "DeadEndError",
    "Document",
    "DocumentLimits",
    "Finding",
    "Grammar",
    "GrammarCache",
    "Grammars",
    "Kind",
    "KnownGrammars",
    "Matcher",
    "NotCompiledError",
    "SchemaError",
    "SchemaLimits",
    "State",
    "Verdict",
    "check_text",
    "compile_grammar",
]
