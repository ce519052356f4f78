"""The image of a chat request: found, and refused where the model cannot look at it."""

from collections.abc import Iterator, Sequence
from typing import Final

from picoserve.engine.engine import Capability, EngineInfo
from picoserve.errors import InvalidRequestError, UnsupportedValueError
from picoserve.images.source import ImageSource
from picoserve.openai_api.messages import ImagePart, Message, UserMessage

_LOW_DETAIL_SIDE: Final = 512
"""What OpenAI scales an image down to where `detail` is `low`."""


def image_source(
    messages: Sequence[Message], info: EngineInfo, longest_side: int
) -> ImageSource | None:
    """The image that the messages hold; None where they are all text.

    Args:
        longest_side: What the model's images are scaled down to, in pixels.

    Raises:
        UnsupportedValueError: The model sees no images, or not so many.
        InvalidRequestError: The image is not in a user's message.
    """
    found: ImageSource | None = None
    for param, message, part in _image_parts(messages):
        if not (info.can(Capability.VISION) or info.can(Capability.OCR)):
            raise UnsupportedValueError(
                f"Unsupported value: '{param}' does not support 'image_url' with this model: "
                f"it lacks the capability '{Capability.VISION}'.",
                param=param,
            )
        if not isinstance(message, UserMessage):
            raise InvalidRequestError(
                f"Invalid value: '{param}' is an image in a message with role "
                f"'{message.role}'. Images may be in messages with role 'user' only.",
                param=param,
                code="invalid_value",
            )
        if found is not None:
            raise UnsupportedValueError(
                f"Unsupported value: '{param}' is a second image; this model looks at one image "
                f"in all messages together, and '{found.param}' is one.",
                param=param,
            )
        low = part.image_url.detail == "low"
        side = min(longest_side, _LOW_DETAIL_SIDE) if low else longest_side
        found = ImageSource(part.image_url.url, param, side)
    return found


def _image_parts(messages: Sequence[Message]) -> Iterator[tuple[str, Message, ImagePart]]:
    for index, message in enumerate(messages):
        if isinstance(message.content, list):
            for place, part in enumerate(message.content):
                if isinstance(part, ImagePart):
                    yield f"messages[{index}].content[{place}]", message, part
