"""Tools and tool choice, in every form that a request may have."""

from typing import Any

import pytest
from tests.unit.output.engine_play import TOOLS, chat_request

from picoserve.errors import InvalidRequestError
from picoserve.prompt.tool_choice import Tooling, tooling_for, unused_by_tooling

NAMES = ("get_weather", "set_light", "hang_up")
FUNCTIONS = [tool["function"] for tool in TOOLS]


def tooling(**fields: Any) -> Tooling:
    return tooling_for(chat_request(**fields))


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def test_request_without_tools_has_nothing_to_call() -> None:
    assert tooling(tools=None) == Tooling()
    assert tooling(tools=[]) == Tooling()
    assert tooling(tools=None, tool_choice="auto") == Tooling()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": named("get_weather")}, "tool_choice"),
        ({"function_call": {"name": "get_weather"}}, "function_call"),
    ],
)
def test_call_that_must_come_needs_something_to_call(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        tooling(tools=None, **fields)

    assert caught.value.param == param


@pytest.mark.parametrize("choice", [None, "auto"])
def test_tools_may_be_called(choice: str | None) -> None:
    found = tooling(tool_choice=choice)

    assert found.callable_names == NAMES
    assert (found.is_forced, found.parallel, found.is_legacy) == (False, True, False)
    assert [each.name for each in found.definitions()] == list(NAMES)


def test_none_hides_the_tools() -> None:
    assert tooling(tool_choice="none") == Tooling()
    assert tooling(tools=None, functions=FUNCTIONS, function_call="none") == Tooling(is_legacy=True)


def test_required_forces_any() -> None:
    found = tooling(tool_choice="required", parallel_tool_calls=False)

    assert (found.is_forced, found.parallel) == (True, False)
    assert found.callable_names == NAMES


def test_named_forces_one_and_offers_all() -> None:
    found = tooling(tool_choice=named("hang_up"))

    assert (found.is_forced, found.parallel) == (True, False)
    assert found.callable_names == ("hang_up",)
    assert len(found.definitions()) == 3


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_allowed_tools_offer_all_and_let_some_be_called(mode: str) -> None:
    allowed = {"mode": mode, "tools": [named("hang_up"), named("get_weather")]}

    found = tooling(tool_choice={"type": "allowed_tools", "allowed_tools": allowed})

    assert found.is_forced == (mode == "required")
    assert found.callable_names == ("get_weather", "hang_up")
    assert len(found.definitions()) == 3


def test_functions_of_old_are_tools_that_come_one_at_a_time() -> None:
    found = tooling(tools=None, functions=FUNCTIONS, function_call={"name": "set_light"})

    assert (found.is_legacy, found.is_forced, found.parallel) == (True, True, False)
    assert (found.callable_names, found.param) == (("set_light",), "functions")


OLD: dict[str, Any] = {"tools": None, "functions": FUNCTIONS}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"functions": FUNCTIONS}, "functions"),
        ({"function_call": {"name": "hang_up"}}, "function_call"),
        ({"function_call": "none"}, "function_call"),
        ({**OLD, "tool_choice": "none"}, "tool_choice"),
        ({**OLD, "tool_choice": "required"}, "tool_choice"),
        ({**OLD, "tool_choice": named("hang_up")}, "tool_choice"),
    ],
)
def test_one_form_beside_the_other_would_be_unheard_and_is_refused(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be combined") as caught:
        tooling(**fields)

    assert caught.value.param == param


@pytest.mark.parametrize(
    "fields",
    [
        {"functions": [], "function_call": "auto"},
        {"functions": None, "function_call": None},
        {**OLD, "tools": [], "tool_choice": "auto"},
        {**OLD, "tool_choice": None},
    ],
)
def test_other_form_may_stand_there_empty(fields: dict[str, Any]) -> None:
    assert tooling(**fields).callable_names == NAMES


@pytest.mark.parametrize(
    ("fields", "unused"),
    [
        ({**OLD, "parallel_tool_calls": True}, ("parallel_tool_calls",)),
        ({**OLD, "parallel_tool_calls": False}, ()),
        ({"parallel_tool_calls": True}, ()),
    ],
)
def test_functions_of_old_do_not_come_side_by_side(
    fields: dict[str, Any], unused: tuple[str, ...]
) -> None:
    request = chat_request(**fields)

    assert unused_by_tooling(request, tooling_for(request)) == unused


def test_only_the_newer_choice_is_told_of_required() -> None:
    with pytest.raises(InvalidRequestError) as old:
        tooling(**OLD, function_call={})
    with pytest.raises(InvalidRequestError) as new:
        tooling(tool_choice={"type": "custom"})

    assert "'required'" not in old.value.message
    assert "'required'" in new.value.message


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tool_choice": named("nobody")}, "tool_choice"),
        ({"tool_choice": {"type": "custom"}}, "tool_choice"),
        ({"tools": [*TOOLS, TOOLS[0]]}, "tools[3].function.name"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}},
            "tool_choice.allowed_tools",
        ),
    ],
)
def test_what_cannot_be_chosen_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        tooling(**fields)

    assert caught.value.param == param
