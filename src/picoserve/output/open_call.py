"""One call under way: its name, then its arguments, each held to a grammar of its own."""

from collections.abc import Callable
from typing import Final

from picoserve.constraint import Grammar, State
from picoserve.constraint.plan import ToolPlan
from picoserve.generation import Event
from picoserve.output.argument_reader import ArgumentReader, argument_reader
from picoserve.output.call_log import CallLog
from picoserve.output.call_opening import CallOpening
from picoserve.output.called_name import CalledName
from picoserve.output.engine_pieces import EnginePiece
from picoserve.output.held_document import HeldDocument
from picoserve.output.json_arguments import JsonArguments
from picoserve.output.name_last import NameLast

_JSON_END: Final = b"}"


class OpenCall:
    """Reads one call; what a client sees of it are the events that it returns.

    Attributes:
        is_over: The call is whole.
        name: The function; "" until it is certain.
    """

    def __init__(
        self, plan: ToolPlan, log: CallLog, new_document: Callable[[Grammar], HeldDocument]
    ) -> None:
        self.is_over = False
        self.name = ""
        self._plan = plan
        self._log = log
        self._new_document = new_document
        self._document = new_document(plan.header)
        self._spelling = CalledName(plan.callable_names)
        self._arguments: ArgumentReader | None = None
        self._name_last: NameLast | None = None
        self._header = ""

    @property
    def state(self) -> State:
        """How the document under way stands."""
        return self._document.state

    @property
    def text(self) -> str:
        """The call so far in the model's style, from its name on."""
        text = self._document.prefix
        if not self._header:
            return text
        return f"{self._header} {text}" if text else self._header

    @property
    def end_byte(self) -> bytes:
        """With which its arguments may end; empty while its name is read."""
        if not self.name:
            return b""
        return _JSON_END if self._arguments is None else self._arguments.end_byte

    @property
    def may_be_known(self) -> bool:
        """Whether the name so far may become that of a function that can be called."""
        return self._spelling.may_be_known

    def begin(self) -> list[Event]:
        """Put in what every call begins with: the model is not speaking."""
        self._document.start()
        return self._complete_header()

    def begin_arguments(self, opening: CallOpening) -> list[Event]:
        """The model has said the name in a way of its own, and goes on with the arguments."""
        self._header = f'{opening.name}", "{self._plan.arguments_key}":'
        grammar = self._plan.arguments_of(opening.name)
        self._arguments = argument_reader(opening.form, grammar)
        events = self._enter_arguments(opening.name, speaking=True)
        return events + self.feed(EnginePiece(opening.begun))

    def await_name(self) -> None:
        """The model says the arguments first."""
        self._name_last = NameLast()

    def feed(self, piece: EnginePiece) -> list[Event]:
        """Read what the model says."""
        if self._name_last is not None:
            return self._feed_name_last(piece.data, self._name_last)
        data, arguments, document = piece.data, self._arguments, self._document
        if not self.name:
            data = self._spelling.feed(data, document.prefix)
        elif arguments is not None:
            data = arguments.feed(data)
        shown = document.feed(EnginePiece(data, piece.start))
        if arguments is not None and arguments.is_over:
            shown += document.end_of_text()
        return self._shown(shown) + self._advance(speaking=True)

    def mend(self) -> list[Event]:
        """The model has ended its turn: repair what it has left."""
        document = self._document
        if not self.name:
            document.feed(EnginePiece(self._spelling.rest()))
            self._spelling = CalledName(self._plan.callable_names)
        self._arguments = self._name_last = None  # The next turn goes on from JSON.
        shown = b""
        if document.state is State.GOING:
            shown += document.end_of_text()
        if document.state is State.VIOLATION:
            shown += document.repair()
        if not self.name:
            return self._complete_header()
        return self._shown(shown) + self._advance(speaking=False)

    def _feed_name_last(self, data: bytes, call: NameLast) -> list[Event]:
        """Hold the call until its name is known, and read it in the usual order."""
        call.feed(data)
        if call.name is None:
            return []
        self._name_last = None
        header = b'%b", "%b":' % (call.name, self._plan.arguments_key.encode())
        events = self.feed(EnginePiece(header))
        return events + self.feed(EnginePiece(call.arguments)) if self.name else events

    def _complete_header(self) -> list[Event]:
        """After a name comes the arguments' key, for which nobody has to be asked."""
        name, quote, rest = self._document.prefix.partition('"')
        if quote and not rest and name in self._plan.callable_names:
            self._document.feed(EnginePiece(f', "{self._plan.arguments_key}":'.encode()))
        return self._advance(speaking=False)

    def _advance(self, *, speaking: bool) -> list[Event]:
        """Go on from the name to the arguments, and from there to the end."""
        if self._document.state is not State.COMPLETE:
            return []
        text = self._document.finish()
        if not self.name:
            self._header = text
            self._arguments = JsonArguments() if speaking else None
            return self._enter_arguments(text.partition('"')[0], speaking=speaking)
        self.is_over = True
        return self._log.end(text)

    def _enter_arguments(self, name: str, *, speaking: bool) -> list[Event]:
        self.name = name
        self._document = self._new_document(self._plan.arguments_of(name))
        events = self._log.begin(name)
        if not speaking:
            events += self._shown(self._document.start())
        return events + self._advance(speaking=speaking)

    def _shown(self, data: bytes) -> list[Event]:
        """Arguments stream as they are certain; of a header nothing is shown."""
        return self._log.add(data.decode()) if self.name else []
