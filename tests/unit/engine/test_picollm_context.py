"""What an engine's cache holds, and what tells one model from another."""

from pathlib import Path

from picoserve.engine.picollm_context import HeldContext, context_identity


def test_common_beginning_is_reused_but_for_the_last_token() -> None:
    held = HeldContext()
    assert held.reused([1, 2, 3]) == 0

    held.hold([1, 2, 3, 4])

    assert held.reused([1, 2, 3, 9, 9]) == 3
    assert held.reused([1, 2, 3, 4, 5]) == 4
    assert held.reused([1, 2, 3, 4]) == 3
    assert held.reused([1, 2]) == 1
    assert held.reused([7]) == 0
    assert held.reused([]) == 0


def test_nothing_is_claimed_of_what_is_in_doubt() -> None:
    held = HeldContext()
    held.hold([1, 2, 3], is_sure=False)
    assert held.reused([1, 2, 3, 4]) is None
    # Likely is enough for not loading a file.
    assert held.gain([1, 2], [1, 2, 3, 4]) < 0

    held.lose_track()

    assert held.reused([1, 2, 3, 4]) is None
    assert held.gain([1, 2], [1, 2, 3, 4]) == 2


def test_loading_gains_what_is_not_held() -> None:
    held = HeldContext()
    held.hold([1, 2, 9])

    assert held.gain([1, 2, 3, 4], [1, 2, 3, 4, 5, 6]) == 2
    assert held.gain([1, 2], [1, 2, 3]) == 0
    assert held.gain([1, 5], [1, 2, 3]) == -1


def test_identity_tells_model_files_libraries_and_kinds_of_devices_apart(tmp_path: Path) -> None:
    path, long = tmp_path / "model.pllm", b"x" * (3 << 20)
    path.write_bytes(long)
    identity = context_identity("m", "2.1.0", "cpu:4", path)
    assert context_identity("m", "2.1.0", "cpu:8", path) == identity

    others = {
        context_identity("n", "2.1.0", "cpu:4", path),
        context_identity("m", "2.1.1", "cpu:4", path),
        context_identity("m", "2.1.0", "gpu:0", path),
    }
    for data in (b"y" + long[1:], long[:-1] + b"y", long + b"x", b""):
        path.write_bytes(data)
        others.add(context_identity("m", "2.1.0", "cpu:4", path))

    assert identity not in others
    assert len(others) == 7
