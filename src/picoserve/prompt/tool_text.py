"""Tools as text: how they are offered to a model, called by it and answered.

Four styles cover every family. `HERMES`, `PARAMETERS` and `LLAMA` use the published wording of the
models that were trained on it (the chat templates of Qwen2.5 and Qwen3.5, Meta's prompt formats for
Llama 3.2); all other models get a wording of our own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from picoserve.prompt.json_text import is_json, json_text, slim_schema
from picoserve.prompt.text import is_text
from picoserve.prompt.turns import ToolCall, ToolDefinition


@dataclass(frozen=True, slots=True)
class ToolStyle:
    """One way to write tools down.

    Attributes:
        name: For logs and configuration.
        open: Text before a call's JSON object.
        close: Text after it.
        args_key: The key that holds the arguments.
        triggers: Texts with which a call may begin; `{` followed by a quoted `name` always may.
        markers: Texts that frame calls and results; users and tools must not be able to forge them.
        introduction: The offer, with `{tools}` where the definitions go.
        separator: Text between two definitions.
        definition: `function` wraps each definition in OpenAI's tool object, `bare` does not.
        tools_first: The offer stands before the system text instead of after it.
        result: `text` gives the result as it is, `output` as the value of a JSON object's `output`,
            `named` the same with the function's `name`.
        result_open: Text before a result.
        result_close: Text after it.
        calls: `json` writes a call as an object, `parameters` each argument in a tag of its own. A
            call that a model has to make begins with the object all the same.
    """

    name: str
    open: str
    close: str
    args_key: str
    triggers: tuple[str, ...]
    markers: tuple[str, ...]
    introduction: str
    separator: str
    definition: Literal["function", "bare"]
    tools_first: bool
    result: Literal["text", "output", "named"]
    result_open: str
    result_close: str
    calls: Literal["json", "parameters"] = "json"

    def call_opening(self, name: str | None = None) -> str:
        """Return the text that begins a call: up to the name, or up to the arguments of `name`.

        It is what a prompt ends with when the model has to call a function.
        """
        if name is None:
            return f'{self.open}{{"name": "'
        return f'{self.open}{{"name": {json_text(name)}, "{self.args_key}": '

    def format_call(self, name: str, arguments: str) -> str:
        """Write a call as the model writes it; arguments that are no JSON become a JSON string."""
        if self.calls == "parameters" and (tagged := _in_tags(name, arguments)):
            return f"{self.open}{tagged}{self.close}"
        value = arguments if is_json(arguments) else json_text(arguments)
        return f"{self.call_opening(name)}{value}}}{self.close}"

    def format_reply(self, content: str, calls: Sequence[ToolCall]) -> str:
        """Write an assistant turn: its text, then each call on a line of its own."""
        written = "\n".join(self.format_call(call.name, call.arguments) for call in calls)
        gap = "\n" if content and written and not content.endswith("\n") else ""
        return f"{content}{gap}{written}"

    def format_result(self, name: str | None, content: str) -> str:
        """Write what the function `name` answered."""
        value = content
        if self.result != "text":
            named = f'"name": {json_text(name)}, ' if name and self.result == "named" else ""
            output = content if is_json(content) else json_text(content)
            value = f'{{{named}"output": {output}}}'
        return f"{self.result_open}{value}{self.result_close}"

    def offer(self, tools: Sequence[ToolDefinition]) -> str:
        """Write the tools in the order given, one line of JSON each; empty without tools."""
        if not tools:
            return ""
        lines = self.separator.join(json_text(self._described(tool)) for tool in tools)
        return self.introduction.replace("{tools}", lines)

    def _described(self, tool: ToolDefinition) -> dict[str, object]:
        function: dict[str, object] = {"name": tool.name}
        if tool.description:
            function["description"] = tool.description
        if tool.parameters is not None:
            function["parameters"] = slim_schema(tool.parameters)
        if self.definition == "bare":
            return function
        return {"type": "function", "function": function}


def _in_tags(name: str, arguments: str) -> str:
    """A call as the chat template of Qwen3.5 writes it; empty where it has no such form."""
    values = json.loads(arguments) if is_json(arguments) else None
    if not isinstance(values, dict):
        return ""
    parameters = "".join(
        f"<parameter={key}>\n{json_text(value) if isinstance(value, dict | list) else value}\n"
        "</parameter>\n"
        for key, value in values.items()
    )
    # An escape in the JSON may stand for what no prompt can hold.
    return f"<function={name}>\n{parameters}</function>" if is_text(parameters) else ""


_TAGS: Final = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")

HERMES: Final = ToolStyle(
    name="hermes",
    open="<tool_call>\n",
    close="\n</tool_call>",
    args_key="arguments",
    triggers=("<tool_call>",),
    markers=_TAGS,
    introduction=(
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n"
        "<tools>\n{tools}\n</tools>\n\n"
        "For each function call, return a json object with function name and arguments within "
        "<tool_call></tool_call> XML tags:\n"
        '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
    ),
    separator="\n",
    definition="function",
    tools_first=False,
    result="text",
    result_open="<tool_response>\n",
    result_close="\n</tool_response>",
)
PARAMETERS: Final = replace(
    HERMES,
    name="parameters",
    introduction=(
        "# Tools\n\nYou have access to the following functions:\n\n<tools>\n{tools}\n</tools>\n\n"
        "If you choose to call a function ONLY reply in the following format with NO suffix:\n\n"
        "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n"
        "</parameter>\n<parameter=example_parameter_2>\nThis is the value for the second "
        "parameter\nthat can span\nmultiple lines\n</parameter>\n</function>\n</tool_call>\n\n"
        "<IMPORTANT>\nReminder:\n- Function calls MUST follow the specified format: an inner "
        "<function=...></function> block must be nested within <tool_call></tool_call> XML tags\n"
        "- Required parameters MUST be specified\n- You may provide optional reasoning for your "
        "function call in natural language BEFORE the function call, but NOT after\n- If there is "
        "no function call available, answer the question like normal with your current knowledge "
        "and do not tell the user about function calls\n</IMPORTANT>"
    ),
    tools_first=True,
    calls="parameters",
)
LLAMA: Final = ToolStyle(
    name="llama",
    open="",
    close="",
    args_key="parameters",
    triggers=("<|python_tag|>", '{"name"', '{"type": "function"'),
    markers=(),
    introduction=(
        "You have access to the following functions. To call a function, please respond with "
        'JSON for a function call. Respond in the format {"name": function name, "parameters": '
        "dictionary of argument name and its value}. Do not use variables.\n\n{tools}"
    ),
    separator="\n\n",
    definition="function",
    tools_first=True,
    result="output",
    result_open="",
    result_close="",
)
GENERIC: Final = ToolStyle(
    name="generic",
    open="",
    close="",
    args_key="arguments",
    triggers=('{"name"',),
    markers=_TAGS,
    introduction=(
        "# Tools\nYou can call these functions when they are needed to answer the user:\n{tools}\n"
        'To call a function, reply only with {"name": "<function>", "arguments": {...}} and '
        "nothing else. The next message gives you the result; then answer the user in plain "
        "language. When no function is needed, answer the user directly in plain text, without "
        "JSON."
    ),
    separator="\n",
    definition="bare",
    tools_first=False,
    result="named",
    result_open="<tool_response>\n",
    result_close="\n</tool_response>",
)
