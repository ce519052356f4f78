"""Model files named on the command line, as a configuration of their own."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from picoserve.errors import ConfigError
from picoserve.files import why_unreadable

_ENGINES: Final = {".pllm": "picollm", ".gguf": "llamacpp"}
_NOT_IN_NAMES: Final = re.compile(r"[^!-~]+")


def models_from_files(files: Sequence[Path]) -> list[dict[str, object]]:
    """A `[[models]]` table per file, named after it; the suffix tells the engine.

    Raises:
        ConfigError: A file cannot be read, or is of a kind that no engine runs.
    """
    return [_table(file) for file in files]


def _table(file: Path) -> dict[str, object]:
    engine = _ENGINES.get(file.suffix.lower())
    if engine is None:
        raise ConfigError(
            f"command line: --model {file}: should be a .pllm file for picoLLM or a .gguf file "
            "for llama.cpp"
        )
    if reason := why_unreadable(file):
        raise ConfigError(f"command line: --model {file}: cannot be read: {reason}{_nearest(file)}")
    name = _NOT_IN_NAMES.sub("-", file.stem)
    return {"name": name, "engine": engine, "path": str(file)}


def _nearest(file: Path) -> str:
    try:
        names = [path.name for path in file.parent.iterdir()]
    except OSError:
        return ""
    neighbours = [name for name in names if Path(name).suffix.lower() in _ENGINES]
    found = difflib.get_close_matches(file.name, neighbours, n=1)
    return f"; did you mean {file.parent / found[0]}?" if found else ""
