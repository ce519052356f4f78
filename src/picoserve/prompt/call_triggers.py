"""What begins a tool call, whatever a model was trained to write, as regular expressions.

The shapes are those of the families' own documentation and of the parsers in vLLM and llama.cpp:

    {"name": "f", "arguments": {…}}                   also with `parameters`, `args`, `type`, `id`
    {"type": "function", "function": "f", …}          small Llamas
    {"tool_calls": [{"function": {"name": "f", …}}]}  OpenAI's own shape
    <tool_call>…  <|tool_call|>[…]  functools[…]      Qwen, Hermes, Granite, Phi
    [TOOL_CALLS][{…}]  [TOOL_CALLS]f[ARGS]{…}         Mistral, old and new
    <|python_tag|>{…}  <function=f>{…}                Llama 3.1
    [f(a=1), g()]  ```tool_code f(a=1)```             Llama 3.2, Gemma 3
"""

import re
from typing import Final

from picoserve.constraint import Grammar

_BLANKS: Final = r"[ \t\r\n]{0,16}"
_COLON: Final = rf"{_BLANKS}:{_BLANKS}"
_COMMA: Final = rf"{_BLANKS},{_BLANKS}"
_FENCE: Final = r"```(json|tool_call|tool_code)?"
_TAGS: Final = (
    r"(<tool_calls?>|<function_calls?>|<tools>|<\|tool_call\|>|<\|python_tag\|>|\[TOOL_CALLS\]|"
    rf"functools|{_FENCE})"
)
_OBJECT: Final = rf"{_BLANKS}\[?{_BLANKS}\{{{_BLANKS}"
_TYPE: Final = rf'("type"{_COLON}"function"{_COMMA})?'
_ID: Final = rf'("id"{_COLON}"[^"\\]{{0,64}}"{_COMMA})?'
_FUNCTION: Final = rf'("function"{_COLON}\{{{_BLANKS})?'
_NAME: Final = rf'"name"{_COLON}"'
_OTHER_NAME: Final = rf'"(function|function_name|tool|tool_name)"{_COLON}"'
_WRAPPED: Final = rf'("(tool_calls|tool_call|function_call)"{_COLON}\[?{_BLANKS}\{{{_BLANKS})?'
_BARE_CALL: Final = b'{"name": "'


class CallTriggers:
    """The expressions for one request."""

    def __init__(self, names: tuple[str, ...], content: Grammar | None) -> None:
        """Begin.

        Args:
            names: What may be called.
            content: What the reply must be where it is no call; then only a tag, or what the
                document cannot begin with, makes a call.
        """
        self._names = f"({'|'.join(map(re.escape, names))})"
        self._content = content

    def header(self) -> str:
        """What follows the opening quote of a name."""
        return rf'{self._names}"{_COMMA}"(arguments|parameters|args)"{_BLANKS}:'

    def first(self) -> str:
        """What begins a call, in a text or in place of one."""
        if self._content is not None:
            may_be_bare = not self._content.new_matcher().accepts(_BARE_CALL)
            return f"{_TAGS}{'?' if may_be_bare else ''}{_OBJECT}{_TYPE}{_FUNCTION}{_NAME}"
        member = f"{_WRAPPED}{_ID}{_TYPE}({_FUNCTION}{_NAME}|{_OTHER_NAME})"
        return f"{_TAGS}?{_OBJECT}{member}|{self._direct()}|{self._python()}"

    def another(self) -> str:
        """What begins one more call, where nothing else is expected."""
        if self._content is not None:
            return self.first()
        return rf"{self.first()}|{self._names}\("

    def _direct(self) -> str:
        """The name outside the JSON, which is the arguments."""
        tag = rf"(\[TOOL_CALLS\]{_BLANKS}|<\|python_tag\|>|<function=)"
        rest = r"(\[CALL_ID\][A-Za-z0-9]{0,32})?(\[ARGS\]|>)?"
        return rf"{tag}{self._names}{rest}{_BLANKS}\{{"

    def _python(self) -> str:
        """A call as Python writes it, where it cannot be meant as text."""
        tag = rf"(\[{_BLANKS}|```tool_code{_BLANKS}(print\()?|<\|python_tag\|>)"
        return rf"{tag}{self._names}(\.call)?\("
