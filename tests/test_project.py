"""What holds of the project as a whole: every part has its test, every text its truth."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from scripts.write_docs import fields_table

from picoserve import errors
from picoserve.cli.commands import COMMANDS
from picoserve.config.example import example_toml
from picoserve.errors import PicoserveError

ROOT: Final = Path(__file__).parent.parent
SOURCE: Final = ROOT / "src" / "picoserve"
SHORTEST_TESTED_LINES: Final = 20

# Modules that are covered through real parts, and where.
TESTED_ELSEWHERE: Final = {
    "__main__.py": "unit/cli/test_commands.py",
    "app/access.py": "api/test_metrics.py",
    "app/banner.py": "api/test_start.py",
    "app/checkup.py": "unit/cli/test_doctor.py",
    "app/config_checks.py": "unit/cli/test_config_check.py",
    "app/context_store.py": "api/test_contexts.py",
    "app/engine_checks.py": "unit/cli/test_doctor.py",
    "app/factory.py": "api/test_health.py",
    "app/findings.py": "unit/cli/test_doctor.py",
    "app/invitation.py": "api/test_start.py",
    "app/limits.py": "api/test_limits.py",
    "app/observing.py": "api/test_metrics.py",
    "app/planning.py": "api/test_models.py",
    "app/running.py": "api/test_reload.py",
    "app/parts.py": "api/test_health.py",
    "app/signals.py": "api/test_start.py",
    "app/serving.py": "api/test_health.py",
    "app/web.py": "api/test_health.py",
    "cli/standard_streams.py": "api/test_start.py",
    "config/telemetry.py": "unit/app/test_tracing.py",
    "constraint/__init__.py": "unit/constraint/test_desk.py",
    "constraint/faults.py": "unit/constraint/test_schema.py",
    "constraint/keywords.py": "unit/constraint/test_schema.py",
    "constraint/limits.py": "unit/constraint/test_schema.py",
    "constraint/verdict.py": "unit/constraint/test_validate.py",
    "engine/child_signals.py": "api/test_reload.py",
    "engine/engine.py": "api/test_chat_json.py",
    "engine/list_devices.py": "api/test_picollm.py",
    "engine/llamacpp.py": "engine/test_llamacpp.py",
    "engine/llamacpp_loading.py": "engine/test_llamacpp_loading.py",
    "engine/llamacpp_run.py": "engine/test_llamacpp.py",
    "engine/llamacpp_socket.py": "engine/test_llamacpp_socket.py",
    "engine/llamacpp_tokens.py": "api/test_tokens.py",
    "engine/picollm.py": "engine/test_picollm_text.py",
    "engine/picollm_bytes.py": "engine/test_picollm_text.py",
    "engine/picollm_creation.py": "api/test_picollm.py",
    "engine/picollm_relay.py": "api/test_vision.py",
    "engine/picollm_errors.py": "engine/test_picollm_errors.py",
    "errors.py": "test_project.py",
    "generation.py": "api/test_chat_json.py",
    "images/confined.py": "unit/images/test_reader.py",
    "images/decoder.py": "unit/images/test_reader.py",
    "images/source.py": "api/test_vision.py",
    "logs.py": "api/test_request_log.py",
    "openai_api/answer.py": "api/test_chat_json.py",
    "openai_api/answer_shapes.py": "api/test_openapi.py",
    "openai_api/chat.py": "api/test_chat_json.py",
    "openai_api/chat_encoder.py": "api/test_chat_stream.py",
    "openai_api/completions.py": "api/test_completions.py",
    "openai_api/completions_encoder.py": "api/test_completions.py",
    "openai_api/contexts.py": "api/test_contexts.py",
    "openai_api/embeddings.py": "api/test_embeddings.py",
    "openai_api/error_body.py": "api/test_chat_stream.py",
    "openai_api/fields.py": "api/test_chat_json.py",
    "openai_api/lists.py": "api/test_hostile_bodies.py",
    "openai_api/logprobs.py": "api/test_chat_json.py",
    "openai_api/messages.py": "api/test_chat_json.py",
    "openai_api/models.py": "api/test_models.py",
    "openai_api/request_body.py": "api/test_chat_json.py",
    "openai_api/sampling.py": "api/test_chat_json.py",
    "openai_api/structured_outputs.py": "unit/prompt/test_reply_plan.py",
    "openai_api/tokens.py": "api/test_tokens.py",
    "openai_api/tools.py": "api/test_chat_json.py",
    "openai_api/usage.py": "api/test_chat_stream.py",
    "openai_api/validation.py": "api/test_completions.py",
    "output/portions.py": "unit/output/test_tagged_thoughts.py",
    "output/stop.py": "api/test_chat_json.py",
    "output/text.py": "api/test_chat_stream.py",
    "output/thoughts.py": "unit/output/test_thinking.py",
    "pipeline/choices.py": "api/test_chat_json.py",
    "pipeline/context_saving.py": "api/test_contexts.py",
    "pipeline/context_use.py": "api/test_contexts.py",
    "pipeline/embeddings.py": "api/test_embeddings.py",
    "pipeline/failures.py": "api/test_chat_stream.py",
    "pipeline/generation.py": "api/test_chat_stream.py",
    "pipeline/outcomes.py": "api/test_embeddings.py",
    "pipeline/plan.py": "api/test_thoughts.py",
    "pipeline/tokens.py": "api/test_tokens.py",
    "pool/deadlines.py": "api/test_vision.py",
    "pool/handle.py": "process/test_workers.py",
    "pool/keeper.py": "process/test_workers.py",
    "pool/lease.py": "api/test_chat_json.py",
    "pool/model_pool.py": "process/test_affinity.py",
    "pool/pool.py": "api/test_chat_json.py",
    "pool/stream.py": "api/test_chat_stream.py",
    "pool/tokenizing.py": "api/test_tokens.py",
    "pool/watch.py": "process/test_supervision.py",
    "prompt/chat.py": "api/test_chat_json.py",
    "prompt/image.py": "api/test_vision.py",
    "prompt/ocr.py": "api/test_vision.py",
    "prompt/limits.py": "api/test_picollm.py",
    "prompt/sampling.py": "api/test_chat_json.py",
    "prompt/served_model.py": "api/test_models.py",
    "pool/warm_up.py": "api/test_warm_up.py",
    "prompt/text.py": "api/test_chat_json.py",
    "prompt/turns_from_chat.py": "api/test_chat_json.py",
    "prompt/warm_up.py": "api/test_warm_up.py",
    "server/answering.py": "api/test_chat_json.py",
    "server/acceptance.py": "api/test_drain.py",
    "server/auth/access.py": "api/test_auth.py",
    "server/auth/livekit.py": "api/test_auth.py",
    "server/auth/middleware.py": "api/test_auth.py",
    "server/body.py": "api/test_chat_json.py",
    "server/chat_preparation.py": "api/test_structured.py",
    "server/connections/metrics.py": "api/test_connections.py",
    "server/connections/protocol.py": "api/test_connections.py",
    "server/connections/refusals.py": "api/test_connections.py",
    "server/connections/unframed.py": "api/test_http_dialects.py",
    "server/context_lookup.py": "api/test_contexts.py",
    "server/disconnect.py": "api/test_waiting.py",
    "server/direct_route.py": "api/test_chat_json.py",
    "server/error_responses.py": "api/test_chat_stream.py",
    "server/limits/middleware.py": "api/test_limits.py",
    "server/loop_metrics.py": "api/test_metrics.py",
    "server/metrics.py": "api/test_metrics.py",
    "server/model_lookup.py": "api/test_models.py",
    "server/pool_metrics.py": "api/test_metrics.py",
    "server/openapi/description.py": "api/test_openapi.py",
    "server/openapi/document.py": "api/test_openapi.py",
    "server/openapi/health_shapes.py": "api/test_openapi.py",
    "server/openapi/operations.py": "api/test_openapi.py",
    "server/openapi/page.py": "api/test_openapi.py",
    "server/placement.py": "api/test_waiting.py",
    "server/read_route.py": "api/test_health.py",
    "server/routes/chat.py": "api/test_chat_json.py",
    "server/routes/completions.py": "api/test_completions.py",
    "server/routes/contexts.py": "api/test_contexts.py",
    "server/routes/description.py": "api/test_openapi.py",
    "server/routes/embeddings.py": "api/test_embeddings.py",
    "server/routes/health.py": "api/test_health.py",
    "server/routes/models.py": "api/test_models.py",
    "server/routes/tokens.py": "api/test_tokens.py",
    "server/sse.py": "api/test_chat_stream.py",
    "server/state.py": "api/test_health.py",
    "server/unknown_fields.py": "api/test_chat_json.py",
    "tracing/attributes.py": "api/test_tracing.py",
    "tracing/clock.py": "api/test_tracing.py",
    "tracing/trace.py": "api/test_tracing.py",
    "tracing/tracer.py": "api/test_tracing.py",
    "worker/__main__.py": "api/test_health.py",
    "worker/jobs.py": "api/test_chat_json.py",
    "worker/messages.py": "api/test_chat_json.py",
    "worker/process.py": "process/test_worker_pipe.py",
    "constraint/plan.py": "unit/prompt/test_reply_plan.py",
    "constraint/finding.py": "unit/constraint/test_validate.py",
    "constraint/schema_check.py": "unit/constraint/test_validate.py",
    "output/content.py": "unit/output/test_document.py",
    "output/document_tokens.py": "unit/output/test_document.py",
    "output/final_check.py": "unit/output/test_held_document.py",
    "output/open_call.py": "unit/output/test_tool_calls.py",
    "output/parts.py": "unit/output/test_tool_calls.py",
    "output/reply.py": "unit/output/test_tool_calls.py",
}


def modules_without_a_test() -> Iterator[str]:
    """Source modules that neither the mirror nor the table above covers."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE)
        if len(path.read_text(encoding="utf-8").splitlines()) < SHORTEST_TESTED_LINES:
            continue
        mirror = ROOT / "tests" / "unit" / module.parent / f"test_{module.name.strip('_')}"
        if not mirror.is_file() and module.as_posix() not in TESTED_ELSEWHERE:
            yield module.as_posix()


