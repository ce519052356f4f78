from pathlib import Path

from picoserve.cli.options import settings_from


def test_options_become_settings_and_those_not_given_do_not(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text('[server]\nhost = "::1"\nport = 1\n')

    settings = settings_from(file, server__port=2, server__host=None)

    assert (settings.server.host, settings.server.port) == ("::1", 2)


def test_model_files_replace_the_configured_models(tmp_path: Path) -> None:
    file, model = tmp_path / "picoserve.toml", tmp_path / "b.gguf"
    file.write_text('[[models]]\nname = "a"\nengine = "llamacpp"\npath = "a.gguf"\n')
    model.touch()

    settings = settings_from(file, [model])

    assert [(entry.name, entry.path) for entry in settings.models] == [("b", model)]
