"""Model files named on the command line, as a configuration of their own."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from picoserve.errors import ConfigError

_ENGINES: Final = {".pllm": "picollm", ".gguf": "llamacpp"}
_NOT_IN_NAMES: Final = re.compile(r"[^!-~]+")


def models_from_files(files: Sequence[Path]) -> list[dict[str, object]]:
    """A `[[models]]` table per file, named after it; the suffix tells the engine.

    Raises:
        ConfigError: A file is missing, or of a kind that no engine runs.
    """
    return [_table(file) for file in files]


def _table(file: Path) -> dict[str, object]:
    engine = _ENGINES.get(file.suffix.lower())
    if engine is None:
        raise ConfigError(
            f"command line: --model {file}: should be a .pllm file for picoLLM or a .gguf file "
            "for llama.cpp"
        )
    if not file.is_file():
        raise ConfigError(f"command line: --model {file}: there is no such file{_nearest(file)}")
    name = _NOT_IN_NAMES.sub("-", file.stem)
    return {"name": name, "engine": engine, "path": str(file)}


def _nearest(file: Path) -> str:
    neighbours = [path.name for path in file.parent.glob("*") if path.suffix.lower() in _ENGINES]
    found = difflib.get_close_matches(file.name, neighbours, n=1)
    return f"; did you mean {file.parent / found[0]}?" if found else ""
