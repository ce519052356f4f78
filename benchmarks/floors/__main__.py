"""Serve one of the floors: `python -m benchmarks.floors bare|sse|piped PORT [MODEL LIBRARY N]`.

MODEL is a script of the stand-in LIBRARY, which N workers load.
"""

import asyncio
import sys

import uvicorn
from benchmarks.floors.bare import bare
from benchmarks.floors.piped import Piped
from starlette.types import ASGIApp

from picoserve.engine.engine import EngineKind, EngineSpec


def main() -> None:
    """Serve until told to stop."""
    name, port, *rest = sys.argv[1:]
    config = uvicorn.Config(
        _app(name, rest),
        port=int(port),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(config))


def _app(name: str, rest: list[str]) -> ASGIApp:
    if name == "bare":
        return bare
    if name == "piped":
        path, library, engines = rest
        return Piped([_spec(path, library, number) for number in range(int(engines))])
    # FastAPI is not loaded where it is not served.
    from benchmarks.floors.sse import app  # noqa: PLC0415

    return app


def _spec(path: str, library: str, number: int) -> EngineSpec:
    return EngineSpec(
        kind=EngineKind.PICOLLM,
        name=f"floor-{number}",
        path=path,
        device="cpu:1",
        access_key="none",
        library_path=library,
    )


async def _serve(config: uvicorn.Config) -> None:
    if isinstance(config.app, Piped):
        await config.app.start()
    await uvicorn.Server(config).serve()


main()