def error_classes(parent: type[PicoserveError] = PicoserveError) -> Iterator[type[PicoserveError]]:
    """The whole tree, from its root."""
    yield parent
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from error_classes(child)


def test_every_module_has_a_test() -> None:
    assert list(modules_without_a_test()) == []


@pytest.mark.parametrize("module", sorted(TESTED_ELSEWHERE))
def test_what_is_said_of_tests_elsewhere_is_true(module: str) -> None:
    assert (SOURCE / module).is_file()
    assert (ROOT / "tests" / TESTED_ELSEWHERE[module]).is_file()


def test_the_example_configuration_is_current() -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")

    assert text == example_toml(), "`make example` writes it"


def test_the_table_of_fields_in_the_readme_is_current() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert fields_table() in text, "`make example` writes it"


def test_every_error_stands_in_the_tree() -> None:
    tree = errors.__doc__ or ""

    missing = [kind.__name__ for kind in error_classes() if f" {kind.__name__} " not in tree]

    assert missing == []


def test_every_error_says_when_it_is_raised() -> None:
    assert [kind.__name__ for kind in error_classes() if not kind.__doc__] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_commands_in_the_documents_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    code = re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)

    named = {
        call for part in code for call in re.findall(r"\bpicoserve ([a-z]+(?: [a-z]+)?)", part)
    }

    assert [call for call in named if not {call, call.split()[0]} & COMMANDS.keys()] == []


