"""The messages of a chat request, one class per role."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from picoserve.openai_api.lists import Several


class WireModel(BaseModel):
    """Base of everything read from a client: no coercion, unknown keys kept aside."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)


class TextPart(WireModel):
    """Text as a content part."""

    type: Literal["text"]
    text: str


class RefusalPart(WireModel):
    """An earlier refusal of the assistant."""

    type: Literal["refusal"]
    refusal: str


class ImageURL(WireModel):
    """Where an image is: a data URL or an address."""

    url: str
    detail: Literal["auto", "low", "high", "original"] | None = None


class ImagePart(WireModel):
    """An image as a content part."""

    type: Literal["image_url"]
    image_url: ImageURL


class AudioPart(WireModel):
    """Audio as a content part; no engine here reads it."""

    type: Literal["input_audio"]
    input_audio: dict[str, object]


class FilePart(WireModel):
    """A file as a content part; no engine here reads it."""

    type: Literal["file"]
    file: dict[str, object]


ContentPart = Annotated[
    TextPart | RefusalPart | ImagePart | AudioPart | FilePart, Field(discriminator="type")
]
Content = str | Several[ContentPart]


class FunctionCall(WireModel):
    """Name and arguments of a call; the arguments are JSON text."""

    name: str
    arguments: str


class MessageToolCall(WireModel):
    """A call that the assistant made earlier."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class SystemMessage(WireModel):
    """Instructions."""

    role: Literal["system"]
    content: Content
    name: str | None = None


class DeveloperMessage(WireModel):
    """Instructions, by their newer name."""

    role: Literal["developer"]
    content: Content
    name: str | None = None


class UserMessage(WireModel):
    """What the user said."""

    role: Literal["user"]
    content: Content
    name: str | None = None


class AssistantMessage(WireModel):
    """What the model said or called, and what it thought before, as answers have told it."""

    role: Literal["assistant"]
    content: Content | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: Several[MessageToolCall] | None = None
    function_call: FunctionCall | None = None


class ToolMessage(WireModel):
    """The result of a call."""

    role: Literal["tool"]
    content: Content
    tool_call_id: str


class FunctionMessage(WireModel):
    """The result of a call, in the form before tools."""

    role: Literal["function"]
    content: str | None = None
    name: str


Message = Annotated[
    SystemMessage
    | DeveloperMessage
    | UserMessage
    | AssistantMessage
    | ToolMessage
    | FunctionMessage,
    Field(discriminator="role"),
]
