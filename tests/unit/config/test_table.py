from pathlib import Path

import pytest
from pydantic import ValidationError

from picoserve.config.server import ServerSettings
from picoserve.config.table import read_text_file


def test_a_table_cannot_be_changed() -> None:
    settings = ServerSettings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_infinity_is_no_number_of_seconds() -> None:
    with pytest.raises(ValidationError, match="finite"):
        ServerSettings(ping_seconds=float("inf"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.txt' cannot be read: No such file"):
        read_text_file(tmp_path / "gone.txt")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    file.write_text("x" * 11)

    with pytest.raises(ValueError, match="larger than 10 bytes"):
        read_text_file(file, max_bytes=10)
    assert read_text_file(file, max_bytes=11) == "x" * 11


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "binary"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ValueError, match="not text in UTF-8"):
        read_text_file(file)