def test_files_that_the_documents_link_to_exist() -> None:
    for document in ROOT.glob("*.md"):
        links = re.findall(r"\]\(([^):#]+)\)", document.read_text(encoding="utf-8"))
        assert [link for link in links if not (ROOT / link).exists()] == [], document.name


def test_files_that_the_documents_link_to_are_in_the_source_distribution() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    included = build["targets"]["sdist"]["include"]

    assert all(pattern.startswith("/") for pattern in included), "else it is found in any folder"
    packed = {path for pattern in included for path in ROOT.glob(pattern[1:])}
    for document in packed & {*ROOT.glob("*.md")}:
        links = re.findall(r"\]\(([^):#]+)\)", document.read_text(encoding="utf-8"))
        assert [n for n in links if not packed & {ROOT / n, *(ROOT / n).parents}] == []


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    for document in ROOT.glob("*.md"):
        named = set(re.findall(r"`make ([a-z]+)`", document.read_text(encoding="utf-8")))
        assert named <= targets, document.name


def test_the_entry_point_imports_nothing() -> None:
    code = "import sys, picoserve.__main__; print(*{m.partition('.')[0] for m in sys.modules})"

    result = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    loaded = set(result.stdout.split())
    assert not loaded & {"typer", "click", "rich", "pydantic", "fastapi", "uvicorn", "jinja2"}
    assert "picoserve" in loaded


@pytest.mark.parametrize("command", ["--help", "version", "config example", "models"])
def test_a_light_command_loads_no_web_framework(command: str) -> None:
    code = (
        f"import sys; sys.argv = ['picoserve', *{command.split()!r}]\n"
        "from picoserve.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(*{m.partition('.')[0] for m in sys.modules})"
    )

    result = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    loaded = set(result.stdout.splitlines()[-1].split())
    assert "typer" in loaded
    assert not loaded & {"fastapi", "starlette", "uvicorn", "xllamacpp", "picollm"}
