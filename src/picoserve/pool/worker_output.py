"""What worker processes print, native code included, as log lines under their engine's name."""

import logging
import re
from typing import Final

from picoserve.logs import get_logger

_MAX_CHARACTERS: Final = 2000

# llama.cpp's lines: a running time, a level, the part that speaks.
_LLAMA: Final = re.compile(r"\d+\.\d+\.\d+\.\d+ ([DIWE]) (\S+)")
_LLAMA_LEVELS: Final = {"W": logging.WARNING, "E": logging.ERROR}
_CRASH: Final = re.compile(
    r"Traceback \(most recent call last\)|Fatal Python error|terminate called"
    r"|GGML_ASSERT|CUDA error"
)

_log = get_logger(__name__)


class WorkerOutput:
    """The output of one worker process, line by line."""

    def __init__(self, engine: str, secret: str = "") -> None:
        """Take lines of this engine's worker.

        Args:
            secret: Text that no line may show: the engine's AccessKey.
        """
        self._engine = engine
        self._secret = secret
        self._crashing = False

    def take(self, line: str) -> None:
        """Log a line. Every line of a crash report is an error, up to the next ordinary line."""
        text = line.rstrip()
        if not text:
            return
        if self._secret:
            text = text.replace(self._secret, "***")
        _log.log(
            self._level(text), "worker output", engine=self._engine, line=text[:_MAX_CHARACTERS]
        )

    def _level(self, text: str) -> int:
        ordinary = _LLAMA.match(text)
        self._crashing = bool(_CRASH.search(text)) or (self._crashing and not ordinary)
        if self._crashing:
            return logging.ERROR
        # Slots warn of every prompt that was cached whole: nobody can or need do anything.
        if ordinary and ordinary[2] != "slot":
            return _LLAMA_LEVELS.get(ordinary[1], logging.DEBUG)
        return logging.DEBUG
