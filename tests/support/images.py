"""Pictures for tests, as files and as data URLs."""

import base64
from io import BytesIO
from typing import Any

from PIL import Image

RED = (255, 0, 0)


def picture(size: tuple[int, int] = (40, 20), colour: tuple[int, ...] = RED) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def data_url(data: bytes | None = None, media_type: str = "image/png") -> str:
    """A file as a data URL; without one, a small red picture."""
    text = base64.b64encode(encoded(picture()) if data is None else data).decode()
    return f"data:{media_type};base64,{text}"


def image_part(url: str | None = None, **fields: str) -> dict[str, Any]:
    """A content part."""
    return {"type": "image_url", "image_url": {"url": url or data_url(), **fields}}


def user(*content: str | dict[str, Any]) -> dict[str, Any]:
    """A user's message of texts and parts."""
    parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
    return {"role": "user", "content": parts}
