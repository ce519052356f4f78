"""Write a checkpoint as a GGUF file that llama.cpp runs."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from picoserve_tiny.model import ModelShape, TinyModel
from picoserve_tiny.prompt import TEMPLATE
from picoserve_tiny.tokenizer import CONTROL

NAME: Final = "picoserve-tiny"
CONTEXT: Final = 2048
_LAYER_TENSORS: Final = {
    "attention_norm": "attn_norm",
    "attention.query": "attn_q",
    "attention.key": "attn_k",
    "attention.value": "attn_v",
    "attention.output": "attn_output",
    "feed_forward_norm": "ffn_norm",
    "feed_forward.gate": "ffn_gate",
    "feed_forward.up": "ffn_up",
    "feed_forward.down": "ffn_down",
}


def tensor_name(parameter: str) -> str:
    """The name that llama.cpp has for one of our parameters."""
    if parameter == "embedding.weight":
        return "token_embd.weight"
    if parameter == "norm.weight":
        return "output_norm.weight"
    _, layer, rest = parameter.split(".", 2)
    return f"blk.{layer}.{_LAYER_TENSORS[rest.removesuffix('.weight')]}.weight"


def _add_shape(writer: gguf.GGUFWriter, shape: ModelShape, context: int) -> None:
    writer.add_name(NAME)
    writer.add_description("A tiny demo chat model for picoserve.")
    writer.add_license("Apache-2.0")
    writer.add_context_length(context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    saved: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([piece for piece, _ in pieces])
    writer.add_token_types(
        [
            gguf.TokenType.CONTROL if piece in CONTROL else gguf.TokenType.NORMAL
            for piece, _ in pieces
        ]
    )
    writer.add_token_merges([" ".join(merge) for merge in saved["merges"]])
    numbers = tokenizer.get_vocab()
    end_of_text, _, end_of_message = (numbers[token] for token in CONTROL)
    writer.add_bos_token_id(end_of_text)
    writer.add_eos_token_id(end_of_message)
    writer.add_eot_token_id(end_of_message)
    writer.add_pad_token_id(end_of_text)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)


def _add_tensors(writer: gguf.GGUFWriter, weights: dict[str, Tensor]) -> None:
    for parameter, value in weights.items():
        data = value.float().cpu().numpy().astype(np.float32)
        if data.ndim == 1:
            writer.add_tensor(tensor_name(parameter), data)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(
                tensor_name(parameter), gguf.quants.quantize(data, kind), raw_dtype=kind
            )


def read_weights(path: Path, shape: ModelShape) -> dict[str, Tensor]:
    """The weights of a GGUF that `export` wrote, under our own names, as 32-bit floats.

    Raises:
        KeyError: The file lacks a tensor that a model of this shape has.
    """
    held = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    weights: dict[str, Tensor] = {}
    for parameter in TinyModel(shape).state_dict():
        tensor = held[tensor_name(parameter)]
        data = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        weights[parameter] = torch.from_numpy(data.astype(np.float32))
    return weights


def export(checkpoint: Path, tokenizer: Path, output: Path, context: int = CONTEXT) -> None:
    """Write the averaged weights of a checkpoint; the file appears whole or not at all."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    unfinished = output.with_suffix(".part")
    writer = gguf.GGUFWriter(unfinished, "llama")
    _add_shape(writer, ModelShape(**state["shape"]), context)
    _add_tokenizer(writer, Tokenizer.from_file(str(tokenizer)))
    _add_tensors(writer, state["average"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(output)


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--context", type=int, default=CONTEXT)
    options = parser.parse_args()
    export(options.checkpoint, options.tokenizer, options.output, options.context)


if __name__ == "__main__":
    main()
