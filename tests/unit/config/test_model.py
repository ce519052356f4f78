from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from picoserve.config.model import ModelSettings, SamplingSettings, is_template_path
from picoserve.engine.engine import EngineKind
from picoserve.prompt.served_model import DefaultSampling


def model(engine: str = "llamacpp", **more: Any) -> ModelSettings:
    return ModelSettings.model_validate({"name": "m", "engine": engine, "path": "m.gguf", **more})


@pytest.mark.parametrize("name", ["", "a b", "x" * 201, "tab\t", "ä"])
def test_a_name_that_no_request_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="1 to 200 printable"):
        model(name=name)


def test_a_name_may_contain_slashes() -> None:
    assert model(name="org/model:1b").name == "org/model:1b"


def test_engines_are_those_that_there_are_adapters_for() -> None:
    for kind in EngineKind:
        assert model(kind.value).engine == kind.value
    with pytest.raises(ValidationError):
        model("vllm")


def test_sampling_defaults_are_those_of_the_prompt_room() -> None:
    ours = SamplingSettings().model_dump()

    assert ours == {name: getattr(DefaultSampling(), name) for name in ours}


@pytest.mark.parametrize(
    ("given", "devices"),
    [
        ("all", "all"),
        ("gpu", "gpu"),
        ("cpu", "cpu"),
        ("gpu:1", ("gpu:1",)),
        (["gpu:0", "cpu:4"], ("gpu:0", "cpu:4")),
        (["cpu"], ("cpu",)),
    ],
)
def test_devices_are_a_word_or_a_list(given: object, devices: object) -> None:
    assert model(devices=given).devices == devices


@pytest.mark.parametrize("given", ["best", "gpu:", "cpu:0", [], ["all"], [1], 3, {"gpu": 0}, ""])
def test_other_devices_are_refused_with_one_message_that_says_what_there_is(given: object) -> None:
    with pytest.raises(ValidationError, match="gpu:") as caught:
        model(devices=given)

    assert caught.value.error_count() == 1


@pytest.mark.parametrize("key", ["slots", "context_length", "prompt_cache_mib"])
def test_a_llamacpp_key_is_refused_for_picollm(key: str) -> None:
    given: dict[str, Any] = {key: 2}

    assert getattr(model(**given), key) == 2
    with pytest.raises(ValidationError, match='only for engine = "llamacpp"'):
        model("picollm", **given)


def test_a_library_is_only_for_picollm() -> None:
    assert model("picollm", library_path="x.so").library_path == Path("x.so")
    with pytest.raises(ValidationError, match='only for engine = "picollm"'):
        model(library_path="x.so")


@pytest.mark.parametrize("key", ["presence_penalty", "frequency_penalty"])
def test_a_penalty_that_picollm_would_refuse_is_refused_at_once(key: str) -> None:
    sampling = {key: -0.5}

    assert getattr(model(sampling=sampling).sampling, key) == -0.5
    with pytest.raises(ValidationError, match=f"{key} should be 0 or more"):
        model("picollm", sampling=sampling)


def test_a_picollm_engine_runs_one_job_at_a_time() -> None:
    assert model("picollm").jobs_per_engine == 1
    assert model("llamacpp").jobs_per_engine == 4


@pytest.mark.parametrize("path", ["", ".", "a\0b"])
def test_a_path_names_a_file(path: str) -> None:
    with pytest.raises(ValidationError, match="should name a file"):
        model(path=path)


@pytest.mark.parametrize(
    ("value", "is_path"),
    [
        ("", False),
        ("llama-3", False),
        ("phi3.5", False),
        ("chat.jinja", True),
        ("templates/chat.txt", True),
        ("{{ messages }}/x", False),
    ],
)
def test_a_template_is_a_family_a_file_or_jinja(value: str, is_path: bool) -> None:
    assert is_template_path(value) is is_path


def test_a_template_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "chat.jinja"
    file.write_text("{{ messages }}")

    assert model(chat_template=str(file)).chat_template == "{{ messages }}"


def test_a_template_file_without_jinja_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "chat.jinja"
    file.write_text("llama-3")

    with pytest.raises(ValidationError, match="holds no Jinja template"):
        model(chat_template=str(file))
