"""Configuration tables for the models that tests serve."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.standin.model_script import ModelScript, Reply

from picoserve.engine.gguf_header import load_gguf_header

MODEL: Final = "picoserve-tiny"
SHIPPED: Final = Path(__file__).parents[2] / f"src/picoserve/models/{MODEL}.gguf"
ACCESS_KEY: Final = {"PICOVOICE_ACCESS_KEY": "a-key-for-the-stand-in=="}


def tiny_model(
    *,
    name: str = MODEL,
    path: Path = SHIPPED,
    engines: int = 1,
    slots: int = 1,
    prompt_cache_mib: int = 64,
    aliases: Sequence[str] = (),
) -> str:
    """A `[[models]]` table for a GGUF file, one CPU thread per engine."""
    return f"""
[[models]]
name = {json.dumps(name)}
engine = "llamacpp"
path = {json.dumps(str(path))}
devices = ["cpu:{engines}"]
engines_per_device = {engines}
slots = {slots}
prompt_cache_mib = {prompt_cache_mib}
aliases = {json.dumps(list(aliases))}
"""


def file_with_template(folder: Path, source: str, *, adds_bos: bool = False) -> Path:
    """The shipped model's file with another chat template in it, no longer than its own.

    Args:
        folder: Where to put it.
        source: The template.
        adds_bos: Whether llama.cpp is to begin each prompt with the model's first token.
    """
    own = load_gguf_header(SHIPPED).chat_template.encode()
    other = source.encode()
    padding = b"{#" + b" " * (len(own) - len(other) - 4) + b"#}"
    path = folder / f"other-{adds_bos}.gguf"
    flag = b"tokenizer.ggml.add_bos_token" + struct.pack("<I", 7)
    whole = SHIPPED.read_bytes().replace(own, other + padding)
    path.write_bytes(whole.replace(flag + b"\0", flag + bytes([adds_bos])))
    return path


def standin_model(
    library: Path, folder: Path, script: ModelScript, *, name: str = "pico", engines: int = 1
) -> str:
    """A `[[models]]` table for picoLLM on the stand-in library."""
    path = script.write(folder / f"{name}.pllm")
    return f"""
[[models]]
name = {json.dumps(name)}
engine = "picollm"
path = {json.dumps(str(path))}
devices = ["cpu:1"]
engines_per_device = {engines}
library_path = {json.dumps(str(library))}
"""


def slow_script(
    *, tokens_per_second: float = 20.0, journal: str | None = None, replies: Sequence[Reply] = ()
) -> ModelScript:
    """Counts for minutes, twenty words a second; a prompt with "brief" gets one word."""
    return ModelScript(
        context_length=100_000,
        tokens_per_second=tokens_per_second,
        journal=journal,
        replies=[
            *replies,
            Reply(match="brief", text="Yes.", tokens_per_second=1000.0),
            Reply(count=50_000),
        ],
    )
