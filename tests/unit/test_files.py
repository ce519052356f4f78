import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from picoserve.files import why_unreadable

NOBODY: Final = 65_534


@contextmanager
def without_privileges() -> Generator[None, None, None]:
    """As root, whom no folder is closed to, be somebody else for a moment."""
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_that_can_be_read_has_no_reason_against_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")

    assert why_unreadable(tmp_path / "file") == ""
    assert why_unreadable(tmp_path / "link") == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone", "No such file or directory"),
        ("file/inside", "Not a directory"),
        ("", "Is a directory"),
        ("x" * 300, "File name too long"),
        ("x" * 300 + "/inside", "File name too long"),
        ("loop", "Too many levels of symbolic links"),
        ("pipe", "Not a regular file"),
    ],
)
def test_what_cannot_be_read_comes_with_the_reason(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")

    assert why_unreadable(tmp_path / name) == reason


@pytest.mark.parametrize("closed", ["folder", "folder/file"])
def test_what_is_closed_to_this_user_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    # From inside, since the folders above may be closed to others too.
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    Path("folder").mkdir()
    Path("folder/file").touch()
    Path(closed).chmod(0)

    with without_privileges():
        reason = why_unreadable(Path("folder/file"))

    Path(closed).chmod(0o700)
    assert reason == "Permission denied"
