"""Compiles the stand-in library, once per state of its sources.

A C compiler of the machine is used where there is one, else the one in the `ziglang` wheel.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SOURCE_FOLDER: Final = Path(__file__).parent
SOURCES: Final = ("picollm_standin.c", "generate.c", "script.c", "support.c")
_HEADERS: Final = ("standin.h",)
_FLAGS: Final = (
    "-std=gnu11",
    "-O2",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-fno-sanitize=undefined",
    "-pthread",
)


class NoCompilerError(Exception):
    """Neither a C compiler nor the `ziglang` wheel is there."""


def find_compiler() -> list[str]:
    """The command that starts a C compiler."""
    compiler = shutil.which("cc")
    if compiler is not None:
        return [compiler]
    return zig_compiler()


def zig_compiler() -> list[str]:
    """The command that starts the C compiler of the `ziglang` wheel."""
    if find_spec("ziglang") is None:
        raise NoCompilerError("install a C compiler or `pip install ziglang`")
    return [sys.executable, "-m", "ziglang", "cc"]


def build_library(folder: Path, compiler: list[str] | None = None) -> Path:
    """Compile the library into `folder`, unless it is there already, and return its path.

    Safe with several runs at once: each compiles to a name of its own and renames it.
    """
    compiler = compiler or find_compiler()
    library = folder / f"libpicollm_standin-{_fingerprint(compiler)}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as workplace:
        fresh = Path(workplace) / library.name
        _compile(compiler, fresh)
        fresh.replace(library)
    return library


def _fingerprint(compiler: list[str]) -> str:
    digest = hashlib.sha256(repr((compiler, _FLAGS, sys.platform)).encode())
    for name in (*SOURCES, *_HEADERS):
        digest.update((SOURCE_FOLDER / name).read_bytes())
    return digest.hexdigest()[:16]


def _compile(compiler: list[str], library: Path) -> None:
    sources = [str(SOURCE_FOLDER / name) for name in SOURCES]
    # zig keeps a cache of its own, which would otherwise land in the home folder.
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(library.parent / "zig")}
    result = subprocess.run(
        [*compiler, *_FLAGS, "-o", str(library), *sources, "-lm"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"the stand-in library does not compile:\n{result.stderr}")
