"""Everything that `picoserve doctor` looks at, from the platform to a running engine."""

import importlib.metadata
import platform
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from picoserve.app.driver import check_driver, loaded_driver
from picoserve.app.engine_checks import check_engine, one_start
from picoserve.app.findings import Finding, fail, note, ok
from picoserve.app.planning import keeper_limits, plan_models, shipped_model
from picoserve.config.settings import ModelSettings, Settings
from picoserve.contexts.folder import ContextFolder, check_folder
from picoserve.engine.devices import usable_cpus
from picoserve.errors import ConfigError
from picoserve.files import why_unreadable

_PACKAGES: Final = {"picollm": "picollm", "llamacpp": "xllamacpp"}
_MIB: Final = 1024 * 1024


async def checkup(settings: Settings) -> AsyncIterator[Finding]:
    """Look at one thing after the other. Starts one engine for each model, and ends it."""
    entries = settings.models or (shipped_model(),)
    for finding in _machine(entries):
        yield finding
    for finding in _picollm(settings):
        yield finding
    if settings.contexts.folder is not None:
        yield _contexts(settings.contexts.folder)
    plan = plan_models(settings)
    limits = one_start(keeper_limits(settings.pool))
    for entry, model in zip(entries, plan.models, strict=True):
        yield _file(entry)
        engines = plan.engines[entry.name]
        if engines.problem:
            yield fail(f"{entry.name}: devices", engines.problem, "see `picoserve devices`")
        if not engines.specs or why_unreadable(entry.path):
            continue
        names = ", ".join(dict.fromkeys(spec.device for spec in engines.specs))
        yield ok(f"{entry.name}: devices", f"{names}; the first one is tried")
        async for finding in check_engine(model, engines.specs[0], limits):
            yield Finding(
                finding.verdict, f"{entry.name}: {finding.check}", finding.text, finding.advice
            )


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
        yield _access_key(settings)


def _access_key(settings: Settings) -> Finding:
    if settings.access_key():
        return note("AccessKey", "there is one; whether it is valid shows when a model starts")
    return fail(
        "AccessKey",
        "there is none",
        "set PICOVOICE_ACCESS_KEY or access_key_file; a key is to be had from the "
        "Picovoice Console",
    )


def _contexts(folder: Path) -> Finding:
    try:
        check_folder(folder)
        # Who looks may be another user than the server's: a folder is for that one to make.
        text = (
            f"{len(ContextFolder(folder).records())} in" if folder.exists() else "the start makes"
        )
    except ConfigError as error:
        return fail("saved contexts", error.message, "set contexts.folder to one of its own")
    return ok("saved contexts", f"{text} the folder")


def _file(entry: ModelSettings) -> Finding:
    check = f"{entry.name}: file"
    if reason := why_unreadable(entry.path):
        problem = f"'{entry.path}' cannot be read: {reason}"
        return fail(check, problem, "set path to the model file, and let this user read it")
    return ok(check, f"{entry.path.name}, {entry.path.stat().st_size / _MIB:.1f} MiB")
