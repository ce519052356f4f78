"""Tools, tool choice and response format, as requests carry them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from picoserve.openai_api.lists import Several
from picoserve.openai_api.messages import WireModel


class FunctionDefinition(WireModel):
    """A function that the model may call; `parameters` is a JSON Schema."""

    name: str = Field(min_length=1, max_length=128)
    description: str | None = None
    parameters: dict[str, object] | None = None
    strict: bool | None = None


class FunctionTool(WireModel):
    """A function as a tool."""

    type: Literal["function"]
    function: FunctionDefinition


class CustomTool(WireModel):
    """A tool that takes free text; no engine here offers it."""

    type: Literal["custom"]


Tool = Annotated[FunctionTool | CustomTool, Field(discriminator="type")]


class FunctionName(WireModel):
    """Just a name."""

    name: str


class NamedToolChoice(WireModel):
    """The model must call this function."""

    type: Literal["function"]
    function: FunctionName


class AllowedTools(WireModel):
    """Only some of the tools may be called now."""

    mode: Literal["auto", "required"]
    tools: Annotated[Several[NamedToolChoice], Field(min_length=1)]


ToolChoice = Literal["none", "auto", "required"] | NamedToolChoice | dict[str, object]


class JsonSchemaFormat(WireModel):
    """A named JSON Schema."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    description: str | None = None
    json_schema: dict[str, object] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class TextFormat(WireModel):
    """Plain text."""

    type: Literal["text"]


class JsonObjectFormat(WireModel):
    """Any JSON object or, as other servers take it, what a schema says."""

    type: Literal["json_object"]
    json_schema: dict[str, object] | None = Field(default=None, alias="schema")


class JsonSchemaResponseFormat(WireModel):
    """JSON that validates against a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchemaFormat


ResponseFormat = Annotated[
    TextFormat | JsonObjectFormat | JsonSchemaResponseFormat, Field(discriminator="type")
]
