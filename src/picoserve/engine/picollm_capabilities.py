"""What a picoLLM model can do, which the SDK does not tell: its models are named after it."""

import re
from typing import Final

from picoserve.engine.engine import Capability

_BY_TASK: Final = {
    "generate": (Capability.GENERATION,),
    "embed": (Capability.EMBEDDINGS,),
    "vision": (Capability.GENERATION, Capability.VISION),
    "ocr": (Capability.OCR,),
}
# Published so far: embeddinggemma-300m, deepseek-ocr-2, qwen3-vl-2b-it.
_TASK_BY_NAME: Final = (
    (re.compile(r"embedding"), "embed"),
    (re.compile(r"(?<![a-z])ocr(?![a-z])"), "ocr"),
    (re.compile(r"(?<![a-z])(vl|vlm|vision)(?![a-z])"), "vision"),
)


def capabilities_of(task: str, model: str, file_name: str) -> tuple[Capability, ...]:
    """The model's capabilities.

    Args:
        task: What the configuration says, `auto` for what the names tell.
        model: The engine's own name for it.
        file_name: The model file's name, without its ending.
    """
    if task == "auto":
        names = f"{model} {file_name}".lower()
        task = next((task for name, task in _TASK_BY_NAME if name.search(names)), "generate")
    return _BY_TASK[task]
