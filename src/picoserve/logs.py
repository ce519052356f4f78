"""Log lines: structured, on standard error, as console text or JSON."""

import contextlib
import io
import logging
import sys
from contextlib import AbstractContextManager
from typing import Final, Literal, TextIO, cast

import structlog
from typing_extensions import override

LogFormat = Literal["console", "json"]

# Below a warning uvicorn tells what the start-up lines tell better, and sse-starlette writes
# out every chunk of every answer.
_CHATTY: Final = ("uvicorn", "asyncio", "sse_starlette")


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that takes an event and key-value pairs."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


def log_context(**values: str) -> AbstractContextManager[None]:
    """Put these values on every line that is written inside, by this task and those it starts."""
    return structlog.contextvars.bound_contextvars(**values)


class _StandardError(io.TextIOBase):
    """What it cannot take, on a full disk or without a reader, is lost and costs nothing else."""

    @override
    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return sys.stderr.write(text)
        return 0

    @override
    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


class _NamedLogger(structlog.WriteLogger):
    """Writes to standard error, and knows its name."""

    def __init__(self, name: str) -> None:
        super().__init__(cast("TextIO", _StandardError()))
        self.name = name


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Send everything, the libraries' lines included, through one renderer.

    Our own lines go straight to it and not through `logging`, which takes as long again as
    making the line does.
    """
    add_context: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[structlog.types.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]
    structlog.configure(
        processors=[*add_context, *render],
        logger_factory=_NamedLogger,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,  # a reload may change level and format
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=add_context,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.access").disabled = True
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
