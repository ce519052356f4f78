"""When a saved context may be loaded, and when no more."""

from pathlib import Path

import pytest
from tests.unit.contexts.test_store import begun, store_in

from picoserve.contexts.saved import SavedContext


@pytest.fixture
async def saved(tmp_path: Path) -> SavedContext:
    store = store_in(tmp_path)
    return await store.publish(begun(store), prompt_tokens=2)


async def test_only_engines_like_the_one_that_saved_it_get_its_file(
    saved: SavedContext, tmp_path: Path
) -> None:
    file = saved.file_for("identity")

    assert file is not None
    assert (file.path, file.characters) == (str(tmp_path / saved.id / "context.bin"), 5)
    assert saved.file_for("another") is None
    assert not saved.is_broken


async def test_failure_is_written_down(saved: SavedContext, tmp_path: Path) -> None:
    saved.note_failure("the engine said no to the file /secret/place")

    assert saved.file_for("identity") is None
    again = store_in(tmp_path).get(saved.id)
    assert again.is_broken
    assert "secret" not in again.record.problem


async def test_file_that_is_gone_breaks_it(saved: SavedContext, tmp_path: Path) -> None:
    (tmp_path / saved.id / "context.bin").unlink()

    assert saved.file_for("identity") is None
    assert saved.is_broken
