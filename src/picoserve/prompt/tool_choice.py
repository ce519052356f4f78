"""Tools and tool choice, old form and new, as one value."""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from picoserve.errors import InvalidRequestError, UnsupportedValueError
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.tools import (
    AllowedTools,
    FunctionDefinition,
    FunctionTool,
    NamedToolChoice,
)
from picoserve.prompt.text import checked_text
from picoserve.prompt.turns import ToolDefinition

_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,128}")


@dataclass(frozen=True, slots=True)
class Tooling:
    """What may be called.

    Attributes:
        functions: What is offered; empty where there are no tools or they are not to be used.
        callable_names: What may be called now; the others are offered all the same, so that the
            prompt's beginning stays cached.
        is_forced: The reply must begin with a call.
        parallel: More than one call may be made.
        is_legacy: The request speaks of `functions`, and the answer must.
        param: The request field that the functions came in.
    """

    functions: tuple[FunctionDefinition, ...] = ()
    callable_names: tuple[str, ...] = ()
    is_forced: bool = False
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
        InvalidRequestError: A name is malformed or comes twice, a description is no text that can
            be read, the choice names no tool, a call is wanted without any, or the old form's
            fields stand beside the new one's.
    """
    _check_one_form(request)
    if request.tools:
        functions = _functions(request)
        choice: object = request.tool_choice
        param, legacy = "tools", False
    elif request.functions:
        functions = tuple(request.functions)
        choice = request.function_call
        param, legacy = "functions", True
    else:
        _check_no_choice(request)
        return Tooling()
    _check_functions(functions, param)
    if choice == "none":
        return Tooling(is_legacy=legacy)
    names = tuple(function.name for function in functions)
    allowed = _allowed_choice(choice)
    if allowed is not None:
        choice, names = allowed.mode, _allowed_names(allowed, names)
    forced_name = _forced_name(choice, functions, legacy=legacy)
    return Tooling(
        functions=functions,
        callable_names=names if forced_name is None else (forced_name,),
        is_forced=choice == "required" or forced_name is not None,
        parallel=not legacy and forced_name is None and request.parallel_tool_calls is not False,
        is_legacy=legacy,
        param=param,
    )


def unused_by_tooling(request: ChatRequest, tooling: Tooling) -> tuple[str, ...]:
    """What the request says of calls and its form has no place for."""
    wants_several = tooling.is_legacy and request.parallel_tool_calls
    return ("parallel_tool_calls",) if wants_several else ()


def _check_one_form(request: ChatRequest) -> None:
    """Of two forms at once, one would be unheard; `auto` asks for nothing."""
    strangers = ("functions", "function_call") if request.tools else ("tool_choice",)
    offer = "tools" if request.tools else "functions"
    for param in strangers:
        if getattr(request, offer) and getattr(request, param) not in (None, [], "auto"):
            raise InvalidRequestError(
                f"'{offer}' and '{param}' cannot be combined.", param=param, code="invalid_value"
            )


def _check_no_choice(request: ChatRequest) -> None:
    """A call that has to be made needs something to call; `auto` and `none` ask for nothing."""
    for param, source in (("tool_choice", "tools"), ("function_call", "functions")):
        if getattr(request, param) not in (None, "auto", "none"):
            raise InvalidRequestError(
                f"Invalid value for '{param}': '{param}' is only allowed when '{source}' are "
                "specified.",
                param=param,
                code="invalid_value",
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


def _check_functions(functions: tuple[FunctionDefinition, ...], param: str) -> None:
    inner = ".function" if param == "tools" else ""
    seen: set[str] = set()
    for index, function in enumerate(functions):
        checked_text(function.description or "", f"{param}[{index}]{inner}.description")
        place = f"{param}[{index}]{inner}.name"
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


def _allowed_choice(choice: object) -> AllowedTools | None:
    """The inside of `{"type": "allowed_tools", "allowed_tools": {…}}`."""
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return None
    try:
        return AllowedTools.model_validate(choice.get("allowed_tools"))
    except ValidationError as error:
        raise InvalidRequestError(
            "Invalid value for 'tool_choice.allowed_tools': expected an object with 'mode' "
            "('auto' or 'required') and 'tools'.",
            param="tool_choice.allowed_tools",
            code="invalid_value",
        ) from error


def _allowed_names(allowed: AllowedTools, names: tuple[str, ...]) -> tuple[str, ...]:
    for index, tool in enumerate(allowed.tools):
        if tool.function.name not in names:
            place = f"tool_choice.allowed_tools.tools[{index}]"
            raise _unknown_function(tool.function.name, place, "tools")
    chosen = {tool.function.name for tool in allowed.tools}
    return tuple(name for name in names if name in chosen)


def _unknown_function(name: str, param: str, where: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"Invalid value for '{param}': no function named '{name[:100]}' was specified in "
        f"'{where}'.",
        param=param,
        code="invalid_value",
    )


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
        words = "'none', 'auto'" if legacy else "'none', 'auto', 'required'"
        raise UnsupportedValueError(
            f"Unsupported value: '{param}' must be {words} or name a function.",
            param=param,
        )
    if name not in {function.name for function in functions}:
        raise _unknown_function(name, param, "functions" if legacy else "tools")
    return name
