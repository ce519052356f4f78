"""Tools and tool choice, old form and new, as one value."""

import re
from dataclasses import dataclass
from typing import Final

from picoserve.errors import InvalidRequestError, UnsupportedValueError
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.tools import FunctionDefinition, FunctionTool, NamedToolChoice
from picoserve.prompt.turns import ToolDefinition

_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,128}")


@dataclass(frozen=True, slots=True)
class Tooling:
    """What may be called.

    Attributes:
        functions: Empty where there are no tools or they are not to be used.
        is_forced: The reply must begin with a call.
        forced_name: The function that must be called, or None for any.
        parallel: More than one call may be made.
        is_legacy: The request speaks of `functions`, and the answer must.
        param: The request field that the functions came in.
    """

    functions: tuple[FunctionDefinition, ...] = ()
    is_forced: bool = False
    forced_name: str | None = None
    parallel: bool = True
    is_legacy: bool = False
    param: str = "tools"

    def definitions(self) -> list[ToolDefinition]:
        """For the prompt, in the order given, so that the prefix stays cached."""
        return [
            ToolDefinition(function.name, function.description or "", function.parameters)
            for function in self.functions
        ]


def tooling_for(request: ChatRequest) -> Tooling:
    """The request's tools and what is to be done with them.

    Raises:
        InvalidRequestError: A name is malformed or comes twice, or the choice names no tool.
    """
    if request.tools:
        functions = _functions(request)
        choice: object = request.tool_choice
        param, legacy = "tools", False
    elif request.functions:
        functions = tuple(request.functions)
        choice = request.function_call
        param, legacy = "functions", True
    else:
        return Tooling()
    _check_names(functions, param)
    if choice == "none":
        return Tooling(is_legacy=legacy)
    forced_name = _forced_name(choice, functions, legacy=legacy)
    return Tooling(
        functions=functions,
        is_forced=choice == "required" or forced_name is not None,
        forced_name=forced_name,
        parallel=not legacy and forced_name is None and request.parallel_tool_calls is not False,
        is_legacy=legacy,
        param=param,
    )


def _functions(request: ChatRequest) -> tuple[FunctionDefinition, ...]:
    functions = []
    for index, tool in enumerate(request.tools or ()):
        if not isinstance(tool, FunctionTool):
            raise UnsupportedValueError(
                f"Unsupported value: 'tools[{index}].type' does not support '{tool.type}' "
                "with this model.",
                param=f"tools[{index}].type",
            )
        functions.append(tool.function)
    return tuple(functions)


def _check_names(functions: tuple[FunctionDefinition, ...], param: str) -> None:
    inner = ".function.name" if param == "tools" else ".name"
    seen: set[str] = set()
    for index, function in enumerate(functions):
        place = f"{param}[{index}]{inner}"
        if not _NAME.fullmatch(function.name):
            raise InvalidRequestError(
                f"Invalid '{place}': only letters, digits, '_', '-' and '.' are allowed.",
                param=place,
                code="invalid_value",
            )
        if function.name in seen:
            raise InvalidRequestError(
                f"Invalid '{place}': the name '{function.name}' is used twice.",
                param=place,
                code="invalid_value",
            )
        seen.add(function.name)


def _forced_name(
    choice: object, functions: tuple[FunctionDefinition, ...], *, legacy: bool
) -> str | None:
    if choice is None or isinstance(choice, str):
        return None
    param = "function_call" if legacy else "tool_choice"
    name: object = None
    if isinstance(choice, NamedToolChoice):
        name = choice.function.name
    elif isinstance(choice, dict) and legacy:
        name = choice.get("name")
    if not isinstance(name, str):
        raise UnsupportedValueError(
            f"Unsupported value: '{param}' must be 'none', 'auto', 'required' or name a function.",
            param=param,
        )
    if name not in {function.name for function in functions}:
        raise InvalidRequestError(
            f"Invalid value for '{param}': no function named '{name[:100]}' was specified in "
            f"'{'functions' if legacy else 'tools'}'.",
            param=param,
            code="invalid_value",
        )
    return name
