"""The model families: one row of data each, next to one Jinja file in `templates/`.

To support a family, add a row and a file; nothing else in picoserve knows model names. The
control texts and ends of turns are those of the families' published tokenizers; the stop phrases
begin with the ones that Picovoice's own examples pass to the engine.
"""

import re
from pathlib import PurePath
from typing import Final

from picoserve.prompt.family import Family
from picoserve.prompt.tool_text import HERMES, LLAMA

_NAME: Final = r"(?<![a-z])"
_GEMMA_TOKENS: Final = ("<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<pad>")
_GEMMA_3_TOKENS: Final = (*_GEMMA_TOKENS, "<start_of_image>", "<end_of_image>")
_LLAMA_2_TOKENS: Final = ("<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")
_LLAMA_3_TOKENS: Final = (
    *("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"),
    *("<|eot_id|>", "<|eom_id|>", "<|python_tag|>"),
)
_LLAMA_3_STOPS: Final = ("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|start_header_id|>")
_MISTRAL_TOKENS: Final = ("<s>", "</s>", "[INST]", "[/INST]")
_PHI_3_STOPS: Final = ("<|end|>", "<|user|>", "<|assistant|>", "<|endoftext|>")
_PHI_3_TOKENS: Final = (*_PHI_3_STOPS, "<|system|>", "<s>", "</s>")
_CHATML_TOKENS: Final = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
_CHATML_STOPS: Final = ("<|im_end|>", "<|im_start|>", "<|endoftext|>")
_QWEN_SYSTEM: Final = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
_PLAIN_LABELS: Final = ("\nSystem:", "\nUser:", "\nAssistant:")

FAMILIES: Final = (
    Family(
        name="gemma-3",
        file="gemma",
        patterns=(_NAME + r"gemma[-_ ]?3",),
        stop_phrases=("<end_of_turn>", "<start_of_turn>", "<eos>"),
        strip_phrases=_GEMMA_3_TOKENS,
        control_tokens=_GEMMA_3_TOKENS,
        system="none",
        alternates=True,
        reply_lead="\n",
    ),
    Family(
        name="gemma",
        file="gemma",
        patterns=(_NAME + r"gemma",),
        stop_phrases=("<end_of_turn>", "<start_of_turn>", "<eos>"),
        strip_phrases=_GEMMA_TOKENS,
        control_tokens=_GEMMA_TOKENS,
        system="none",
        alternates=True,
        reply_lead="\n",
    ),
    Family(
        name="llama-3.2",
        file="llama-3",
        patterns=(_NAME + r"llama[-_ ]?3[._][1-9]",),
        stop_phrases=_LLAMA_3_STOPS,
        strip_phrases=_LLAMA_3_STOPS,
        control_tokens=_LLAMA_3_TOKENS,
        tool_style=LLAMA,
        has_tool_role=True,
    ),
    Family(
        name="llama-3",
        file="llama-3",
        patterns=(_NAME + r"llama[-_ ]?3(?![.\d])",),
        stop_phrases=_LLAMA_3_STOPS,
        strip_phrases=_LLAMA_3_STOPS,
        control_tokens=_LLAMA_3_TOKENS,
    ),
    Family(
        name="llama-2",
        file="llama-2",
        patterns=(_NAME + r"llama[-_ ]?2(?![.\d])",),
        stop_phrases=("</s>", "[INST]"),
        strip_phrases=("</s>", "<s>"),
        control_tokens=_LLAMA_2_TOKENS,
        system="first",
        alternates=True,
        reply_lead=" ",
    ),
    Family(
        name="mixtral",
        file="mistral",
        patterns=(_NAME + r"mixtral",),
        stop_phrases=("</s>", "[INST]"),
        strip_phrases=("</s>", "<s>"),
        control_tokens=_MISTRAL_TOKENS,
        system="none",
        alternates=True,
        reply_lead=" ",
    ),
    Family(
        name="mistral",
        file="mistral",
        patterns=(_NAME + r"mistral",),
        stop_phrases=("</s>", "[INST]"),
        strip_phrases=("</s>", "<s>"),
        control_tokens=_MISTRAL_TOKENS,
        system="none",
        alternates=True,
        reply_lead=" ",
    ),
    Family(
        name="phi2-chat",
        file="phi2-chat",
        patterns=(),
        stop_phrases=("<|endoftext|>", "\nHuman:"),
        strip_phrases=("<|endoftext|>",),
        control_tokens=("<|endoftext|>", "\nHuman:", "\nAI:"),
        system="none",
        alternates=True,
        reply_lead=" ",
    ),
    Family(
        name="phi2-qa",
        file="phi2-qa",
        patterns=(_NAME + r"phi[-_ ]?2(?![.\d])",),
        stop_phrases=("<|endoftext|>", "\nInstruct:"),
        strip_phrases=("<|endoftext|>",),
        control_tokens=("<|endoftext|>", "\nInstruct:", "\nOutput:"),
        system="none",
        alternates=True,
        reply_lead=" ",
    ),
    Family(
        name="phi3.5",
        file="phi3",
        patterns=(_NAME + r"phi[-_ ]?3[._]5",),
        stop_phrases=_PHI_3_STOPS,
        strip_phrases=_PHI_3_STOPS,
        control_tokens=_PHI_3_TOKENS,
    ),
    Family(
        name="phi3",
        file="phi3",
        patterns=(_NAME + r"phi[-_ ]?3(?![.\d])",),
        stop_phrases=_PHI_3_STOPS,
        strip_phrases=_PHI_3_STOPS,
        control_tokens=_PHI_3_TOKENS,
    ),
    Family(
        name="qwen3-vl",
        file="qwen3-vl",
        patterns=(_NAME + r"qwen[-_ ]?3[-_ ]?vl",),
        stop_phrases=_CHATML_STOPS,
        strip_phrases=_CHATML_STOPS,
        control_tokens=(*_CHATML_TOKENS, "\nUser:", "\nAssistant:"),
        tool_style=HERMES,
        reply_lead="\n\nAssistant: ",
    ),
    Family(
        name="qwen2.5",
        file="chatml",
        patterns=(_NAME + r"qwen[-_ ]?[23](?!\d)",),
        stop_phrases=_CHATML_STOPS,
        strip_phrases=_CHATML_STOPS,
        control_tokens=_CHATML_TOKENS,
        tool_style=HERMES,
        default_system=lambda: _QWEN_SYSTEM,
    ),
    Family(
        name="chatml",
        file="chatml",
        patterns=(),
        stop_phrases=_CHATML_STOPS,
        strip_phrases=_CHATML_STOPS,
        control_tokens=_CHATML_TOKENS,
        tool_style=HERMES,
    ),
    Family(
        name="plain",
        file="plain",
        patterns=(),
        stop_phrases=("\nUser:", "<|endoftext|>", "</s>"),
        strip_phrases=("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>"),
        control_tokens=("<|endoftext|>", "<s>", "</s>", "<eos>", *_PLAIN_LABELS),
        reply_lead=" ",
    ),
)


def family_row_for(model: str) -> Family | None:
    """Find the family of a model string or file name, such as `phi2 [2.90 v1]`; None if unknown.

    Spelling is read tolerantly, because the engine, its files and its documentation disagree:
    `llama3.2-1b-instruct`, `llama-3.2-1b-instruct-385.pllm`. Models that carry a family's name
    inside another word, such as `embeddinggemma`, are not of that family.
    """
    name = PurePath(model.replace("\\", "/")).name.lower()
    for family in FAMILIES:
        if any(re.search(pattern, name) for pattern in family.patterns):
            return family
    return None
