"""A `[[models]]` table: one model, its engines and its defaults."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from picoserve.config.table import File, Mark, OptionalFile, Table, read_text_file

_DEVICE: Final = re.compile(r"gpu|cpu|gpu:\d+|cpu:[1-9]\d*")
_NAME: Final = re.compile(r"[!-~]{1,200}")
_TEMPLATE_SUFFIXES: Final = (".jinja", ".jinja2", ".j2")


def _usable_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("should be 1 to 200 printable ASCII characters without blanks")
    return name


def _read_devices(value: object) -> object:
    """`all`, `gpu`, `cpu` stay; a device string or a list of them becomes a tuple."""
    if value in ("all", "gpu", "cpu"):
        return value
    devices = [value] if isinstance(value, str) else value
    if not isinstance(devices, list | tuple) or not devices:
        raise ValueError('should be "all", "gpu", "cpu" or a list such as ["gpu:0", "cpu:4"]')
    for device in devices:
        if not isinstance(device, str) or not _DEVICE.fullmatch(device):
            raise ValueError(
                f"{device!r} is no device; say gpu:N (from 0) or cpu:N (N threads), "
                'or "all", "gpu", "cpu" for what the machine has'
            )
    return tuple(devices)


def is_template_path(value: str) -> bool:
    """Whether a `chat_template` names a file, rather than a family or being Jinja itself."""
    return "{" not in value and ("/" in value or value.endswith(_TEMPLATE_SUFFIXES))


def _read_template(value: str) -> str:
    if not is_template_path(value):
        return value
    text = read_text_file(Path(value))
    if "{" not in text:
        raise ValueError(f"'{value}' holds no Jinja template")
    return text


Name = Annotated[str, AfterValidator(_usable_name)]
Devices = Annotated[Literal["all", "gpu", "cpu"] | tuple[str, ...], BeforeValidator(_read_devices)]
ChatTemplate = Annotated[str, AfterValidator(_read_template), Mark.RELATIVE_TEMPLATE]


class SamplingSettings(Table):
    """What is used where a request says nothing."""

    temperature: float = Field(default=1.0, ge=0, le=2)
    """How freely tokens are chosen; 0 always takes the likeliest."""

    top_p: float = Field(default=1.0, gt=0, le=1)
    """The share of probability that is chosen from."""

    presence_penalty: float = Field(default=0.0, ge=-2, le=2)
    """How much a token that has occurred is disfavoured; with picoLLM 0 or more."""

    frequency_penalty: float = Field(default=0.0, ge=-2, le=2)
    """How much each of its occurrences adds to that; with picoLLM 0 or more."""

    max_tokens: int | None = Field(default=None, ge=1, examples=[512])
    """Most tokens of an answer; without it, what the context leaves room for."""


class ModelSettings(Table):
    """One model: its file, the engines that run it and what requests may leave out."""

    name: Name = Field(examples=["llama-3.2-1b"])
    """The name that requests give as `model`. It may contain slashes."""

    engine: Literal["picollm", "llamacpp"] = Field(examples=["picollm"])
    """What runs it: "picollm" (.pllm files, needs an AccessKey) or "llamacpp" (.gguf files)."""

    path: File = Field(examples=["models/llama-3.2-1b-instruct-505.pllm"])
    """The model file; a relative path starts at the folder of this file."""

    aliases: tuple[Name, ...] = Field(default=(), examples=[["gpt-4o-mini"]])
    """More names for the same model."""

    description: str = ""
    """A line about the model, shown in the list of models."""

    devices: Devices = "all"
    """Where its engines run: "all" starts one on each device that is found, "gpu" and "cpu" on
    those of that kind, and a list such as ["gpu:0", "cpu:4"] on exactly these (cpu:N has N
    threads). With "llamacpp", "all" is the CPU, and "gpu" one engine over all GPUs."""

    engines_per_device: int = Field(default=1, ge=1, le=64)
    """How many engines each device carries. Each one holds the model in memory and, with
    picoLLM, may count as an activation of the AccessKey."""

    slots: int = Field(default=4, ge=1, le=256)
    """Requests that one llama.cpp engine serves side by side. Only for "llamacpp"; a picoLLM
    engine runs one at a time."""

    warm_up: str = Field(default="", repr=False, examples=["You are a helpful assistant."])
    """A system prompt that every engine reads as soon as it has loaded, so that the first
    conversation that begins with it is answered sooner."""

    context_length: int = Field(default=0, ge=0)
    """Tokens of context per slot, rounded up to a multiple of 256, and no more than the model was
    trained for; 0 for that, but at most 8192. Only for "llamacpp"."""

    prompt_cache_mib: int = Field(default=1024, ge=0)
    """Memory in MiB in which each engine keeps the contexts of conversations that no slot holds
    now, so that their next turns are answered sooner; 0 for none. Only for "llamacpp"."""

    context_cache: bool = True
    """Whether a prompt that begins like the previous one is evaluated from the difference on."""

    library_path: OptionalFile = Field(default=None, examples=["lib/libpv_picollm.so"])
    """A native picoLLM library to load instead of the package's own. Only for "picollm"."""

    task: Literal["auto", "generate", "embed", "vision", "ocr"] = "auto"
    """What the model is for. "auto" tells it by the model's name: "embedding", "ocr", and "vl" or
    "vision" for a model that looks at images. Only for "picollm"."""

    image_side: int = Field(default=1024, ge=28, le=4096)
    """The longest side in pixels that images are scaled down to. A larger one costs time and
    context, a smaller one loses small print."""

    chat_template: ChatTemplate = Field(default="", repr=False)
    """A family's name such as "llama-3", or the path of a Jinja file. Empty for the template in
    the model file, or the family that the model's name tells."""

    thinking: bool = True
    """Whether a model that can think before it replies does so where a request does not say. A
    voice agent is better off with false: it cannot speak before the model has thought. gpt-oss
    always thinks; with false its effort is low."""

    sampling: SamplingSettings = Field(default_factory=SamplingSettings)
    """Defaults for requests to this model."""

    @property
    def jobs_per_engine(self) -> int:
        """How many requests one engine serves side by side."""
        return self.slots if self.engine == "llamacpp" else 1

    @field_validator("slots", "context_length", "prompt_cache_mib")
    @classmethod
    def _llamacpp_only(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("engine") == "picollm":
            instead = "use engines_per_device" if info.field_name == "slots" else "leave it out"
            raise ValueError(f'is only for engine = "llamacpp"; with picoLLM {instead}')
        return value

    @field_validator("library_path")
    @classmethod
    def _picollm_only(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("engine") == "llamacpp":
            raise ValueError('is only for engine = "picollm"; leave it out')
        return value

    @field_validator("sampling")
    @classmethod
    def _penalties_fit(cls, sampling: SamplingSettings, info: ValidationInfo) -> SamplingSettings:
        for name in ("presence_penalty", "frequency_penalty"):
            if info.data.get("engine") == "picollm" and getattr(sampling, name) < 0:
                raise ValueError(f'{name} should be 0 or more with engine = "picollm"')
        return sampling
