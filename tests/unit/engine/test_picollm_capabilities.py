"""What picoLLM models can do, by their names or by configuration."""

import pytest

from picoserve.engine.picollm_capabilities import capabilities_of


@pytest.mark.parametrize(
    ("model", "file_name", "expected"),
    [
        ("phi2 [2.90 v1]", "phi2-290", ["generation"]),
        ("llama-3.2-1b-instruct [3.85 v1]", "evl-socrates", ["generation"]),
        ("embeddinggemma-300m [1.37 v1]", "m", ["embeddings"]),
        ("m", "embeddinggemma-300m-137", ["embeddings"]),
        ("qwen3-vl-2b-it [5.37 v1]", "m", ["generation", "vision"]),
        ("Qwen3VL-2b", "m", ["generation", "vision"]),
        ("m", "qwen3-vl-2b-it-329", ["generation", "vision"]),
        ("llama-3.2-vision", "m", ["generation", "vision"]),
        ("deepseek-ocr-2 [3.10 v1]", "m", ["ocr"]),
        ("m", "deepseek-ocr-2-310", ["ocr"]),
    ],
)
def test_name_tells_what_a_model_can_do(model: str, file_name: str, expected: list[str]) -> None:
    assert list(capabilities_of("auto", model, file_name)) == expected


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("generate", ["generation"]),
        ("embed", ["embeddings"]),
        ("vision", ["generation", "vision"]),
        ("ocr", ["ocr"]),
    ],
)
def test_configuration_goes_before_the_name(task: str, expected: list[str]) -> None:
    assert list(capabilities_of(task, "qwen3-vl-2b-it", "deepseek-ocr-2")) == expected
