"""Tool calls as OpenAI writes them, in chunks and in a whole answer, new form and old.

One entry per chunk; id, type and name in the first delta of a call only: the shape that every
stock client reads (LiveKit's loses arguments when a name comes twice).
"""

from picoserve.generation import FinishReason, ToolCallDelta


def tool_call_delta(event: ToolCallDelta, *, legacy: bool) -> dict[str, object]:
    """The `delta` of a chunk."""
    function: dict[str, object] = {"arguments": event.arguments}
    if event.name is not None:
        function = {"name": event.name, **function}
    if legacy:
        return {"function_call": function}
    call: dict[str, object] = {"index": event.index}
    if event.id is not None:
        call |= {"id": event.id, "type": "function"}
    return {"tool_calls": [{**call, "function": function}]}


def finish_word(reason: FinishReason, *, legacy: bool) -> str:
    """The finish reason; calls in the old form have a word of their own."""
    return "function_call" if legacy and reason is FinishReason.TOOL_CALLS else reason


class CallFold:
    """Deltas → whole calls."""

    def __init__(self) -> None:
        self._calls: list[tuple[str, str, list[str]]] = []

    def add(self, event: ToolCallDelta) -> None:
        """Take a delta."""
        if event.id is not None and event.name is not None:
            self._calls.append((event.id, event.name, []))
        self._calls[event.index][2].append(event.arguments)

    def fields(self, *, legacy: bool) -> dict[str, object]:
        """The message's fields for its calls; none without calls."""
        if not self._calls:
            return {}
        functions = [
            (identity, {"name": name, "arguments": "".join(arguments)})
            for identity, name, arguments in self._calls
        ]
        if legacy:
            return {"function_call": functions[0][1]}
        return {
            "tool_calls": [
                {"id": identity, "type": "function", "function": function}
                for identity, function in functions
            ]
        }
