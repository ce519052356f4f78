"""The shipped model, unable to end an answer before its token limit.

Contestants with different llama.cpp builds may not agree on when an answer ends. Without its end
mark the model says exactly as many tokens as it is asked for, at the speed of the original.
"""

from pathlib import Path
from typing import Final

import numpy as np
from gguf import GGUFReader

_EMBEDDING: Final = "token_embd.weight"
_END_KEY: Final = "tokenizer.ggml.eos_token_id"


def write_endless_model(source: Path, target: Path) -> Path:
    """Copy a GGUF file whose output weights are its token embeddings, without the end mark.

    The mark's row becomes zero: its logit is 0, and that of the likeliest token is larger.
    """
    target.write_bytes(source.read_bytes())
    reader = GGUFReader(target, "r+")
    end = reader.fields[_END_KEY]
    row = int(end.parts[end.data[0]][0])
    (embedding,) = (tensor for tensor in reader.tensors if tensor.name == _EMBEDDING)
    embedding.data[row] = np.zeros_like(embedding.data[row])
    reader.data.flush()
    return target
