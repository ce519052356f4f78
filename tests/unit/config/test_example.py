import re
import tomllib
from pathlib import Path

from picoserve.config.example import example_toml
from picoserve.config.loading import load_settings
from picoserve.config.schema import all_keys
from picoserve.config.settings import Settings

# What a picoLLM entry may not say, and what an example has instead of a default.
_LLAMACPP_KEYS = ("#slots", "#context_length", "#prompt_cache_mib")


def test_as_it_is_it_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example_toml())

    assert load_settings(file, environ={}) == Settings()


def test_with_every_key_switched_on_it_says_the_defaults() -> None:
    lines = [line for line in example_toml().splitlines() if not line.startswith(_LLAMACPP_KEYS)]
    values = tomllib.loads("\n".join(re.sub(r"^#(?=\S)", "", line) for line in lines))

    settings = Settings.model_validate(values)

    defaults = Settings()
    assert (settings.server, settings.pool, settings.log) == (
        defaults.server,
        defaults.pool,
        defaults.log,
    )
    assert settings.models[0].name == "llama-3.2-1b"
    assert settings.models[0].devices == "all"
    assert settings.auth.livekit[0].key == "devkey"


def test_every_key_has_its_line() -> None:
    text = example_toml()

    for key in all_keys(Settings, through_lists=True):
        if not (key.table or key.items):
            assert f"\n#{key.name} = " in text


def test_no_line_is_too_long() -> None:
    assert max(map(len, example_toml().splitlines())) <= 100
