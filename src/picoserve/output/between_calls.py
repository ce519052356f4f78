"""What may stand between two tool calls without being text."""

from typing import Final

_FILLING: Final = b' \t\r\n,;])}"`'
_CLOSERS: Final = (
    *(b"</tool_call>", b"</tool_calls>", b"</function_call>", b"</function_calls>"),
    *(b"</function>", b"</tools>", b"<|/tool_call|>", b"<|eom_id|>", b"<tool_call|>"),
    *(b"<|tool_call_end|>", b"<|tools_suffix|>", b"</parameter>", b"</arg_value>"),
)


class BetweenCalls:
    """Swallows closing brackets, separators, fences and closing tags.

    Attributes:
        is_over: Something else came: the calls are over.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._tag = b""

    def feed(self, data: bytes) -> None:
        """Take bytes that begin no call."""
        for index in range(len(data)):
            self._take(data[index : index + 1])

    def _take(self, byte: bytes) -> None:
        if not self._tag and byte in _FILLING:
            return
        self._tag += byte
        if self._tag in _CLOSERS:
            self._tag = b""
        elif not any(closer.startswith(self._tag) for closer in _CLOSERS):
            self.is_over = True
