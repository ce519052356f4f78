"""Which contexts are kept, and which are refused."""

from pathlib import Path

import pytest

from picoserve.contexts.folder import ContextFolder
from picoserve.contexts.store import ContextLimits, ContextStore, Draft
from picoserve.errors import ContextsFullError, EngineFailedError, NotFoundError


def store_in(folder: Path, *, count: int = 3, size: int = 1000) -> ContextStore:
    return ContextStore(ContextFolder(folder), ContextLimits(count, size))


def kept_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def begun(store: ContextStore, name: str = "n", data: bytes = b"context") -> Draft:
    draft = store.begin("m", name, "Hello", "identity")
    draft.file.write_bytes(data)
    return draft


async def test_published_context_is_found_by_id_and_by_name_also_later(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    saved = await store.publish(begun(store), prompt_tokens=2)

    for each in (store, store_in(tmp_path)):
        assert each.get(saved.id).record == saved.record
        found = each.find("m", "n")
        assert found is not None
        assert found.record == saved.record
        assert each.find("other", "n") is None
        assert each.find("m", "other") is None


async def test_newer_context_takes_the_place_of_the_older(tmp_path: Path) -> None:
    store = store_in(tmp_path, count=1)
    older = await store.publish(begun(store), prompt_tokens=2)
    newer = await store.publish(begun(store), prompt_tokens=2)

    assert [saved.id for saved in store.all()] == [newer.id]
    with pytest.raises(NotFoundError):
        store.get(older.id)
    assert kept_in(tmp_path) == [newer.id]


async def test_two_drafts_of_one_name_end_as_one_context(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first, second = begun(store), begun(store)

    await store.publish(first, prompt_tokens=2)
    saved = await store.publish(second, prompt_tokens=2)

    assert [one.id for one in store.all()] == [saved.id]


async def test_drafts_count_as_long_as_they_are_open(tmp_path: Path) -> None:
    store = store_in(tmp_path, count=1)
    draft = begun(store, "a")
    with pytest.raises(ContextsFullError, match="max_count"):
        store.begin("m", "b", "Hello", "identity")

    store.discard(draft)
    store.discard(draft)

    await store.publish(begun(store, "b"), prompt_tokens=2)
    assert [saved.name for saved in store.all()] == ["b"]


async def test_bytes_of_all_files_are_bounded(tmp_path: Path) -> None:
    store = store_in(tmp_path, size=10)
    await store.publish(begun(store, "a", b"12345678"), prompt_tokens=2)
    draft = begun(store, "b", b"123")

    with pytest.raises(ContextsFullError, match="max_mib"):
        await store.publish(draft, prompt_tokens=2)
    store.discard(draft)

    assert len(kept_in(tmp_path)) == 1
    # In the place of the first one there is room.
    await store.publish(begun(store, "a", b"1234567890"), prompt_tokens=2)


async def test_engine_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    draft = store.begin("m", "n", "Hello", "identity")

    with pytest.raises(EngineFailedError):
        await store.publish(draft, prompt_tokens=2)


async def test_unknown_id_is_not_found(tmp_path: Path) -> None:
    store = store_in(tmp_path)

    for context_id in ("", "..", "ctx_" + "0" * 24):
        with pytest.raises(NotFoundError):
            await store.delete(context_id)
