"""What begins a tool call, whatever a model was trained to write, as regular expressions.

The shapes are those of the families' own documentation and of the parsers in vLLM and llama.cpp:

    {"name": "f", "arguments": {…}}                   also with `parameters`, `args`, `type`, `id`
    {"type": "function", "function": "f", …}          small Llamas
    {"tool_calls": [{"function": {"name": "f", …}}]}  OpenAI's own shape
    <tool_call>…  <|tool_call|>[…]  functools[…]      Qwen, Hermes, Granite, Phi
    [TOOL_CALLS][{…}]  [TOOL_CALLS]f[ARGS]{…}         Mistral, old and new
    <|python_tag|>{…}  <function=f>{…}                Llama 3.1
    [f(a=1), g()]  ```tool_code f(a=1)```             Llama 3.2, Gemma 3
    <tool_call>{"arguments": {…}, "name": "f"}        Hermes 3
    <tool_call><function=f><parameter=a>1…            Qwen3-Coder, Qwen3.5, Nemotron 3
    <tool_call>f<arg_key>a</arg_key>…                 GLM
    f{…}  f[ARGS]{…}                                  Mistral, without its token
    <|tools_prefix|>[{"f": {…}}]                      Apertus
    <|tool_call>call:f{a:1}                           Gemma 4
"""

import re
from typing import Final

from picoserve.constraint import Grammar

CALL_TOKENS: Final = (
    *("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "<|tool_call|>", "<|/tool_call|>"),
    *("<|tool_call>", "<tool_call|>", '<|"|>', "<|tool_call_start|>", "<|tool_call_end|>"),
    *("<|tools_prefix|>", "<|tools_suffix|>", "<tool_call>", "</tool_call>"),
    *("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "<|python_tag|>"),
)
"""Control tokens that mark calls; a call whose marks come without text may look like none."""

_BLANKS: Final = r"[ \t\r\n]{0,16}"
_COLON: Final = rf"{_BLANKS}:{_BLANKS}"
_COMMA: Final = rf"{_BLANKS},{_BLANKS}"
_FENCE: Final = r"```(json|tool_call|tool_code)?"
_MARKS: Final = (
    r"<tool_calls?>|<function_calls?>|<tools>|<\|tool_call\|?>|<\|python_tag\|>|\[TOOL_CALLS\]|"
    r"functools"
)
_TAGS: Final = rf"({_MARKS}|{_FENCE})"
_OBJECT: Final = rf"{_BLANKS}\[?{_BLANKS}\{{{_BLANKS}"
_TYPE: Final = rf'("type"{_COLON}"function"{_COMMA})?'
_ID: Final = rf'("id"{_COLON}"[^"\\]{{0,64}}"{_COMMA})?'
_FUNCTION: Final = rf'("function"{_COLON}\{{{_BLANKS})?'
_NAME: Final = rf'"name"{_COLON}"'
_OTHER_NAME: Final = rf'"(function|function_name|tool|tool_name)"{_COLON}"'
_WRAPPED: Final = rf'("(tool_calls|tool_call|function_call)"{_COLON}\[?{_BLANKS}\{{{_BLANKS})?'
_ARGUMENTS: Final = '"(arguments|parameters|args)"'
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
        return rf'{self._names}"{_COMMA}{_ARGUMENTS}{_BLANKS}:'

    def first(self) -> str:
        """What begins a call, in a text or in place of one."""
        if self._content is not None:
            may_be_bare = not self._content.new_matcher().accepts(_BARE_CALL)
            tags = f"{_TAGS}{'?' if may_be_bare else ''}"
            return f"{tags}{_OBJECT}{_TYPE}{_FUNCTION}{_NAME}|{self._tagged()}"
        member = f"{_WRAPPED}{_ID}{_TYPE}({_FUNCTION}{_NAME}|{_OTHER_NAME})"
        return f"{_TAGS}?{_OBJECT}{member}|{self._tagged()}|{self._python()}|{self._bare()}"

    def another(self) -> str:
        """What begins one more call, where no text is expected: see `CallOpening.continues`."""
        if self._content is not None:
            return self.first()
        return rf"{self.first()}|{self._names}\(|\{{{_BLANKS}{self._key()}"

    def _tagged(self) -> str:
        """A tag, and then the name outside the JSON or behind the arguments."""
        tag = (
            rf"(\[TOOL_CALLS\]{_BLANKS}|<\|python_tag\|>|<\|tool_call>call:|"
            rf"<tool_call>{_BLANKS}(<function=)?|<function=)"
        )
        rest = rf"(\[CALL_ID\][A-Za-z0-9]{{0,32}})?(\[ARGS\]|>)?{_BLANKS}"
        name_last = rf"({_MARKS}){_OBJECT}{_ID}{_TYPE}{_ARGUMENTS}{_BLANKS}:"
        return rf"{tag}{self._names}{rest}[{{<]|{name_last}"

    def _bare(self) -> str:
        """The name first, at the beginning of a reply: see `CallOpening.fits_behind`.

        A name and a brace may be words; with a key behind them, or nothing between, they are not.
        """
        key = rf'{_BLANKS}"[^"\\\x00-\x1f]{{1,128}}"{_BLANKS}:'
        in_json = rf"{self._names}((\[ARGS\])?{_BLANKS}\{{{key}|(\[ARGS\])?\{{\}})"
        in_gemma = rf"call:{self._names}\{{([A-Za-z_][A-Za-z0-9_.-]{{0,127}}:|\}})"
        in_list = rf"<\|tools_prefix\|>\[{_BLANKS}\{{{_BLANKS}{self._key()}"
        return f"{in_json}|{in_gemma}|{in_list}"

    def _key(self) -> str:
        """The name as the key of its arguments."""
        return rf'"{self._names}"{_COLON}\{{'

    def _python(self) -> str:
        """A call as Python writes it, where it cannot be meant as text."""
        in_list = rf"(<\|tool_call_start\|>)?\[{_BLANKS}"
        tag = rf"({in_list}|```tool_code{_BLANKS}(print\()?|<\|python_tag\|>)"
        return rf"{tag}{self._names}(\.call)?\("
