"""What a worker and a token cost, in counts: the same on every machine, unlike times.

Times are in `benchmarks/`. Each limit says why it is what it is; whoever has to raise one has
made every token, or every start of an engine, dearer.
"""

import asyncio
import gc
import json
import socket
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, SHIPPED, standin_model
from tests.support.server import running_server
from tests.support.wire import chat_body, chat_text, read_chunks
from typing_extensions import override

from picoserve.engine.engine import EngineKind, EngineSpec
from picoserve.generation import Job, ThoughtTags
from picoserve.openai_api.answer import AnswerHead
from picoserve.openai_api.chat_encoder import ChatStreamEncoder
from picoserve.output.plain import PlainReply
from picoserve.pipeline.plan import Plan, reader_for
from picoserve.pool.model_pool import Placement
from picoserve.pool.process import start_worker
from picoserve.pool.stream import JobStream
from picoserve.pool.worker_output import WorkerOutput
from picoserve.worker.messages import (
    Accepted,
    Begun,
    Done,
    FrameReader,
    Generate,
    Load,
    Piece,
    Ready,
    Report,
    Shutdown,
    decode_report,
    encode_frame,
)

TOKENS = 50
PACED = ModelScript(replies=[Reply(count=TOKENS, tokens_per_second=200.0)])


@pytest.mark.parametrize(
    ("engine", "most"),
    [
        ("picoserve.engine.llamacpp, xllamacpp", 150),
        ("picoserve.engine.picollm, picollm", 150),
    ],
)
def test_worker_loads_few_modules(engine: str, most: int) -> None:
    program = (
        "import sys; bare = len(sys.modules);"
        f"import picoserve.worker.process, picoserve.engine.loading, {engine};"
        "print(len(sys.modules) - bare)"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    # Some 15 are ours, 12 are msgspec's, the rest the standard library's: half of what asyncio
    # would bring. After a crash all of them are loaded before the engine is.
    assert int(loaded) <= most


async def test_token_crosses_the_pipe_as_one_message(standin_library: Path, tmp_path: Path) -> None:
    spec = EngineSpec(
        kind=EngineKind.PICOLLM,
        name="counted",
        path=str(PACED.write(tmp_path / "model.pllm")),
        device="cpu:1",
        access_key="none",
        library_path=str(standin_library),
    )
    counts: Counter[type[Report]] = Counter()
    news = asyncio.Event()

    def count(report: Report) -> None:
        counts[type(report)] += 1
        if isinstance(report, Ready | Done):
            news.set()

    child, pipe = await start_worker(WorkerOutput(spec.name, spec.access_key), count, news.set)
    for command in (Load(spec), Generate(1, Job("Count.")), Shutdown()):
        pipe.send(command)
        await news.wait()
        news.clear()
    await child.wait()

    # A second message per token, or one that answers it, would cost as much again as the first:
    # the pipe is a third of what a token costs.
    assert counts == {Ready: 1, Begun: 1, Accepted: 1, Piece: TOKENS, Done: 1}


class Lines(WorkerOutput):
    """Counts the lines that a worker prints."""

    def __init__(self) -> None:
        super().__init__("counted")
        self.count = 0

    @override
    def take(self, line: str) -> None:
        self.count += 1


@pytest.mark.parametrize("verbose", [False, True])
async def test_engine_prints_nothing_about_a_job_unless_told_to(verbose: bool) -> None:
    spec = EngineSpec(
        kind=EngineKind.LLAMACPP, name="counted", path=str(SHIPPED), device="cpu:1", verbose=verbose
    )
    news: asyncio.Queue[type[Report]] = asyncio.Queue()
    lines = Lines()

    child, pipe = await start_worker(
        lines, lambda report: news.put_nowait(type(report)), lambda: None
    )
    pipe.send(Load(spec))
    assert await news.get() is Ready
    pipe.send(Generate(1, Job("Count.", max_tokens=3)))
    while await news.get() is not Done:
        continue
    pipe.send(Shutdown())
    await child.wait()

    # llama.cpp has seven for each job at its own level: 1.3 ms before the first token, and the
    # server has to read them as well.
    assert (lines.count > 0) is verbose


def test_message_of_a_token_is_little_more_than_the_token() -> None:
    # Length, array head, name, number, the bytes' head, the empty list of log probabilities.
    assert len(encode_frame(Piece(1_000_000, b" token"))) - len(b" token") <= 20


def test_token_leaves_in_one_write(standin_library: Path, tmp_path: Path) -> None:
    config = standin_model(standin_library, tmp_path, PACED)
    body = chat_body("Count.", model="pico", stream=True)
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        writes = http_chunks(server.port, body)

    chunks = read_chunks(b"".join(writes))
    assert chat_text(chunks).split() == [f"word{number}" for number in range(TOKENS)]
    # uvicorn writes once per message of the app, as one chunk of the transfer encoding. Besides
    # the tokens: the role, and the end. A machine that stands still brings comments.
    assert len([write for write in writes if not write.startswith(b":")]) <= TOKENS + 2


def http_chunks(port: int, body: dict[str, object]) -> list[bytes]:
    """What a server sends, as its transfer encoding cuts it; the empty last one left out."""
    data = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + data)
        with connection.makefile("rb") as answer:
            while answer.readline().strip():
                continue
            chunks = []
            while size := int(answer.readline(), 16):
                chunks.append(answer.read(size))
                answer.readline()
            return chunks


def plan(thoughts: ThoughtTags | None) -> Plan:
    return Plan(Placement("m"), Job("Hi", stop=("<|im_end|>", "\n\nUser:")), thoughts=thoughts)


def test_reply_of_a_model_without_thoughts_is_read_by_nobody_else() -> None:
    # A second reader would take its share of every token.
    assert type(reader_for(plan(None))) is PlainReply


@pytest.mark.parametrize("thoughts", [None, ThoughtTags("<think>", "</think>", "</think>")])
async def test_token_leaves_only_its_text_in_memory(thoughts: ThoughtTags | None) -> None:
    """From the pipe's bytes to the event stream's, without the sockets at both ends."""
    reader, stream = FrameReader(), JobStream(1)
    reply = reader_for(plan(thoughts))
    reply.feed(b"<think>Hm.</think>Well, " if thoughts else b"Well, ")
    encoder = ChatStreamEncoder(AnswerHead(id="chatcmpl-1", created=1, model="m", choices=1))

    async def carry(number: int) -> None:
        for body in reader.feed(encode_frame(Piece(1, b" token%d" % number))):
            report = decode_report(body)
            assert isinstance(report, Piece)
            stream.push(report)
        for taken in await stream.read():
            assert isinstance(taken, Piece)
            events = reply.feed(taken.data, taken.tokens)
            assert encoder.encode([(0, event) for event in events]).endswith(b"}\n\n")

    for number in range(200):
        await carry(number)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        most = 0
        for number in range(1000):
            held, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            await carry(number)
            most = max(most, tracemalloc.get_traced_memory()[1] - held)
        kept = (tracemalloc.get_traced_memory()[0] - before) / 1000
    finally:
        tracemalloc.stop()

    # The text: a string object of 49 bytes and its letters, and a place in the list of them.
    assert kept <= 80
    # Its message, event and chunk; the encoders take a buffer of 1 KiB each time.
    assert most <= 5000
