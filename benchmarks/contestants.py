"""Who is compared, and how each is started: on loopback, with the same model and settings."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import TypeAlias

from benchmarks.children import command, server, talker
from benchmarks.loads import Figures, Load, Target, carry_out
from benchmarks.stage import CONTEXT_PER_SLOT, PROMPT_CACHE_MIB, Stage
from tests.support.models import ACCESS_KEY, MODEL, standin_model, tiny_model
from tests.support.server import running_server

Ask: TypeAlias = Callable[[Load], Figures]
Contestant: TypeAlias = AbstractContextManager[Ask]
"""Runs while its context is open, and carries out loads."""


def peers(stage: Stage, slots: int) -> Mapping[str, Contestant]:
    """Other servers that are installed here, with the model that picoserve gets."""
    found: dict[str, Contestant] = {}
    if stage.llama_server is not None:
        found["llama-server"] = over_http(llama_server(stage, slots))
    if stage.llama_cpp_python is not None:
        found["llama-cpp-python"] = over_http(llama_cpp_python(stage))
    return found


@contextmanager
def over_http(opening: AbstractContextManager[Target]) -> Generator[Ask, None, None]:
    """A contestant that is asked over HTTP."""
    with opening as target:
        yield lambda load: carry_out(target, load)


@contextmanager
def in_process(stage: Stage, slots: int) -> Generator[Ask, None, None]:
    """The engine without HTTP, in a process of its own."""
    program = command("benchmarks.in_process", stage.model, slots)
    with talker(stage, "in-process", program) as engine:
        engine.listen()
        yield lambda load: engine.ask(asdict(load))


def picoserve(stage: Stage, slots: int) -> AbstractContextManager[Target]:
    """The server with one llama.cpp engine."""
    table = tiny_model(path=stage.model, slots=slots, prompt_cache_mib=PROMPT_CACHE_MIB)
    return _picoserve(stage, f"{table}context_length = {CONTEXT_PER_SLOT}\n", MODEL)


def picoserve_standin(
    stage: Stage, engines: int, pace: float | None, words: int, head: str = ""
) -> AbstractContextManager[Target]:
    """The server with picoLLM engines on the stand-in library.

    Args:
        pace: Tokens a second, or None for as fast as it can.
        words: The longest answer.
        head: What stands in the configuration before the model.
    """
    script = stage.script(pace, words)
    table = standin_model(stage.library, stage.new_folder("model"), script, engines=engines)
    return _picoserve(stage, head + table, "pico")


def picoserve_started(stage: Stage) -> AbstractContextManager[Target]:
    """The same with four slots, ready as soon as it says so: for the time that this takes."""
    config = stage.new_folder("config") / "picoserve.toml"
    config.write_text(tiny_model(path=stage.model, slots=4))
    return server(
        stage,
        "picoserve",
        lambda port: command("picoserve", "serve", "--config", config, "--port", port),
        "/health/ready",
    )


@contextmanager
def _picoserve(stage: Stage, config: str, model: str) -> Generator[Target, None, None]:
    folder = stage.new_folder("picoserve")
    with running_server(folder, config, environment=ACCESS_KEY) as running:
        running.wait_engines()
        yield Target(running.port, running.process.pid, model)


def llama_server(stage: Stage, slots: int) -> AbstractContextManager[Target]:
    """llama.cpp's own server."""
    return server(
        stage,
        "llama-server",
        lambda port: [
            str(stage.llama_server), "--model", str(stage.model), "--alias", MODEL,
            "--port", str(port), "--parallel", str(slots),
            "--ctx-size", str(CONTEXT_PER_SLOT * slots),
            "--threads", "1", "--threads-batch", "1", "--log-disable",
        ],
        "/health",
    )  # fmt: skip


def llama_cpp_python(stage: Stage) -> AbstractContextManager[Target]:
    """llama-cpp-python's server. It has one place; the others wait for it."""
    return server(
        stage,
        "llama-cpp-python",
        lambda port: [
            str(stage.llama_cpp_python), "-m", "llama_cpp.server",
            "--model", str(stage.model), "--model_alias", MODEL, "--port", str(port),
            "--n_ctx", str(CONTEXT_PER_SLOT), "--n_threads", "1", "--n_threads_batch", "1",
            "--interrupt_requests", "false", "--verbose", "false",
        ],
        "/v1/models",
    )  # fmt: skip


def floor(stage: Stage, name: str, *arguments: object) -> AbstractContextManager[Target]:
    """One of the floors."""
    return server(
        stage,
        f"{name}-floor",
        lambda port: command("benchmarks.floors", name, port, *arguments),
        "/",
    )


def piped_floor(
    stage: Stage, engines: int, pace: float, words: int
) -> AbstractContextManager[Target]:
    """The bare floor on as many of picoserve's workers, on the stand-in library."""
    script = stage.script(pace, words).write(stage.new_folder("model") / "floor.pllm")
    return floor(stage, "piped", script, stage.library, engines)
