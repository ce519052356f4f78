"""Where a request's image is: a data URL or an address."""

from dataclasses import dataclass, field
from typing import Final

from picoserve.errors import InvalidRequestError

MEDIA_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
_ALSO_JPEG: Final = "image/jpg"


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An image that a request names.

    Attributes:
        param: The message part that holds it, for errors.
        side: The longest side in pixels that it is scaled down to.
    """

    url: str = field(repr=False)
    param: str
    side: int

    @property
    def is_remote(self) -> bool:
        """Whether it has to be fetched."""
        return self.url[:8].lower().startswith(("http://", "https://"))

    def error(self, message: str, code: str) -> InvalidRequestError:
        """What is wrong with it. The codes are those of OpenAI's Responses API."""
        return InvalidRequestError(
            f"Invalid image in '{self.param}': {message}", param=self.param, code=code
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an image cannot be read: a sentence, and the code for it."""

    message: str
    code: str


class RemoteError(Exception):
    """An image cannot be fetched; the message says why, `code` is OpenAI's."""

    def __init__(self, message: str, code: str = "failed_to_download_image") -> None:
        super().__init__(message)
        self.code = code


def is_image_type(media_type: str) -> bool:
    """Whether images of this type are read, parameters such as a charset left aside."""
    name = media_type.partition(";")[0].strip().lower()
    return name in (*MEDIA_TYPES, _ALSO_JPEG)


def data_of(source: ImageSource, max_bytes: int) -> str:
    """The Base64 text of a data URL, not yet decoded.

    Raises:
        InvalidRequestError: It is no data URL of an image, is empty or is too large.
    """
    head, comma, text = source.url.partition(",")
    if not comma or head[:5].lower() != "data:":
        raise source.error(
            "it must be a data URL such as data:image/png;base64,… or an http(s) address.",
            "invalid_image_url",
        )
    if not is_image_type(head[5:]):
        raise source.error(
            f"its media type must be one of {', '.join(MEDIA_TYPES)}.",
            "unsupported_image_media_type",
        )
    if not head.lower().endswith(";base64"):
        raise source.error("its data must be Base64 (';base64,').", "invalid_base64_image")
    if not text:
        raise source.error("it is empty.", "empty_image_file")
    if len(text) * 3 // 4 - text[-2:].count("=") > max_bytes:
        raise source.error(f"it is larger than {max_bytes} bytes.", "image_too_large")
    return text
