"""Log lines: structured, on standard error, as console text or JSON."""

import functools
import logging
import sys
from contextlib import AbstractContextManager
from typing import Final, Literal, TextIO, cast

import structlog

from picoserve.standard_error import StandardError

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


@functools.cache
def standard_error() -> StandardError:
    """Where log lines go, and whatever else an event loop tells people."""
    return StandardError(_tell_of_loss)


def _tell_of_loss(count: int) -> None:
    get_logger(__name__).warning("log lines are lost: nobody has read the log", lines=count)


class _NamedLogger(structlog.WriteLogger):
    """Writes to standard error, and knows its name."""

    def __init__(self, name: str) -> None:
        super().__init__(cast("TextIO", standard_error()))
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
    handler = logging.StreamHandler(standard_error())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=add_context,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    logging.getLogger("uvicorn.access").disabled = True
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
