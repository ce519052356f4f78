import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from tests.support.server import PATIENCE_SECONDS, wait_until

# Says on standard output how far it has got, so that nobody has to read its standard error.
CODE = """
from picoserve.logs import configure_logging, standard_error
configure_logging("info", "json")
for number in range({lines}):
    standard_error().write(f"line {{number}} {filler}\\n")
print("written", flush=True)
input()
"""
LAST = b"line 4999 " + b"." * 80


@contextmanager
def writer(
    error: int, *, lines: int, filler: str = "." * 80
) -> Generator[subprocess.Popen[bytes], None, None]:
    """A process that has written so many lines to a standard error which nobody has read yet."""
    code = CODE.format(lines=lines, filler=filler)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=error
    ) as process:
        assert process.stdout
        assert select.select([process.stdout], [], [], PATIENCE_SECONDS)[0], "it waits"
        assert process.stdout.readline() == b"written\n"
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def unread_pipe() -> Generator[tuple[int, int], None, None]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def numbers(text: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"^line (\d+) \.*\r?$", text, re.MULTILINE)]


def read_until(descriptor: int, end: bytes) -> bytes:
    text = b""
    while end not in text:
        assert select.select([descriptor], [], [], PATIENCE_SECONDS)[0], text[-200:]
        text += os.read(descriptor, 65536)
    return text


def test_pipe_that_nobody_reads_keeps_nobody_waiting_and_gets_all_lines_later() -> None:
    with unread_pipe() as (reading, writing), writer(writing, lines=5000):
        text = read_until(reading, LAST + b"\n")

    assert numbers(text) == list(range(5000))


def test_terminal_that_nobody_reads_keeps_nobody_waiting_either() -> None:
    ours, theirs = os.openpty()
    try:
        with writer(theirs, lines=5000):
            text = read_until(ours, LAST + b"\r\n")
            assert os.get_blocking(theirs), "others have this terminal open too"
    finally:
        os.close(ours)
        os.close(theirs)

    assert numbers(text) == list(range(5000))


def test_lines_that_there_was_no_room_for_are_counted() -> None:
    with unread_pipe() as (reading, writing), writer(writing, lines=600, filler="." * 9000):
        text = read_until(reading, b"}\n")

    *lines, last = text.splitlines()
    assert 4 * 1024 * 1024 < len(text) < 5 * 1024 * 1024
    assert numbers(text) == list(range(len(lines)))
    assert json.loads(last)["lines"] == 600 - len(lines)


@pytest.mark.parametrize("reads", [True, False])
def test_end_waits_a_moment_for_who_reads(reads: bool) -> None:
    with unread_pipe() as (reading, writing), writer(writing, lines=5000) as process:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.close()
        if reads:
            assert numbers(read_until(reading, LAST + b"\n")) == list(range(5000))
        wait_until(lambda: process.poll() == 0, PATIENCE_SECONDS)
