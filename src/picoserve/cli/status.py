"""`picoserve status`: the engines and the line of a running server."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from picoserve.cli.remote import ApiKeyEnv, BaseUrl, failing_cleanly

if TYPE_CHECKING:
    import httpx
    from rich.console import RenderableType

_WIDTH: Final = 100
_COLOURS: Final = {"ready": "green", "failed": "red", "resting": "red"}
_COUNTERS: Final = {
    "picoserve_requests_total": "requests",
    "picoserve_generation_tokens_total": "tokens generated",
    "picoserve_requests_rejected_total": "rejected",
    "picoserve_requests_cancelled_total": "cancelled",
}


def status(
    base_url: BaseUrl = None,
    api_key_env: ApiKeyEnv = None,
    once: Annotated[
        bool, typer.Option("--once", help="Print once and end, as without a terminal.")
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, max=60, help="Seconds between two looks.")
    ] = 1.0,
) -> None:
    """Show a picoserve server's engines and line, live; Ctrl-C ends it.

    The table comes from /health; a key is needed only for the counts from /metrics. With --once
    the exit status is 0 when the server is ready.
    """
    with failing_cleanly():
        from rich.console import Console

        from picoserve.client.endpoint import DEFAULT_BASE_URL, Endpoint, endpoint_for

        endpoint = endpoint_for(base_url or DEFAULT_BASE_URL, api_key_env)
        root = Endpoint(endpoint.base_url.removesuffix("/v1"), endpoint.key)
        console = Console()
        try:
            if console.is_terminal and not once:
                asyncio.run(_watch(root.client(silence_seconds=5), console, interval))
            else:
                ready = asyncio.run(_once(root.client(silence_seconds=5)))
                raise typer.Exit(0 if ready else 1)
        except KeyboardInterrupt:
            raise typer.Exit(0) from None


async def _once(client: "httpx.AsyncClient") -> bool:
    from rich.console import Console

    async with client:
        health = await _health(client)
        plain = Console()
        console = plain if plain.is_terminal else Console(width=_WIDTH)
        console.print(_view(health, await _counts(client)))
    return bool(health["status"] == "ready")


async def _watch(client: "httpx.AsyncClient", console: Any, interval: float) -> None:
    from rich.live import Live

    from picoserve.client.endpoint import CallError

    async with client:
        with Live(_view(await _health(client), {}), console=console, auto_refresh=False) as live:
            while True:
                try:
                    view = _view(await _health(client), await _counts(client))
                except CallError as error:
                    view = f"[red]{error}[/red]"
                live.update(view, refresh=True)
                await asyncio.sleep(interval)


async def _health(client: "httpx.AsyncClient") -> dict[str, Any]:
    """The body of /health; 503 carries one too. Raises CallError."""
    import httpx

    from picoserve.client.endpoint import CallError, transport_problem

    try:
        body = (await client.get("health")).json()
    except httpx.HTTPError as error:
        raise CallError(transport_problem(client, error)) from None
    except ValueError:
        body = None
    if not (isinstance(body, dict) and {"status", "models", "engines"} <= body.keys()):
        raise CallError("This server tells nothing of its engines at /health.")
    return body


async def _counts(client: "httpx.AsyncClient") -> dict[str, float]:
    """Sums of some counters; empty where there are no metrics for us."""
    import httpx
    from prometheus_client.parser import text_string_to_metric_families

    try:
        response = await client.get("metrics")
    except httpx.HTTPError:
        return {}
    if response.is_error:
        return {}
    sums = dict.fromkeys(_COUNTERS.values(), 0.0)
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            # Requests for no model are looks at the server, ours among them.
            if sample.name in _COUNTERS and sample.labels.get("model_name") != "":
                sums[_COUNTERS[sample.name]] += sample.value
    return sums


def _view(health: Mapping[str, Any], counts: Mapping[str, float]) -> "RenderableType":
    from rich import box
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, safe_box=True, pad_edge=False, collapse_padding=True)
    for title in ("engine", "device", "state"):
        table.add_column(title, overflow="fold")
    for title in ("busy", "restarts", "loaded in"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in health["engines"]:
        colour = _COLOURS.get(row["state"], "yellow")
        table.add_row(
            escape(row["name"]),
            row["device"],
            f"[{colour}]{row['state']}[/{colour}]",
            f"{row['busy']}/{row['slots']}",
            str(row["restarts"]),
            f"{row['load_seconds']:.1f} s",
        )
    waiting = ", ".join(f"{name} {model['waiting']}" for name, model in health["models"].items())
    lines = [f"{health['status']} · waiting in line: {escape(waiting)}"]
    if counts:
        lines.append(" · ".join(f"{value:,.0f} {name}" for name, value in counts.items()))
    problems = [escape(f"{r['name']}: {r['problem']}") for r in health["engines"] if r["problem"]]
    # The table comes last: where the terminal is too low for all, its end is what is left out.
    return Group(*lines, *problems, table)
