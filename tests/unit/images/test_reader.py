"""Images are read in other processes, which may be lost."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.images import data_url, encoded, picture

from picoserve.errors import InvalidRequestError, OverloadedError
from picoserve.images.reader import ImageLimits, ImageReader
from picoserve.images.source import ImageSource

RED = ImageSource(data_url(), "messages[0].content[0]", 64)


def decoders() -> list[int]:
    """The decoder processes of this one."""
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "picoserve.images.confined"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in found.stdout.split()]


def environment(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def signal_decoders(number: int) -> None:
    assert decoders()
    for pid in decoders():
        os.kill(pid, number)


def test_image_is_read_in_a_process_that_ends_with_the_server() -> None:
    async def read_twice() -> tuple[int, list[int], list[int]]:
        async with ImageReader() as reader:
            image = await reader.read(RED)
            before = decoders()
            await reader.read(RED)
            return image.width, before, decoders()

    width, before, after = asyncio.run(read_twice())

    assert width == 40
    assert before == after
    assert len(after) == 1
    assert decoders() == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_decoder_sees_no_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICOVOICE_ACCESS_KEY", "a-secret")

    async def look() -> str:
        async with ImageReader() as reader:
            await reader.read(RED)
            return environment(*decoders())

    assert "a-secret" not in asyncio.run(look())


def test_server_itself_never_loads_a_codec() -> None:
    code = "import sys, picoserve.app.serving; sys.exit('PIL' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_lost_decoder_costs_one_image() -> None:
    async def lose_one() -> int:
        async with ImageReader() as reader:
            await reader.read(RED)
            signal_decoders(signal.SIGSTOP)
            reading = asyncio.create_task(reader.read(RED))
            await asyncio.sleep(0.01)
            signal_decoders(signal.SIGKILL)
            with pytest.raises(InvalidRequestError) as raised:
                await reading
            assert raised.value.code == "image_parse_error"
            return (await reader.read(RED)).width

    assert asyncio.run(lose_one()) == 40


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_decoder_outlives_what_the_whole_group_is_sent(number: int) -> None:
    async def signal_it() -> tuple[list[int], list[int]]:
        async with ImageReader() as reader:
            await reader.read(RED)
            before = decoders()
            signal_decoders(number)
            await reader.read(RED)
            return before, decoders()

    before, after = asyncio.run(signal_it())

    assert before == after


def test_decoder_outlives_a_client_that_leaves() -> None:
    async def leave() -> tuple[set[int], set[int], int]:
        async with ImageReader() as reader:
            await reader.read(RED)
            before = decoders()
            signal_decoders(signal.SIGSTOP)
            reading = asyncio.create_task(reader.read(RED))
            await asyncio.sleep(0.01)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            signal_decoders(signal.SIGCONT)
            image = await reader.read(RED)
            return set(before), set(decoders()), image.width

    before, after, width = asyncio.run(leave())

    assert before <= after
    assert width == 40


def test_decoder_that_hangs_is_ended() -> None:
    async def hang() -> tuple[str, int]:
        # Time enough for a process to start, on any machine.
        async with ImageReader(ImageLimits(decode_seconds=8)) as reader:
            await reader.read(RED)
            signal_decoders(signal.SIGSTOP)
            with pytest.raises(InvalidRequestError) as raised:
                await reader.read(RED)
            return raised.value.message, (await reader.read(RED)).width

    message, width = asyncio.run(hang())

    assert "within 8 s" in message
    assert width == 40


def test_a_crowd_of_images_is_sent_away() -> None:
    async def crowd() -> float | None:
        async with ImageReader() as reader:
            await reader.read(RED)
            signal_decoders(signal.SIGSTOP)
            waiting = [asyncio.create_task(reader.read(RED)) for _ in range(32)]
            await asyncio.sleep(0)
            with pytest.raises(OverloadedError) as raised:
                await reader.read(RED)
            signal_decoders(signal.SIGCONT)
            assert {image.width for image in await asyncio.gather(*waiting)} == {40}
            return raised.value.retry_after

    assert asyncio.run(crowd()) == 1.0


def test_memory_that_a_header_claims_is_not_given() -> None:
    # A canvas of 16383 x 16383 in 80 bytes; its codec takes 2 GiB before anything is checked.
    still = encoded(picture((16, 16)), "WEBP", lossless=True)
    canvas = b"VP8X" + (10).to_bytes(4, "little") + b"\2\0\0\0" + (b"\xfe\x3f\0" * 2)
    film = b"ANIM" + (6).to_bytes(4, "little") + bytes(6)
    frame = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4) + still[12:]
    body = b"WEBP" + canvas + film + b"ANMF" + len(frame).to_bytes(4, "little") + frame
    file = b"RIFF" + len(body).to_bytes(4, "little") + body
    source = ImageSource(data_url(file, "image/webp"), "messages[0].content[0]", 64)

    async def read() -> str | None:
        async with ImageReader() as reader:
            with pytest.raises(InvalidRequestError) as raised:
                await reader.read(source)
            return raised.value.code

    assert asyncio.run(read()) in ("image_too_large", "invalid_image_format", "image_parse_error")


def test_lone_surrogate_is_no_base64() -> None:
    async def read() -> str | None:
        async with ImageReader() as reader:
            with pytest.raises(InvalidRequestError) as raised:
                await reader.read(ImageSource("data:image/png;base64,\ud800AAA", "x", 64))
            return raised.value.code

    assert asyncio.run(read()) == "invalid_base64_image"


def test_remote_images_are_refused_unless_enabled() -> None:
    source = ImageSource("http://127.0.0.1:9/x.png", "messages[0].content[0]", 64)
    messages = []
    for remote in (False, True):
        with pytest.raises(InvalidRequestError) as raised:
            asyncio.run(ImageReader(ImageLimits(remote=remote)).read(source))
        assert raised.value.code == "invalid_image_url"
        messages.append(raised.value.message)

    assert "images.remote" in messages[0]
    assert "public" in messages[1]
