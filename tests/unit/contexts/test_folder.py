"""The files of saved contexts: private, whole or absent, and never anybody else's."""

import os
import stat
from pathlib import Path

import pytest
from tests.unit.contexts.test_record import record_of

from picoserve.contexts.folder import ContextFolder
from picoserve.contexts.record import ContextRecord
from picoserve.errors import ConfigError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "contexts"


@pytest.fixture
def folder(place: Path) -> ContextFolder:
    return ContextFolder(place)


def published(folder: ContextFolder, data: bytes = b"context") -> ContextRecord:
    name, file = folder.begin()
    file.write_bytes(data)
    record = record_of("Hello")
    record = ContextRecord(
        **{field: getattr(record, field) for field in record.__struct_fields__}
        | {"id": name, "bytes": folder.written_bytes(name)}
    )
    folder.publish(record)
    return record


def test_context_is_there_for_the_next_start(folder: ContextFolder, place: Path) -> None:
    record = published(folder)

    again = ContextFolder(place)

    assert again.records() == [record]
    assert again.file_of(record).read_bytes() == b"context"


def test_nobody_else_may_read_it_whatever_the_engine_allows(
    folder: ContextFolder, place: Path
) -> None:
    name, file = folder.begin()
    file.write_bytes(b"x")
    file.chmod(0o666)

    folder.written_bytes(name)

    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_not_published_is_not_there(folder: ContextFolder, place: Path) -> None:
    name, file = folder.begin()
    file.write_bytes(b"half")

    assert folder.records() == []
    folder.discard(name)
    assert list(place.iterdir()) == []


def test_what_a_killed_server_left_is_removed_a_day_later(
    folder: ContextFolder, place: Path
) -> None:
    old, _ = folder.begin()
    folder.begin()
    os.utime(place / f".new-{old}", (1, 1))

    ContextFolder(place).remove_abandoned()

    assert len(list(place.iterdir())) == 1


def test_removed_context_is_gone(folder: ContextFolder, place: Path) -> None:
    record = published(folder)

    folder.remove(record.id)

    assert list(place.iterdir()) == []
    with pytest.raises(OSError, match="No such file"):
        folder.file_of(record)
    folder.update(record)
    assert list(place.iterdir()) == []


def test_links_are_not_followed(folder: ContextFolder, place: Path, tmp_path: Path) -> None:
    record = published(folder)
    secret = tmp_path / "secret"
    secret.write_bytes(b"context")
    file = folder.file_of(record)
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(OSError, match="not what this server's user has written"):
        folder.file_of(record)

    # Neither is a context's whole folder, nor its record.
    moved = tmp_path / "moved"
    (place / record.id).rename(moved)
    (place / record.id).symlink_to(moved)
    with pytest.raises(OSError, match="not what this server's user has written"):
        folder.file_of(record)
    assert folder.records() == []
    (place / record.id).unlink()
    moved.rename(place / record.id)
    (place / record.id / "context.json").unlink()
    (place / record.id / "context.json").symlink_to(secret)
    assert folder.records() == []


def test_engine_that_leaves_a_link_instead_of_a_file_is_not_believed(
    folder: ContextFolder, tmp_path: Path
) -> None:
    name, file = folder.begin()
    file.symlink_to(tmp_path)

    with pytest.raises(OSError, match="not what this server's user has written"):
        folder.written_bytes(name)


def test_file_of_another_size_is_not_used(folder: ContextFolder) -> None:
    record = published(folder)
    folder.file_of(record).write_bytes(b"conte")

    with pytest.raises(OSError, match="another size"):
        folder.file_of(record)


@pytest.mark.parametrize("text", ["", "{}", "[]", "\0", '{"id": 7}', "x" * 100_000], ids=range(6))
def test_damaged_record_leaves_its_context_out_and_alone(
    folder: ContextFolder, place: Path, text: str
) -> None:
    kept, damaged = published(folder), published(folder)
    (place / damaged.id / "context.json").write_text(text)

    assert folder.records() == [kept]
    assert (place / damaged.id / "context.bin").exists()


def test_record_of_another_context_is_not_believed(folder: ContextFolder, place: Path) -> None:
    record, other = published(folder), published(folder)
    (place / record.id / "context.json").replace(place / other.id / "context.json")

    assert folder.records() == []


def test_strange_things_in_the_folder_are_left_alone(folder: ContextFolder, place: Path) -> None:
    (place / "notes.txt").write_text("mine")
    (place / "ctx_short").mkdir()

    assert folder.records() == []
    assert len(list(place.iterdir())) == 2


def test_folder_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(ConfigError, match="everybody may write there"):
        ContextFolder(tmp_path)


def test_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match=r"contexts\.folder"):
        ContextFolder(tmp_path / "file" / "contexts")
