"""`picoserve doctor` on good and bad installations."""

import socket
from pathlib import Path

import pytest
from tests.standin.model_script import ModelScript, Reply, Status, read_journal
from tests.support.command_line import picoserve
from tests.support.models import ACCESS_KEY, file_with_template, standin_model, tiny_model
from tests.support.server import running_server


def examined(
    library: Path, folder: Path, script: ModelScript, *, key: bool = True, text: str = ""
) -> tuple[int, str]:
    file = folder / "picoserve.toml"
    file.write_text(standin_model(library, folder, script) + text)
    environment = ACCESS_KEY if key else {}
    result = picoserve("doctor", "--config", str(file), environment=environment)
    output = result.stdout + result.stderr
    assert ACCESS_KEY["PICOVOICE_ACCESS_KEY"] not in output
    assert "Traceback" not in output
    return result.returncode, output


def test_shipped_model_passes() -> None:
    result = picoserve("doctor")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "Everything works." in result.stdout
    assert "tokens/s" in result.stdout
    assert "driver: " in result.stdout
    assert "no model is configured: picoLLM was not looked at" in result.stdout
    assert "--model" in result.stdout


def test_a_template_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path) -> None:
    path = file_with_template(tmp_path, "{{ 'Functions: ' + functions }}")

    output = picoserve("doctor", "--model", str(path)).stdout

    assert "template: the file's own cannot be used (The chat template failed: 'functions' is" in (
        " ".join(output.split())
    )
    assert "'plain' is" in output


def test_working_picollm_model_passes(standin_library: Path, tmp_path: Path) -> None:
    script = ModelScript(
        model="qwen-2.5-500m-instruct [5.90 v1]",
        tokens_per_second=400,
        prefill_tokens_per_second=20_000,
        context_length=4096,
        journal="journal",
        replies=[Reply(count=1000)],
    )
    contexts = '[contexts]\nfolder = "contexts"\n'
    status, output = examined(standin_library, tmp_path, script, text=contexts)

    assert status == 0, output
    for line in (
        "platform: Linux",
        "package: picollm",
        "driver: ",
        "AccessKey: there is one; whether it is valid shows when a model starts",
        "saved contexts: the start makes the folder",
        "pico: file: pico.pllm",
        "pico: devices: cpu:1",
        "on cpu:1 with picollm 2.1.0, loaded in",
        "pico: template: 'qwen",
        "tokens/s",
        "pico: interrupt:",
        "pico: context cache:",
    ):
        assert line in output
    assert "times as fast" in output
    assert "was not looked at" not in output
    assert len(read_journal(tmp_path / "journal", "init")) == 1


def test_working_embedding_model_passes(standin_library: Path, tmp_path: Path) -> None:
    script = ModelScript(model="embeddinggemma-300m [1.37 v1]", generate=False, embeddings=24)
    status, output = examined(standin_library, tmp_path, script)

    assert status == 0, output
    assert "embedding: 24 numbers" in output


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (ModelScript(init_status=Status.ACTIVATION_LIMIT_REACHED), "Console"),
        (ModelScript(access_key="another"), "AccessKey is not valid"),
        (ModelScript(init_crash=True, journal="journal"), "died"),
        (ModelScript(replies=[Reply(count=5, crash_after=1)]), "the worker died"),
        (ModelScript(replies=[Reply(text="")]), "answered nothing"),
        (ModelScript(file_version="1.0"), "version"),
    ],
)
def test_failure_is_named_with_what_to_do(
    standin_library: Path, tmp_path: Path, script: ModelScript, words: str
) -> None:
    status, output = examined(standin_library, tmp_path, script)

    assert status == 1
    assert "FAIL" in output
    assert words in output
    assert "->" in output


def test_missing_key_and_gpu_are_found(standin_library: Path, tmp_path: Path) -> None:
    path = tmp_path / "pico.pllm"
    more = (
        f'[contexts]\nfolder = "{path}"\n'
        f'[[models]]\nname = "g"\nengine = "picollm"\npath = "{path}"\ndevices = "gpu"\n'
        f'library_path = "{standin_library}"\n'
        '[[models]]\nname = "gone"\nengine = "picollm"\npath = "gone.pllm"\ndevices = ["cpu:1"]\n'
        f'[[models]]\nname = "long"\nengine = "picollm"\npath = "{"x" * 300}"\ndevices = "cpu:1"\n'
    )
    status, output = examined(standin_library, tmp_path, ModelScript(), key=False, text=more)

    assert status == 1
    assert "PICOVOICE_ACCESS_KEY" in output
    assert "R575" in output
    assert "gone.pllm' cannot be read: No such file or directory" in output
    assert "xxx' cannot be read: File name too long" in output
    assert "FAIL  saved contexts: contexts.folder" in output


@pytest.mark.parametrize(
    ("text", "variables", "check"),
    [
        ('[auth]\nkey_file = "nope.txt"\n', {}, "API keys"),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
         "traces"),
        ('access_key_file = "nope.txt"\n', {}, "AccessKey"),
        ("", {}, "bad: chat_template"),
    ],
)  # fmt: skip
def test_what_config_check_refuses_is_a_failure_among_the_others(
    tmp_path: Path, text: str, variables: dict[str, str], check: str
) -> None:
    file = tmp_path / "picoserve.toml"
    template = "bogus" if check == "bad: chat_template" else "llama-3"
    engine = "picollm" if check == "AccessKey" else "llamacpp"
    bad, last = (
        f'[[models]]\nname = "{name}"\nengine = "{engine}"\npath = "."\ndevices = ["cpu:1"]\n'
        f'chat_template = "{template}"\n'
        for name, engine, template in (("bad", engine, template), ("last", "llamacpp", "llama-3"))
    )
    file.write_text(text + bad + last)

    refused = picoserve("config", "check", "--config", str(file), environment=variables)
    result = picoserve("doctor", "--config", str(file), environment=variables)

    assert refused.returncode == 2
    assert result.returncode == 1, result.stderr
    assert f"FAIL  {check}: " in result.stdout
    assert "last: file" in result.stdout


def test_a_port_that_is_taken_is_a_failure_unless_picoserve_answers_there(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text(tiny_model(path=tmp_path / "gone.gguf"))
    no_model = ("--config", str(file))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        variables = {"PICOSERVE_SERVER__PORT": str(other.getsockname()[1])}
        taken = picoserve("doctor", *no_model, environment=variables)
    with running_server(tmp_path, tiny_model()) as server:
        variables = {"PICOSERVE_SERVER__PORT": str(server.port)}
        served = picoserve("doctor", *no_model, environment=variables)

    assert "FAIL  address: server.port: cannot listen on 127.0.0.1 port" in taken.stdout
    assert f"note  address: picoserve answers on 127.0.0.1 port {server.port}" in served.stdout


@pytest.mark.parametrize("model", ["qwen3-vl-2b-it [5.37 v1]", "deepseek-ocr-2 [3.10 v1]"])
def test_model_that_takes_images_is_shown_one(
    standin_library: Path, tmp_path: Path, model: str
) -> None:
    script = ModelScript(
        model=model, vision="vl" in model, ocr="ocr" in model, generate=False,
        replies=[Reply(count=2000, tokens_per_second=500)],
    )  # fmt: skip
    status, output = examined(standin_library, tmp_path, script)

    assert status == 0, output
    assert "tokens about a grey picture" in output
    assert ("interrupt:" in output) == ("vl" in model)
