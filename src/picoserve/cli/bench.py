"""`picoserve bench`: a load test of any OpenAI-compatible server."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from picoserve.cli.remote import ApiKeyEnv, BaseUrl, RemoteModel, failing_cleanly

if TYPE_CHECKING:
    from picoserve.client.endpoint import Endpoint
    from picoserve.client.load import Load, LoadRun

_MAX_REQUESTS: Final = 100_000
_MAX_CONCURRENCY: Final = 1_000
_MAX_SECONDS: Final = 86_400
_TABLE_WIDTH: Final = 78


def bench(  # noqa: PLR0913, PLR0917  # one parameter per option
    base_url: BaseUrl = None,
    model: RemoteModel = None,
    api_key_env: ApiKeyEnv = None,
    requests: Annotated[
        int, typer.Option("--requests", "-n", min=1, max=_MAX_REQUESTS, help="How many.")
    ] = 50,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, max=_MAX_CONCURRENCY, help="At a time.")
    ] = 4,
    rate: Annotated[
        float,
        typer.Option(
            min=0, help="Begun per second, at random moments, within --concurrency; 0: at once."
        ),
    ] = 0.0,
    seconds: Annotated[
        float, typer.Option(min=1, max=_MAX_SECONDS, help="Stop after this time at the latest.")
    ] = 300.0,
    prompt_tokens: Annotated[
        int, typer.Option(min=1, max=_MAX_REQUESTS, help="Words of each prompt: about its tokens.")
    ] = 64,
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of each answer.")] = 64,
    seed: Annotated[int, typer.Option(help="Chooses prompts and moments.")] = 0,
    goodput: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:MS",
            help="Count the requests that keep this limit: ttft:200, tpot:50, e2el:2000. "
            "May be repeated.",
            show_default=False,
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the numbers.", show_default=False),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a chart.", show_default=False),
    ] = None,
) -> None:
    """Send many streamed requests and measure: throughput, first token, tokens, whole answers.

    Names are those of `vllm bench serve`. Ends with status 1 when no request was answered.
    """
    goals = _goals(goodput or [])
    _check_files([file for file in (json_file, html_file) if file is not None])
    with failing_cleanly():
        from picoserve.client.endpoint import DEFAULT_BASE_URL, endpoint_for
        from picoserve.client.load import Load
        from picoserve.client.summary import summary

        endpoint = endpoint_for(base_url or DEFAULT_BASE_URL, api_key_env)
        load = Load(
            model or "", requests, concurrency, rate, seconds, prompt_tokens, max_tokens, seed
        )
        run = asyncio.run(_run(endpoint, load))
    numbers = summary(run, goals)
    _print(numbers)
    _write(run, numbers, json_file, html_file)
    raise typer.Exit(0 if run.answers else 1)


def _goals(texts: Sequence[str]) -> dict[str, float]:
    from picoserve.client.summary import GOALS

    goals = {}
    for text in texts:
        name, _, limit = text.partition(":")
        try:
            goals[name] = float(limit)
        except ValueError:
            name = ""
        if name not in GOALS:
            raise typer.BadParameter(
                f"'{text}' should be ttft:MS, tpot:MS or e2el:MS", param_hint="--goodput"
            )
    return goals


def _check_files(files: Sequence[Path]) -> None:
    """Refuse what cannot be written before the load rather than after it."""
    for file in files:
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            raise typer.BadParameter(f"'{file}' cannot be written", param_hint="--json or --html")


async def _run(endpoint: "Endpoint", load: "Load") -> "LoadRun":
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    from picoserve.client.endpoint import first_model
    from picoserve.client.load import run_load

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    async with endpoint.client(connections=load.concurrency) as client:
        load = replace(load, model=load.model or await first_model(client))
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            bar = progress.add_task(load.model, total=load.requests)
            return await run_load(client, load, on_end=lambda: progress.advance(bar))


def _print(numbers: Mapping[str, object]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from picoserve.client.summary import LATENCIES, PERCENTILES

    console = Console()
    if not console.is_terminal:
        console = Console(width=_TABLE_WIDTH)
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="dim")
    facts.add_column(justify="right")
    for name, value in numbers.items():
        if not name.endswith("_ms") and name != "errors":
            facts.add_row(name, str(value))
    lines = box.SIMPLE_HEAD if console.encoding.startswith("utf") else box.ASCII
    spread = Table(box=lines, pad_edge=False, collapse_padding=True)
    spread.add_column("milliseconds")
    kinds = ("mean", *(f"p{percent}" for percent in PERCENTILES))
    for kind in kinds:
        spread.add_column(kind, justify="right")
    for name, title in LATENCIES.items():
        if f"mean_{name}_ms" in numbers:
            cells = (f"{numbers[f'{kind}_{name}_ms']:.1f}" for kind in kinds)
            spread.add_row(f"{title} ({name.upper()})", *cells)
    console.print(facts)
    console.print(spread)
    errors = numbers["errors"]
    for text, count in errors.items() if isinstance(errors, dict) else ():
        typer.echo(f"{count} x {text}", err=True)


def _write(
    run: "LoadRun", numbers: Mapping[str, object], json_file: Path | None, html_file: Path | None
) -> None:
    from picoserve.client.chart import chart_page
    from picoserve.client.summary import latencies_ms

    texts = {}
    if json_file is not None:
        texts[json_file] = json.dumps(numbers, indent=2) + "\n"
    if html_file is not None:
        title = f"picoserve bench · {run.load.model}"
        texts[html_file] = chart_page(title, numbers, latencies_ms(run.answers))
    for file, text in texts.items():
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            typer.echo(f"picoserve: {file}: {error.strerror}", err=True)
            raise typer.Exit(1) from None
