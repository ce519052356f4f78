"""Model names as the engines, their files and their documentation spell them."""

from collections import Counter
from importlib import resources

import pytest

from picoserve.prompt.families import FAMILIES, family_row_for


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("phi2 [2.90 v1]", "phi2-qa"),
        ("phi2-290.pllm", "phi2-qa"),
        ("phi-2", "phi2-qa"),
        ("phi3", "phi3"),
        ("Phi-3-mini-4k-instruct", "phi3"),
        ("phi3.5 [3.10 v1]", "phi3.5"),
        ("phi-3.5-mini-instruct", "phi3.5"),
        ("llama3.2-1b-instruct", "llama-3.2"),
        ("llama-3.2-1b-instruct-385", "llama-3.2"),
        ("/models/Llama-3.2-1B-Instruct-Q4_K_M.gguf", "llama-3.2"),
        ("Meta-Llama-3.1-8B-Instruct", "llama-3.2"),
        ("llama-3-8b", "llama-3"),
        ("llama-3-8b-instruct-326", "llama-3"),
        ("llama-3-70b-instruct [3.00 v2]", "llama-3"),
        ("llama-2-7b-chat", "llama-2"),
        ("llama-2-70b-chat", "llama-2"),
        ("mistral-7b", "mistral"),
        ("mistral-7b-instruct-v0.1-225", "mistral"),
        ("mistral-7b-instruct-v0.2", "mistral"),
        ("mixtral-8x7b-instruct-v0.1", "mixtral"),
        ("gemma-2b-it", "gemma"),
        ("gemma-7b-it-379.pllm", "gemma"),
        ("gemma-3-270m-it", "gemma-3"),
        ("GEMMA3-270m", "gemma-3"),
        ("qwen2.5-500m-it-590", "qwen2.5"),
        ("qwen-2.5-500m-instruct", "qwen2.5"),
        ("Qwen2-1.5B-Instruct", "qwen2.5"),
        ("qwen3-vl-2b-it-537", "qwen3-vl"),
    ],
)
def test_models_find_their_family(model: str, family: str) -> None:
    found = family_row_for(model)

    assert found is not None
    assert found.name == family


@pytest.mark.parametrize(
    "model", ["embeddinggemma-300m-137", "deepseek-ocr-2-310", "codellama-7b", "tinyllama", "x", ""]
)
def test_other_models_have_no_family(model: str) -> None:
    assert family_row_for(model) is None


def test_every_row_has_a_name_of_its_own_and_a_file() -> None:
    files = {
        file.name.removesuffix(".jinja")
        for file in (resources.files("picoserve.prompt") / "templates").iterdir()
    }

    assert max(Counter(row.name for row in FAMILIES).values()) == 1
    assert {row.file for row in FAMILIES} == files
