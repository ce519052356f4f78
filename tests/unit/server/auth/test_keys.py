import hashlib
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from picoserve.errors import ConfigError
from picoserve.server.auth.keys import KeyRing


def test_ring_without_keys_is_empty() -> None:
    assert not KeyRing([])
    assert not KeyRing([]).knows("")


def test_plain_and_hashed_keys_are_known() -> None:
    ring = KeyRing(["plain", "sha256:" + hashlib.sha256(b"hashed").hexdigest().upper()])

    assert ring
    assert [ring.knows(key) for key in ("plain", "hashed", "other", "")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        *((f"sha256:{digest}", "64 hexadecimal") for digest in ("abc", "0" * 65, "g" * 64)),
        ("schlüssel-0001", "printable ASCII"),
        ("sk two-0001", "without blanks"),
        ("sk-two\N{ZERO WIDTH SPACE}  # her name", "printable ASCII"),
    ],
)
def test_a_line_that_no_client_can_send_is_named_and_not_shown(
    tmp_path: Path, line: str, problem: str
) -> None:
    file = tmp_path / "keys.txt"
    file.write_text(f"# people\nsk-one\n{line}\n")

    with pytest.raises(ConfigError, match=rf"auth\.key_file '{file}', line 3: .*{problem}") as said:
        KeyRing([], file)
    assert line.partition("  #")[0] not in str(said.value)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("sk-one\n", encoding="utf-8-sig")

    assert KeyRing([], file).knows("sk-one")


def test_a_file_that_was_spoilt_leaves_the_old_keys_and_is_told_once(
    tmp_path: Path,
) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("sk-one\n")
    ring = KeyRing([], file)

    file.write_text("sk-one\nsk-two\nschlüssel\n")
    with capture_logs() as told:
        known = [ring.knows(key) for key in ("sk-one", "sk-two", "sk-one")]
    file.write_text("sk-two\n")

    assert known == [True, False, True]
    assert ["line 3" in entry["reason"] for entry in told] == [True]
    assert [ring.knows(key) for key in ("sk-one", "sk-two")] == [False, True]


def test_file_holds_one_key_per_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# comment\r\n\r\n  one \ntwo\n", newline="")
    ring = KeyRing([], file)

    assert [ring.knows(key) for key in ("one", "two", "# comment", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_empty_file_lets_nobody_in(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.touch()
    ring = KeyRing([], file)

    assert ring
    assert not ring.knows("")


@pytest.mark.parametrize("data", [None, b"\xff\xfe", b"sha256:abc"])
def test_file_that_cannot_be_used_at_the_start_is_an_error(
    tmp_path: Path, data: bytes | None
) -> None:
    file = tmp_path / "keys"
    if data is not None:
        file.write_bytes(data)

    with pytest.raises(ConfigError):
        KeyRing([], file)


def test_a_key_is_named_by_its_place_or_by_what_stands_behind_it(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("# people\nfirst  # the kitchen's tablet\nsecond\nthird #\n")

    ring = KeyRing(["plain"], file, setting="auth.admin_key")

    assert [ring.name_of(key) for key in ("plain", "first", "second", "third", "other")] == [
        "auth.admin_keys[0]",
        "the kitchen's tablet",
        "auth.admin_key_file:3",
        "auth.admin_key_file:4",
        None,
    ]
    assert not ring.knows("first  # the kitchen's tablet")
