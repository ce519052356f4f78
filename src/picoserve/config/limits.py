"""The table [limits]: what one key may ask for."""

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from picoserve.config.table import Table


def _usable_name(name: str) -> str:
    if not name or not name.isprintable() or name != name.strip():
        raise ValueError("should be a key's name as the log shows it")
    return name


Count = Annotated[int, Field(ge=0)]


class KeyLimits(Table):
    """Other limits for one key. What is left out is as in [limits]."""

    name: Annotated[str, AfterValidator(_usable_name)] = Field(examples=["alice"])
    """The key's name as the log shows it: what follows ` # ` behind it in `auth.key_file`, else
    its place (`auth.keys[0]`), or `livekit:` and the API key; without keys, a client's address.
    Keys of one name share its limits."""

    concurrent_requests: Count | None = Field(default=None, examples=[8])
    """Most requests at a time; 0 for no limit."""

    requests_per_minute: Count | None = Field(default=None, examples=[600])
    """Most requests in a minute; 0 for no limit."""

    tokens_per_minute: Count | None = Field(default=None, examples=[100_000])
    """Most tokens in a minute; 0 for no limit."""


class LimitSettings(Table):
    """What each key may ask for."""

    concurrent_requests: Count = 0
    """Most requests at a time; 0 for no limit."""

    requests_per_minute: Count = 0
    """Most requests in a minute, all of them at once or spread over it; 0 for no limit."""

    tokens_per_minute: Count = 0
    """Most tokens of prompts and answers in a minute; 0 for no limit. A request needs room for
    its prompt (a token for every four bytes) and its `max_tokens`; at its end it has cost what it
    has used."""

    keys: tuple[KeyLimits, ...] = ()
    """Keys with limits of their own."""

    @field_validator("keys")
    @classmethod
    def _names_differ(cls, keys: tuple[KeyLimits, ...]) -> tuple[KeyLimits, ...]:
        names = [key.name for key in keys]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there is more than one entry for '{name}'")
        return keys
