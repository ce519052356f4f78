"""`POST /tokenize`: body and answer as vLLM has them, and OpenAI's count of input tokens.

Sources: vLLM's tokenize protocol (`tokens`, `count`, `max_model_len`), OpenAI's
`responses.input_tokens.count` (`{"object": "response.input_tokens", "input_tokens": n}`).
"""

from collections.abc import Sequence

from picoserve.errors import InvalidRequestError
from picoserve.openai_api.request_body import RequestBody


class TokenizeRequest(RequestBody):
    """A text to be tokenized as it is; with `messages` instead the body is a chat request's."""

    model: str
    prompt: str | None = None

    @property
    def is_chat(self) -> bool:
        """Whether there are messages and no text."""
        return self.prompt is None and "messages" in (self.model_extra or {})

    @property
    def text(self) -> str:
        """The text. Raises InvalidRequestError where there is none."""
        if self.prompt is None:
            raise InvalidRequestError(
                "Missing required parameter: 'prompt'.",
                param="prompt",
                code="missing_required_parameter",
            )
        return self.prompt


def tokens_answer(ids: Sequence[int], context_length: int) -> dict[str, object]:
    """The answer of `/tokenize`."""
    return {"count": len(ids), "max_model_len": context_length, "tokens": list(ids)}


def input_tokens_answer(count: int) -> dict[str, object]:
    """The answer of `/v1/chat/completions/input_tokens`."""
    return {"object": "response.input_tokens", "input_tokens": count}
