"""What is printed at the start, on standard error: where the server listens, then the engines.

Where the log is JSON, for machines to read, it is one line of the log: each engine has its own.
"""

import asyncio
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TimeElapsedColumn
from rich.table import Table

from picoserve import __version__
from picoserve.app.invitation import Invitation
from picoserve.app.listening import reachable
from picoserve.app.planning import Plan
from picoserve.config.settings import Settings
from picoserve.engine.engine import EngineInfo
from picoserve.logs import get_logger, standard_error
from picoserve.pool.keeper import EngineState
from picoserve.pool.model_pool import EngineStatus
from picoserve.pool.pool import Pool

_POLL_SECONDS: Final = 0.05
_WIDTH: Final = 110
_TITLES: Final = ("model", "engine", "device", "context", "cache", "loaded in", "state")

_log = get_logger(__name__)


class Banner:
    """The start-up lines of one server."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._plan = plan
        self._settings = settings
        self._url = ""
        self._is_for_machines = settings.log.format == "json"

    def hello(self, port: int | None = None) -> None:
        """Where the server listens, and what it serves where nothing is configured."""
        server = self._settings.server
        self._url = f"http://{reachable(server.host)}:{port or server.port}"
        if self._is_for_machines:
            _log.info("listening", url=f"{self._url}/v1", version=__version__)
            return
        lines = [f"picoserve {__version__} on {self._url}/v1", ""]
        if self._plan.is_default:
            lines += [
                f"No model is configured: serving the shipped demo model "
                f"'{self._plan.models[0].name}' on llama.cpp.",
                "For picoLLM: set PICOVOICE_ACCESS_KEY and start with --model FILE.pllm,",
                "or see `picoserve config example`.",
                "",
            ]
        standard_error().write("\n".join(lines) + "\n")

    async def engines(self, pool: Pool) -> None:
        """Wait until every engine has loaded or failed, then show them and the lines to paste."""
        console = Console(stderr=True)
        if self._is_for_machines or not console.is_terminal:
            console = Console(stderr=True, width=_WIDTH, force_terminal=False)
        await _loaded(pool, console)
        if self._is_for_machines:
            return
        with console.capture() as table:
            console.print(_table(pool, narrow=console.width < _WIDTH))
        invitation = Invitation(self._url, self._settings.auth, page=self._settings.server.page)
        told = table.get() + "\n".join([*invitation.lines(pool), ""]) + "\n"
        standard_error().write(told)


async def _loaded(pool: Pool, console: Console) -> None:
    columns = ("  {task.description}", BarColumn(), TimeElapsedColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        tasks = {row.name: bar.add_task(escape(row.name), total=None) for row in pool.statuses()}
        while loading := [row.name for row in pool.statuses() if _is_loading(row)]:
            for name in tasks.keys() - set(loading):
                bar.update(tasks[name], total=1, completed=1)
            await asyncio.sleep(_POLL_SECONDS)


def _is_loading(row: EngineStatus) -> bool:
    return row.state is EngineState.LOADING


def _table(pool: Pool, *, narrow: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for title in _TITLES:
        numeric = title in {"context", "loaded in"}
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for model in pool.models.values():
        for row in model.statuses():
            table.add_row(*_cells(row, model.info, narrow=narrow))
        if not model.keepers:
            table.add_row(model.name, "-", "-", "-", "-", "-", escape(model.problem()))
    return table


def _cells(row: EngineStatus, info: EngineInfo | None, *, narrow: bool) -> tuple[str, ...]:
    # An engine's name begins with its model's, which stands beside it.
    name = row.name.removeprefix(row.model) if narrow else row.name
    problem = f"{row.state}: {row.problem}" if row.problem else str(row.state)
    return (
        escape(row.model),
        escape(name),
        row.device,
        str(info.context_length) if info else "-",
        ("yes" if info.context_cache else "no") if info else "-",
        f"{row.load_seconds:.1f} s" if row.load_seconds else "-",
        escape(problem),
    )
