"""A worker's life: load the engine, run jobs, listen for interrupts, end with the pipe.

The main thread runs the engine (more threads help where the engine has several slots); one
listener thread reads commands. picoLLM loses an interrupt that comes before its loop has begun,
so the listener repeats it until the job has returned.
"""

import os
import select
import socket
import threading
import time
from typing import Final

from picoserve.engine.engine import (
    Engine,
    EngineError,
    EngineFactory,
    EngineSpec,
    FailureKind,
    Sink,
)
from picoserve.generation import EngineFinish, Job, Outcome
from picoserve.worker.jobs import JobTable
from picoserve.worker.messages import (
    Begun,
    Command,
    Done,
    Failed,
    FrameReader,
    Generate,
    Interrupt,
    Load,
    LoadFailed,
    Ping,
    Pong,
    Ready,
    Report,
    decode_command,
    encode_frame,
)

_READ_BYTES: Final = 256 * 1024
_REPEAT_INTERRUPT_MILLISECONDS: Final = 2
# How long a running job may take to notice that the server has gone.
_LEAVE_SECONDS: Final = 2.0


class WorkerProcess:
    """The child's side of one pipe."""

    def __init__(self, pipe: socket.socket, build: EngineFactory) -> None:
        self._pipe = pipe
        self._build = build
        self._write_lock = threading.Lock()
        self._reader = FrameReader()
        self._jobs = JobTable(self._send)
        self._engine: Engine | None = None

    def run(self) -> None:
        """Serve until the pipe closes or Shutdown comes."""
        spec, commands = self._read_load()
        if not all(map(self._obey, commands)):
            return
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        try:
            engine = self._build(spec)
        except EngineError as error:
            self._send(LoadFailed(error.kind, error.message))
            return
        except Exception as error:
            self._send(LoadFailed(FailureKind.RUNTIME, type(error).__name__))
            raise
        self._engine = engine
        self._send(Ready(engine.info))
        helpers = [
            threading.Thread(target=self._serve, args=(engine,), name=f"slot-{i}", daemon=True)
            for i in range(1, engine.info.slots)
        ]
        for helper in helpers:
            helper.start()
        self._serve(engine)
        for helper in helpers:
            helper.join(_LEAVE_SECONDS)
        engine.close()

    def _read_load(self) -> tuple[EngineSpec, list[Command]]:
        """What to load, and the commands that came together with it."""
        commands: list[Command] = []
        while not commands:
            data = self._pipe.recv(_READ_BYTES)
            if not data:
                raise SystemExit(0)
            commands = [decode_command(body) for body in self._reader.feed(data)]
        first, *others = commands
        if not isinstance(first, Load):
            raise SystemExit(f"expected Load, got {type(first).__name__}")
        return first.spec, others

    def _listen(self) -> None:
        """Read commands until the end of the pipe; then nobody is left to work for."""
        # Not `select`: the pipe has the number that it had in the server, which may be any.
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        interrupting = False
        while True:
            readable = poll.poll(_REPEAT_INTERRUPT_MILLISECONDS if interrupting else None)
            if readable and not self._read_commands():
                break
            interrupting = self._interrupt_cancelled()
        self._leave()

    def _read_commands(self) -> bool:
        try:
            data = self._pipe.recv(_READ_BYTES)
        except OSError:
            return False
        if not data:
            return False
        return all(self._obey(decode_command(body)) for body in self._reader.feed(data))

    def _obey(self, command: Command) -> bool:
        """Carry out one command; False for Shutdown."""
        match command:
            case Generate():
                self._jobs.put(command)
            case Interrupt(number=number):
                self._jobs.cancel(number)
            case Ping(number=number):
                self._send(Pong(number))
            case _:
                return False
        return True

    def _interrupt_cancelled(self) -> bool:
        engine = self._engine
        return engine is not None and self._jobs.interrupt_cancelled(engine.interrupt)

    def _leave(self) -> None:
        """Stop what runs, and end the process even if native code does not return."""
        self._jobs.stop()
        deadline = time.monotonic() + _LEAVE_SECONDS
        while time.monotonic() < deadline:
            self._interrupt_cancelled()
            time.sleep(_REPEAT_INTERRUPT_MILLISECONDS / 1000)
        os._exit(0)

    def _serve(self, engine: Engine) -> None:
        while (command := self._jobs.take()) is not None:
            self._run(engine, command)

    def _run(self, engine: Engine, command: Generate) -> None:
        sink = self._jobs.begin(command.number)
        self._send(Begun(command.number))
        report: Report
        try:
            report = Done(command.number, _do(engine, command.job, sink))
        except EngineError as error:
            report = Failed(command.number, error.kind, error.message, error.prompt_tokens)
        except Exception as error:  # noqa: BLE001  # one job's failure is not the worker's
            report = Failed(command.number, FailureKind.RUNTIME, type(error).__name__)
        self._jobs.end(command.number)
        self._send(report)

    def _send(self, report: Report) -> None:
        frame = encode_frame(report)
        try:
            with self._write_lock:
                self._pipe.sendall(frame)
        except OSError:
            # The server has gone; the listener sees the end of the pipe and leaves.
            return


def _do(engine: Engine, job: Job, sink: Sink) -> Outcome:
    if job.embed:
        return engine.embed(job.prompt)
    if job.tokenize:
        ids = tuple(engine.tokenize(job.prompt))
        return Outcome(EngineFinish.END, len(ids), 0, token_ids=ids)
    return engine.generate(job, sink)
