"""VLLM's fields for replies that must have a form, as requests carry them."""

from pydantic import ConfigDict, Field

from picoserve.openai_api.lists import Several
from picoserve.openai_api.messages import WireModel


class StructuredOutputs(WireModel):
    """The form of a reply; one of the first five.

    Attributes:
        json_schema: The reply is JSON that validates.
        regex: The reply matches as a whole; Rust's syntax.
        choice: The reply is one of these.
        grammar: The reply is a sentence of this Lark grammar.
        json_object: The reply is a JSON object.
        structural_tag: Refused: nothing here reads it.
    """

    model_config = ConfigDict(populate_by_name=True)

    json_schema: dict[str, object] | bool | None = Field(default=None, alias="json")
    regex: str | None = None
    choice: Several[str] | None = None
    grammar: str | None = None
    json_object: bool | None = None
    structural_tag: object = None
