"""Image files as pixels: kinds, modes, orientation, frames, limits, damage."""

import struct
import zlib

import pytest
from PIL import Image as Picture
from tests.support.images import encoded, picture

from picoserve.generation import Image
from picoserve.images.decoding import decode
from picoserve.images.source import Fault

RED, GREEN, WHITE, GREY = (255, 0, 0), (0, 255, 0), (255, 255, 255), (128, 128, 128)


def decoded(data: bytes | str, *, max_pixels: int = 1_000_000, side: int = 1024) -> Image:
    image = decode(data, max_pixels, side)
    assert isinstance(image, Image)
    assert len(image.rgb) == image.width * image.height * 3
    return image


def first_pixel(image: Image) -> tuple[int, ...]:
    return tuple(image.rgb[:3])


def fault(data: bytes | str, *, max_pixels: int = 1_000_000) -> str:
    result = decode(data, max_pixels, 1024)
    assert isinstance(result, Fault)
    return result.code


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header may claim anything."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_pixels_are_red_green_blue_row_by_row(kind: str) -> None:
    image = picture((3, 2), RED)
    image.putpixel((2, 1), GREEN)
    lossless = {"lossless": True} if kind == "WEBP" else {}
    result = decoded(encoded(image, kind, **lossless))

    assert (result.width, result.height) == (3, 2)
    assert result.rgb == bytes(RED * 5 + GREEN)


def test_jpeg_is_read() -> None:
    assert first_pixel(decoded(encoded(picture(), "JPEG"))) == (254, 0, 0)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Picture.new("RGBA", (4, 4), (*RED, 0)), WHITE),
        (Picture.new("RGBA", (4, 4), (0, 0, 0, 127)), GREY),
        (Picture.new("LA", (4, 4), (0, 127)), GREY),
        (Picture.new("L", (4, 4), 128), GREY),
        (Picture.new("1", (4, 4), 1), WHITE),
        (Picture.new("I;16", (4, 4), 128 * 256), GREY),
        (picture((4, 4), RED).convert("P"), RED),
    ],
)
def test_every_mode_is_seen_on_white(image: Picture.Image, expected: tuple[int, ...]) -> None:
    assert first_pixel(decoded(encoded(image))) == expected


def test_transparent_colour_of_a_palette_is_white() -> None:
    data = encoded(
        picture((4, 4), RED).convert("P"), transparency=picture().convert("P").getpixel((0, 0))
    )

    assert first_pixel(decoded(data)) == WHITE


def test_four_colour_jpeg_is_read() -> None:
    image = Picture.new("CMYK", (4, 4), (0, 255, 255, 0))

    assert first_pixel(decoded(encoded(image, "JPEG"))) == RED


def test_picture_stands_upright() -> None:
    image = picture((4, 2), RED)
    image.putpixel((0, 0), GREEN)
    exif = Picture.Exif()
    exif[0x0112] = 6  # turn it to the right to see it
    result = decoded(encoded(image, exif=exif))

    assert (result.width, result.height) == (2, 4)
    assert tuple(result.rgb[3:6]) == GREEN, "the upper right corner"


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_first_frame_of_a_film_is_seen(kind: str) -> None:
    frames = [picture((4, 4), GREEN)]
    data = encoded(picture((4, 4), RED), kind, save_all=True, append_images=frames, lossless=True)

    assert first_pixel(decoded(data)) == RED


@pytest.mark.parametrize(
    ("size", "small"), [((400, 100), (100, 25)), ((100, 400), (25, 100)), ((5000, 1), (100, 1))]
)
def test_larger_pictures_are_scaled_down(size: tuple[int, int], small: tuple[int, int]) -> None:
    result = decoded(encoded(picture(size)), side=100)

    assert (result.width, result.height) == small
    assert first_pixel(result) == RED


def test_smaller_pictures_stay_as_they_are() -> None:
    assert decoded(encoded(picture((1, 1))), side=100).width == 1


def test_digest_tells_pictures_apart() -> None:
    one, same = (decoded(encoded(picture(), kind)) for kind in ("PNG", "GIF"))
    others = [decoded(encoded(picture((20, 40)))), decoded(encoded(picture(colour=GREEN)))]

    assert one.digest == same.digest
    assert len({one.digest, *(other.digest for other in others)}) == 3


def test_bomb_is_refused_by_its_header() -> None:
    # Whoever looked at the pixels would find them damaged.
    assert fault(png(10_000, 10_000, b"no zlib")) == "image_too_large"


@pytest.mark.parametrize(
    "data",
    [
        png(100, 100, zlib.compress(bytes(100))),
        png(100, 100, b"no zlib"),
        encoded(picture((300, 300)), "JPEG")[:400],
        encoded(picture((300, 300)), "WEBP")[:60],
    ],
)
def test_damaged_file_is_told(data: bytes) -> None:
    assert fault(data) in ("image_parse_error", "invalid_image_format")


@pytest.mark.parametrize(
    "data",
    [b"", b"no image", b"<svg xmlns='http://www.w3.org/2000/svg'/>", encoded(picture(), "BMP"),
     encoded(picture(), "TIFF"), encoded(picture(), "PPM"), png(0, 10)],
)  # fmt: skip
def test_other_kinds_of_files_are_refused(data: bytes) -> None:
    assert fault(data) == "invalid_image_format"


def test_base64_is_read_with_line_breaks_and_not_with_garbage() -> None:
    lines = ("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAA", "BAAEAAAIBRAA7")

    assert decoded("\n".join(lines)).width == 1
    assert fault("R0lGOD*lh") == "invalid_base64_image"
    assert fault("R0lGODl") == "invalid_base64_image"
