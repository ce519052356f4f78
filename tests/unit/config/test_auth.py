import pytest
from pydantic import ValidationError

from picoserve.config.auth import AuthSettings

DIGEST = "sha256:" + "0f" * 32


@pytest.mark.parametrize("key", ["", "with blank", "line\nbreak", "schlüssel", "sha256:12"])
def test_a_key_that_no_client_can_send_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        AuthSettings.model_validate({"keys": [key]})


def test_keys_may_be_plain_or_digests() -> None:
    auth = AuthSettings.model_validate({"keys": ["sk-plain", DIGEST]})

    assert [key.get_secret_value() for key in auth.keys] == ["sk-plain", DIGEST]


def test_no_secret_is_in_the_repr() -> None:
    auth = AuthSettings.model_validate(
        {
            "keys": ["sk-hidden"],
            "admin_keys": ["sk-hidden"],
            "livekit": [{"key": "dev", "secret": "sk-hidden"}],
        }
    )

    assert "sk-hidden" not in repr(auth) + str(auth) + auth.model_dump_json()


@pytest.mark.parametrize("table", [{"key": "", "secret": "s"}, {"key": "k", "secret": ""}])
def test_a_livekit_pair_has_both_parts(table: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AuthSettings.model_validate({"livekit": [table]})


@pytest.mark.parametrize(
    ("table", "configured"),
    [
        ({}, False),
        ({"keys": ["k"]}, True),
        ({"key_file": "keys.txt"}, True),
        ({"livekit": [{"key": "k", "secret": "s"}]}, True),
        ({"admin_keys": ["k"]}, False),
        ({"admin_key_file": "keys.txt"}, False),
    ],
)
def test_only_what_clients_must_show_keeps_strangers_out(
    table: dict[str, object], configured: bool
) -> None:
    assert AuthSettings.model_validate(table).is_configured is configured
