"""Everything that `picoserve doctor` looks at, from the platform to a running engine."""

import importlib.metadata
import platform
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

import httpx

from picoserve.app.config_checks import Check, model_checks, server_checks
from picoserve.app.driver import check_driver, loaded_driver
from picoserve.app.engine_checks import check_engine, one_start
from picoserve.app.findings import Finding, Verdict, fail, note, ok
from picoserve.app.listening import listening_sockets, reachable
from picoserve.app.planning import keeper_limits, planned_engines, served_model, shipped_model
from picoserve.config.server import ServerSettings
from picoserve.config.settings import ModelSettings, Settings
from picoserve.engine.devices import usable_cpus
from picoserve.errors import ConfigError

_PACKAGES: Final = {"picollm": "picollm", "llamacpp": "xllamacpp"}
_HEALTH_SECONDS: Final = 5.0


async def checkup(settings: Settings) -> AsyncIterator[Finding]:
    """Look at one thing after the other. Starts one engine for each model, and ends it."""
    entries = settings.models or (shipped_model(),)
    for finding in _machine(entries):
        yield finding
    for finding in _picollm(settings):
        yield finding
    for finding in _judged(server_checks(settings)):
        yield finding
    yield _address(settings.server)
    for entry in entries:
        async for finding in _model(entry, settings):
            yield finding


async def _model(entry: ModelSettings, settings: Settings) -> AsyncIterator[Finding]:
    of_files = list(_judged(model_checks(entry)))
    for finding in of_files:
        yield finding
    model, is_verbose = served_model(entry), settings.log.level == "debug"
    plan = planned_engines(entry, model, _usable_access_key(settings), verbose=is_verbose)
    if plan.problem:
        yield fail(f"{entry.name}: devices", plan.problem, "see `picoserve devices`")
    if not plan.specs or any(finding.verdict is Verdict.FAIL for finding in of_files):
        return
    names = ", ".join(dict.fromkeys(spec.device for spec in plan.specs))
    yield ok(f"{entry.name}: devices", f"{names}; the first one is tried")
    limits = one_start(keeper_limits(settings.pool))
    async for finding in check_engine(model, plan.specs[0], limits):
        yield Finding(
            finding.verdict, f"{entry.name}: {finding.check}", finding.text, finding.advice
        )


def _judged(checks: Iterable[Check]) -> Iterator[Finding]:
    for check in checks:
        try:
            seen = check.look()
        except ConfigError as error:
            yield fail(check.name, error.message, check.advice)
            continue
        if seen:
            yield ok(check.name, seen)


def _machine(entries: tuple[ModelSettings, ...]) -> Iterator[Finding]:
    yield ok(
        "platform",
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{usable_cpus()} usable CPU(s)",
    )
    for engine in dict.fromkeys(entry.engine for entry in entries):
        package = _PACKAGES[engine]
        try:
            yield ok("package", f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            extra = "picoserve[llamacpp]" if engine == "llamacpp" else "picollm"
            yield fail("package", f"{package} is not installed", f"pip install '{extra}'")


def _picollm(settings: Settings) -> Iterator[Finding]:
    if not settings.models:
        yield check_driver(loaded_driver())
        yield note(
            "models",
            "no model is configured: picoLLM was not looked at",
            "give --model FILE.pllm; what follows is the demo model on llama.cpp",
        )
    elif any(entry.engine == "picollm" for entry in settings.models):
        yield check_driver(loaded_driver())


def _usable_access_key(settings: Settings) -> str:
    """The AccessKey, "" where there is none; why is told by the check of it."""
    try:
        return settings.access_key()
    except ConfigError:
        return ""


def _address(server: ServerSettings) -> Finding:
    """Whether a server could listen; where one runs already, that is why it cannot."""
    try:
        listeners = listening_sockets(server.host, server.port)
    except ConfigError as error:
        if _is_served(server):
            return note("address", f"picoserve answers on {server.host} port {server.port}")
        return fail("address", error.message, "set server.host and server.port to free ones")
    for listener in listeners:
        listener.close()
    return ok("address", f"{server.host} port {server.port} is free")


def _is_served(server: ServerSettings) -> bool:
    try:
        url = f"http://{reachable(server.host)}:{server.port}/health"
        answer = httpx.get(url, timeout=_HEALTH_SECONDS, trust_env=False).json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False
    return isinstance(answer, dict) and "engines" in answer
