"""An image file as pixels. Runs in a process of its own, for it reads what strangers send.

Size is checked before anything is decoded: the header tells the pixels, and a JPEG is decoded at
a fraction of its size where less is wanted.
"""

import base64
import binascii
import hashlib
import warnings
from io import BytesIO
from typing import Final

from PIL import Image as Picture
from PIL import ImageOps, UnidentifiedImageError

from picoserve.generation import Image
from picoserve.images.source import Fault

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
_WHITE: Final = (255, 255, 255, 255)
# Greyscale with more than 8 bits; 65535 is white.
_DEEP_MODES: Final = ("I", "I;16", "I;16L", "I;16B")


def decode(data: bytes | str, max_pixels: int, side: int) -> Image | Fault:
    """Upright RGB pixels of the first frame on white, no side longer than `side`.

    Args:
        data: The file's bytes, or the same as Base64.
        max_pixels: Larger images are refused by their header.
        side: The longest side of the result; smaller images stay as they are.
    """
    if isinstance(data, str):
        try:
            data = base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError):
            return Fault("its data is not Base64.", "invalid_base64_image")
    with warnings.catch_warnings():
        # Broken metadata is no reason to refuse an image.
        warnings.simplefilter("ignore")
        try:
            with Picture.open(BytesIO(data), formats=_FORMATS) as picture:
                return _decoded(picture, max_pixels, side)
        except UnidentifiedImageError:
            return Fault("it is no PNG, JPEG, WebP or GIF image.", "invalid_image_format")
        except (OSError, SyntaxError, ValueError, MemoryError, Picture.DecompressionBombError):
            return Fault("it is damaged or cut short.", "image_parse_error")


def _decoded(picture: Picture.Image, max_pixels: int, side: int) -> Image | Fault:
    width, height = picture.size
    if width * height > max_pixels:
        return Fault(
            f"it has {width} x {height} pixels, more than {max_pixels}.", "image_too_large"
        )
    small = _plain(picture)
    small.thumbnail((side, side), Picture.Resampling.LANCZOS, reducing_gap=2.0)
    return _image(_on_white(ImageOps.exif_transpose(small)))


def _plain(picture: Picture.Image) -> Picture.Image:
    """In a mode that can be scaled without harm."""
    if picture.mode in _DEEP_MODES:
        return picture.point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("P", "PA") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture


def _on_white(picture: Picture.Image) -> Picture.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    ground = Picture.new("RGBA", picture.size, _WHITE)
    return Picture.alpha_composite(ground, picture).convert("RGB")


def _image(picture: Picture.Image) -> Image:
    rgb = picture.tobytes()
    digest = hashlib.sha256(b"%d " % picture.width + rgb).hexdigest()
    return Image(picture.width, picture.height, rgb, digest)
