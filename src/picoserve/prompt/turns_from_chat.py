"""Wire messages → the turns that a template writes down."""

from collections.abc import Sequence
from typing import Final

from picoserve.errors import InvalidRequestError, UnsupportedValueError
from picoserve.openai_api.messages import (
    AssistantMessage,
    Content,
    DeveloperMessage,
    FunctionMessage,
    ImagePart,
    Message,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)
from picoserve.prompt.text import checked_text
from picoserve.prompt.turns import ToolCall, Turn

_CAPABILITIES: Final = {"input_audio": "hearing", "file": "files"}


def turns_from_messages(messages: Sequence[Message]) -> list[Turn]:
    """One turn per message; images are left out.

    Raises:
        InvalidRequestError: A text cannot be read, a part is of a kind no engine here reads, or
            a tool's result answers no call.
    """
    _check_results(messages)
    return [_turn(message, f"messages[{index}]") for index, message in enumerate(messages)]


def unused_by_turns(messages: Sequence[Message]) -> tuple[str, ...]:
    """What the messages say and no template has a place for: the names of those who speak."""
    named = (message for message in messages if not isinstance(message, FunctionMessage))
    has_name = any(getattr(message, "name", None) is not None for message in named)
    return ("messages.name",) if has_name else ()


def _check_results(messages: Sequence[Message]) -> None:
    """Each result needs its call before it: a result that nobody asked for confuses a model."""
    asked: set[str] = set()
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage):
            asked.update(call.id for call in message.tool_calls or ())
        elif isinstance(message, ToolMessage) and message.tool_call_id not in asked:
            raise InvalidRequestError(
                f"Invalid parameter: 'messages[{index}].tool_call_id' answers no call: messages "
                "with role 'tool' must follow a message with that id in its 'tool_calls'.",
                param=f"messages[{index}].tool_call_id",
                code="invalid_value",
            )


def _turn(message: Message, param: str) -> Turn:
    match message:
        case SystemMessage() | DeveloperMessage():
            return Turn("system", _text(message.content, param))
        case UserMessage():
            return Turn("user", _text(message.content, param))
        case AssistantMessage():
            return _assistant(message, param)
        case ToolMessage():
            content = _text(message.content, param)
            return Turn("tool", content, tool_call_id=message.tool_call_id)
        case FunctionMessage():
            name = checked_text(message.name, f"{param}.name")
            return Turn("tool", _text(message.content, param), name=name)


def _assistant(message: AssistantMessage, param: str) -> Turn:
    text = _text(message.content, param) or checked_text(message.refusal or "", f"{param}.refusal")
    calls = [
        ToolCall(
            checked_text(call.id, f"{param}.tool_calls[{i}].id"),
            checked_text(call.function.name, f"{param}.tool_calls[{i}].function.name"),
            checked_text(call.function.arguments, f"{param}.tool_calls[{i}].function.arguments"),
        )
        for i, call in enumerate(message.tool_calls or ())
    ]
    if message.function_call is not None:
        call = message.function_call
        name = checked_text(call.name, f"{param}.function_call.name")
        arguments = checked_text(call.arguments, f"{param}.function_call.arguments")
        calls.append(ToolCall("", name, arguments))
    thought = checked_text(message.reasoning_content or "", f"{param}.reasoning_content")
    return Turn("assistant", text, tuple(calls), thought=thought)


def _text(content: Content | None, param: str) -> str:
    """A message's text; several text parts are joined by a line break, as clients do."""
    param = f"{param}.content"
    if content is None:
        return ""
    if isinstance(content, str):
        return checked_text(content, param)
    texts = []
    for index, part in enumerate(content):
        match part:
            case TextPart():
                texts.append(checked_text(part.text, f"{param}[{index}].text"))
            case RefusalPart():
                texts.append(checked_text(part.refusal, f"{param}[{index}].refusal"))
            case ImagePart():
                continue  # goes to the engine beside the text
            case _:
                raise UnsupportedValueError(
                    f"Unsupported value: '{param}[{index}]' does not support '{part.type}' with "
                    f"this model: it lacks the capability '{_CAPABILITIES[part.type]}'.",
                    param=f"{param}[{index}]",
                )
    return "\n".join(texts)
