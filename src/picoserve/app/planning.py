"""Settings → the models that are served and the engines that run them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from picoserve.app.livekit_names import warn_of_names
from picoserve.config.model import SamplingSettings
from picoserve.config.server import PoolSettings
from picoserve.config.settings import ModelSettings, Settings
from picoserve.engine.devices import DeviceError, choose_devices, usable_cpus
from picoserve.engine.engine import EngineKind, EngineSpec
from picoserve.engine.list_devices import listed_devices
from picoserve.pool.keeper import KeeperLimits
from picoserve.pool.line import LineLimits
from picoserve.pool.model_pool import ModelPlan
from picoserve.pool.pool import Pool
from picoserve.pool.watch import WatchLimits
from picoserve.prompt.served_model import DefaultSampling, ServedModel
from picoserve.prompt.warm_up import warm_prompt

SHIPPED_MODEL: Final = "picoserve-tiny"
_SHIPPED_TEMPERATURE: Final = 0.2
# What it says by itself is a sentence or two. Where it repeats itself, it has to end all the same.
_SHIPPED_MAX_TOKENS: Final = 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be served."""

    models: Sequence[ServedModel]
    engines: dict[str, ModelPlan]
    is_default: bool

    def pool(self, settings: Settings) -> Pool:
        """The pool for these engines, not yet started."""
        pool = settings.pool
        return Pool(
            self.engines,
            line=LineLimits(
                max_jobs=pool.max_waiting,
                max_tokens=pool.max_waiting_tokens,
                max_seconds=pool.max_wait_seconds,
            ),
            limits=keeper_limits(pool),
        )


def keeper_limits(pool: PoolSettings) -> KeeperLimits:
    """The keepers' patience as it is configured."""
    return KeeperLimits(
        load_seconds=pool.load_seconds,
        interrupt_seconds=pool.interrupt_seconds,
        backoff_seconds=pool.backoff_seconds,
        max_backoff_seconds=pool.max_backoff_seconds,
        max_failures=pool.max_failures,
        failure_window_seconds=pool.failure_window_seconds,
        cool_down_seconds=pool.cool_down_seconds,
        watch=WatchLimits(
            heartbeat_seconds=pool.heartbeat_seconds,
            silence_seconds=pool.silence_seconds,
            first_piece_seconds=pool.first_piece_seconds,
            next_piece_seconds=pool.next_piece_seconds,
            max_memory_mib=pool.max_worker_memory_mib,
        ),
    )


def plan_models(settings: Settings) -> Plan:
    """The configured models, or the shipped one.

    A model whose devices cannot be had is planned without engines; its problem is told by
    readiness and in the log, and the other models come up.

    Raises:
        ConfigError: A chat template that the configuration names is unknown or broken.
    """
    entries = settings.models or (shipped_model(),)
    models = [served_model(entry) for entry in entries]
    for model in models:
        model.configured_template()
    warn_of_names(models)
    key = settings.access_key()
    return Plan(
        models=models,
        engines={
            entry.name: planned_engines(entry, model, key, verbose=settings.log.level == "debug")
            for entry, model in zip(entries, models, strict=True)
        },
        is_default=not settings.models,
    )


def shipped_model() -> ModelSettings:
    """The entry that is served where nothing is configured."""
    folder = Path(__file__).parent.parent / "models"
    card = (folder / f"{SHIPPED_MODEL}.md").read_text(encoding="utf-8")
    return ModelSettings(
        name=SHIPPED_MODEL,
        engine="llamacpp",
        path=folder / f"{SHIPPED_MODEL}.gguf",
        devices=("cpu:1",),
        # At 1 a small model's second thoughts are often wrong; a request can still ask for it.
        sampling=SamplingSettings(temperature=_SHIPPED_TEMPERATURE, max_tokens=_SHIPPED_MAX_TOKENS),
        description=_first_paragraph(card),
    )


def served_model(entry: ModelSettings) -> ServedModel:
    """The model as requests see it."""
    sampling = entry.sampling
    return ServedModel(
        name=entry.name,
        kind=EngineKind(entry.engine),
        file_name=entry.path.stem,
        aliases=tuple(entry.aliases),
        description=entry.description,
        created=_modified(entry.path),
        chat_template=entry.chat_template,
        thinking=entry.thinking,
        image_side=entry.image_side,
        default_sampling=DefaultSampling(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            presence_penalty=sampling.presence_penalty,
            frequency_penalty=sampling.frequency_penalty,
            max_tokens=sampling.max_tokens,
        ),
    )


def _modified(path: Path) -> int:
    """When the file was last written, in Unix time; 0 where nobody can say."""
    try:
        return int(path.stat().st_mtime)
    except OSError:
        return 0


def planned_engines(
    entry: ModelSettings, model: ServedModel, access_key: str, *, verbose: bool
) -> ModelPlan:
    """The model's engines; none, and a problem, where its devices cannot be had."""
    try:
        devices = _devices(entry)
    except DeviceError as error:
        return ModelPlan([], f"model '{entry.name}': {error}")
    specs = []
    for device in devices:
        for index in range(entry.engines_per_device):
            suffix = f"#{index}" if entry.engines_per_device > 1 else ""
            specs.append(
                EngineSpec(
                    kind=EngineKind(entry.engine),
                    name=f"{entry.name}@{device}{suffix}",
                    path=str(entry.path),
                    device=_share(device, entry.engines_per_device),
                    slots=entry.jobs_per_engine,
                    access_key=access_key if entry.engine == "picollm" else "",
                    library_path=_text(entry.library_path),
                    context_cache=entry.context_cache,
                    context_length=entry.context_length,
                    prompt_cache_mib=entry.prompt_cache_mib,
                    task=entry.task,
                    verbose=verbose,
                )
            )
    return ModelPlan(specs, warm_prompt=partial(warm_prompt, model, entry.warm_up))


def _devices(entry: ModelSettings) -> list[str]:
    """Device arguments, one per engine before `engines_per_device`."""
    if entry.engine == "picollm" and isinstance(entry.devices, str):
        return choose_devices(entry.devices, listed_devices(_text(entry.library_path)))
    if isinstance(entry.devices, str):
        # llama.cpp spreads one model over the GPUs it finds; "all" means its CPU build's CPU.
        return ["gpu"] if entry.devices == "gpu" else [f"cpu:{usable_cpus()}"]
    return choose_devices(list(entry.devices), [])


def _share(device: str, engines: int) -> str:
    """Engines on one CPU share its threads."""
    kind, _, number = device.partition(":")
    return f"cpu:{max(1, int(number) // engines)}" if kind == "cpu" else device


def _text(path: Path | None) -> str:
    return "" if path is None else str(path)


def _first_paragraph(markdown: str) -> str:
    paragraphs = [p for p in markdown.split("\n\n") if p.strip() and not p.startswith("#")]
    return " ".join(paragraphs[0].split()) if paragraphs else ""
