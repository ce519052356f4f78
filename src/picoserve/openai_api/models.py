"""Model objects, as `GET /v1/models` lists them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is told of a model.

    Attributes:
        created: Unix time in seconds.
        description: For people; "" where there is none.
        context_length: None until the model has loaded.
        capabilities: What it can do; none until it has loaded.
    """

    id: str
    created: int
    owned_by: str = "picoserve"
    description: str = ""
    context_length: int | None = None
    capabilities: Sequence[str] = ()

    def json(self) -> dict[str, object]:
        """The model object. `max_model_len` is vLLM's name for the context length."""
        body: dict[str, object] = {
            "id": self.id,
            "object": "model",
            "created": self.created,
            "owned_by": self.owned_by,
        }
        if self.description:
            body["description"] = self.description
        if self.context_length is not None:
            body["max_model_len"] = self.context_length
        if self.capabilities:
            body["capabilities"] = list(self.capabilities)
        return body


def model_list(cards: list[ModelCard]) -> dict[str, object]:
    """The list object."""
    return {"object": "list", "data": [card.json() for card in cards]}
