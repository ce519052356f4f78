"""The network: a small llama-architecture transformer, written for clarity.

Layer for layer the same arithmetic as llama.cpp's `llama` graph: RMSNorm before each block,
rotary positions on neighbouring pairs, SwiGLU, and an output matrix tied to the embedding.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

QUERY_BLOCK: Final = 256


@dataclass(frozen=True)
class ModelShape:
    """The sizes that define the network; they are written into the GGUF as well."""

    vocabulary: int = 2048
    width: int = 256
    layers: int = 5
    heads: int = 4
    hidden: int = 640
    context: int = 4096
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """The width of one attention head."""
        return self.width // self.heads


def rotary_tables(shape: ModelShape, length: int) -> tuple[Tensor, Tensor]:
    """The cosines and sines for the first `length` positions, one column per pair."""
    pairs = torch.arange(0, shape.head_width, 2, dtype=torch.float32) / shape.head_width
    angles = torch.outer(torch.arange(length, dtype=torch.float32), shape.rope_base**-pairs)
    return angles.cos(), angles.sin()


def rotate(values: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn each neighbouring pair of `values` (batch, heads, length, width) by its angle."""
    even, odd = values[..., 0::2], values[..., 1::2]
    turned = torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), dim=-1)
    return turned.flatten(-2).to(values.dtype)


def causal_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend to the positions before; each argument is (batch, heads, length, width).

    On a CPU the queries go in blocks of 256 as plain matrix products in the layers' own type:
    PyTorch's kernel for CPUs takes 1.5 to 3 times as long for rows of 170 to 960 tokens.
    """
    if query.device.type != "cpu":
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    length, width = query.shape[-2:]
    flat = [item.reshape(-1, length, width) for item in (query, key, value)]
    mixed = []
    for begin in range(0, length, QUERY_BLOCK):
        end = min(begin + QUERY_BLOCK, length)
        mask = query.new_full((end - begin, end), -torch.inf).triu(begin + 1)
        scores = torch.baddbmm(
            mask.expand(len(flat[0]), -1, -1),
            flat[0][:, begin:end],
            flat[1][:, :end].transpose(-1, -2),
            alpha=width**-0.5,
        )
        mixed.append(torch.bmm(scores.softmax(-1), flat[2][:, :end]))
    return torch.cat(mixed, 1).view(query.shape)


class Attention(nn.Module):
    """Causal self-attention with rotary positions."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.width, shape.width, bias=False)
        self.key = nn.Linear(shape.width, shape.width, bias=False)
        self.value = nn.Linear(shape.width, shape.width, bias=False)
        self.output = nn.Linear(shape.width, shape.width, bias=False)

    @override
    def forward(self, hidden: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        """Mix each position with the ones before it."""
        batch, length, width = hidden.shape
        heads = (batch, length, self.heads, width // self.heads)
        query = rotate(self.query(hidden).view(heads).transpose(1, 2), cosines, sines)
        key = rotate(self.key(hidden).view(heads).transpose(1, 2), cosines, sines)
        value = self.value(hidden).view(heads).transpose(1, 2)
        mixed = causal_attention(query, key, value)
        output: Tensor = self.output(mixed.transpose(1, 2).reshape(batch, length, width))
        return output


class FeedForward(nn.Module):
    """The gated SwiGLU block."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        """Transform each position on its own."""
        transformed: Tensor = self.down(functional.silu(self.gate(hidden)) * self.up(hidden))
        return transformed


class Layer(nn.Module):
    """One attention block and one feed-forward block, each with its norm and residual."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        self.attention = Attention(shape)
        self.feed_forward_norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        self.feed_forward = FeedForward(shape)

    @override
    def forward(self, hidden: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        """Run both blocks."""
        mixed: Tensor = hidden + self.attention(self.attention_norm(hidden), cosines, sines)
        transformed: Tensor = mixed + self.feed_forward(self.feed_forward_norm(mixed))
        return transformed


class TinyModel(nn.Module):
    """The whole network, from token numbers to logits."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        self._initialise()

    def _initialise(self) -> None:
        nn.init.normal_(self.embedding.weight, std=0.02)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2 and "embedding" not in name:
                nn.init.normal_(parameter, std=self.shape.width**-0.5)
            if name.endswith(("output.weight", "down.weight")):
                nn.init.zeros_(parameter)

    def hidden_states(self, tokens: Tensor) -> Tensor:
        """The normed state after the last layer, for every position."""
        cosines, sines = rotary_tables(self.shape, tokens.shape[1])
        cosines, sines = cosines.to(tokens.device), sines.to(tokens.device)
        hidden = self.embedding(tokens)
        if torch.is_autocast_enabled(tokens.device.type):
            hidden = hidden.bfloat16()
            cosines, sines = cosines.bfloat16(), sines.bfloat16()
        for layer in self.layers:
            hidden = layer(hidden, cosines, sines)
        normed: Tensor = self.norm(hidden)
        return normed

    @override
    def forward(self, tokens: Tensor) -> Tensor:
        """The logits for every position."""
        return functional.linear(self.hidden_states(tokens), self.embedding.weight)
