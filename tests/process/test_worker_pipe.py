"""A worker process at the other end of a bare pipe."""

import fcntl
import resource
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.standin.model_script import ModelScript
from tests.support.models import SHIPPED

from picoserve.engine.engine import EngineKind, EngineSpec, FailureKind
from picoserve.generation import Job
from picoserve.worker.messages import (
    Begun,
    Command,
    Done,
    FrameReader,
    Generate,
    Load,
    LoadFailed,
    Ping,
    Pong,
    Ready,
    Report,
    decode_report,
    encode_frame,
)


@pytest.fixture
def load(standin_library: Path, tmp_path: Path) -> Load:
    path = ModelScript(init_delay_seconds=0.2).write(tmp_path / "model.pllm")
    spec = EngineSpec(
        kind=EngineKind.PICOLLM,
        name="bare",
        path=str(path),
        device="cpu:1",
        access_key="none",
        library_path=str(standin_library),
    )
    return Load(spec)


@contextmanager
def worker(number: int, *, status: int = 0) -> Generator[socket.socket, None, None]:
    """A worker whose pipe has at least this number; ours is its other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        high = fcntl.fcntl(theirs, fcntl.F_DUPFD, number)
        with socket.socket(fileno=high):
            command = [sys.executable, "-P", "-m", "picoserve.worker", str(high)]
            process = subprocess.Popen(command, pass_fds=(high,))
        theirs.close()
        ours.settimeout(20)
        yield ours
        ours.close()
        assert process.wait(20) == status


def reports(pipe: socket.socket) -> Generator[Report, None, None]:
    reader = FrameReader()
    while True:
        for body in reader.feed(pipe.recv(65536)):
            yield decode_report(body)


def send(pipe: socket.socket, *commands: Command) -> None:
    """All in one write."""
    pipe.sendall(b"".join(map(encode_frame, commands)))


@pytest.fixture
def many_files() -> Generator[None, None, None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_worker_hears_a_pipe_of_any_number(load: Load) -> None:
    with worker(2000) as pipe:
        send(pipe, load)
        news = reports(pipe)
        assert isinstance(next(news), Ready)

        send(pipe, Ping(7))

        assert next(news) == Pong(7)


def test_what_comes_together_with_the_first_command_is_obeyed(load: Load) -> None:
    with worker(3) as pipe:
        send(pipe, load, Generate(1, Job("one two", tokenize=True)), Ping(2))
        news = reports(pipe)

        assert [type(next(news)) for _ in range(4)] == [Pong, Ready, Begun, Done]


def test_failure_to_load_that_nobody_has_foreseen_is_told_by_its_name(load: Load) -> None:
    odd = replace(load.spec, kind=EngineKind.LLAMACPP, path=str(SHIPPED), device="cpu:many")
    with worker(3, status=1) as pipe:
        send(pipe, Load(odd))

        assert next(reports(pipe)) == LoadFailed(FailureKind.RUNTIME, "ValueError")
