"""Every field of OpenAI's current chat completions request, and what happens to it here.

The one table: the request handling, the README and the tests read it. Source: OpenAI's OpenAPI
description 2.3.0, CreateChatCompletionRequest.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Treatment(StrEnum):
    """What happens to a field."""

    HONOURED = "honoured"
    REJECTED = "rejected"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Field:
    """One request field and what a caller should know of it."""

    name: str
    treatment: Treatment
    note: str = ""


_H, _R, _I = Treatment.HONOURED, Treatment.REJECTED, Treatment.IGNORED

CHAT_FIELDS: Final = (
    Field("model", _H, "a configured name or alias; 404 otherwise"),
    Field("messages", _H, "all roles, in any order; text, refusal and image parts; at most 4096"),
    Field("stream", _H),
    Field("stream_options", _H, "`include_usage`; `include_obfuscation` is ignored"),
    Field("max_tokens", _H),
    Field("max_completion_tokens", _H, "wins over `max_tokens`"),
    Field("temperature", _H, "default 1, or the model entry's"),
    Field("top_p", _H, "0 is taken as the smallest share, so only the likeliest token"),
    Field("presence_penalty", _H, "picoLLM: not below 0, counted anew after a repair"),
    Field("frequency_penalty", _H, "picoLLM: not below 0, counted anew after a repair"),
    Field(
        "seed",
        _H,
        "same seed, same text; llama.cpp's may differ beside other jobs or with `cached_tokens`",
    ),
    Field("stop", _H, "up to 4 phrases, never shown; ignored where it would cut a form"),
    Field("n", _H, "each choice is a job of its own"),
    Field(
        "logprobs",
        _H,
        "of the content; calls have none; llama.cpp: characters of several tokens stand as one",
    ),
    Field("top_logprobs", _H, "0 to 20, needs `logprobs`"),
    Field("service_tier", _H, "`priority` and `flex` choose the class in the line"),
    Field("priority", _H, "not OpenAI's: below 0 goes first, above 0 last"),
    Field("timings", _H, "not OpenAI's: the answer's last part tells where the time went"),
    Field("response_format", _H, "`text`, `json_object` with or without `schema`, `json_schema`"),
    Field("tools", _H, "functions, `strict` or not; custom tools are rejected"),
    Field("tool_choice", _H, "`none`, `auto`, `required`, a function or `allowed_tools`"),
    Field("parallel_tool_calls", _H, "`functions` come one at a time: `true` is ignored there"),
    Field("functions", _H, "the form before `tools`; not beside them"),
    Field("function_call", _H, "the form before `tool_choice`; goes with `functions`"),
    Field(
        "structured_outputs",
        _H,
        "vLLM's: one of `json`, `regex`, `choice`, `grammar` (Lark), `json_object`; "
        "`structural_tag` is rejected",
    ),
    Field("guided_json", _H, "vLLM's; also `guided_regex`, `guided_choice`, `guided_grammar`"),
    Field("guided_regex", _H),
    Field("guided_choice", _H),
    Field("guided_grammar", _H),
    Field("json_schema", _H, "llama.cpp's: as `guided_json`"),
    Field("regex", _H, "SGLang's: as `guided_regex`"),
    Field("grammar", _R, "unless empty: GBNF is not read here; `guided_grammar` takes Lark"),
    Field("ebnf", _R, "unless empty: not read here; `guided_grammar` takes Lark"),
    Field("logit_bias", _R, "unless empty: no engine here takes it"),
    Field("modalities", _R, 'unless `["text"]`'),
    Field("audio", _R, "no engine here speaks"),
    Field("web_search_options", _R, "nothing here searches the web"),
    Field("prompt_cache_key", _H, "names a saved context; else it breaks ties between engines"),
    Field("prompt_cache_options", _I),
    Field("prompt_cache_retention", _I),
    Field("user", _H, "breaks ties between engines where there is no `prompt_cache_key`"),
    Field("safety_identifier", _I),
    Field("metadata", _I),
    Field("store", _I, "nothing is stored"),
    Field("prediction", _I),
    Field(
        "reasoning_effort",
        _H,
        "by models that think: `none` and `minimal` switch it off (gpt-oss: `low`), others on; the "
        "template's own levels, where it has some; else ignored, as is a level where nothing tells "
        "thoughts from the reply",
    ),
    Field(
        "chat_template_kwargs",
        _H,
        "vLLM's: `enable_thinking`, and single values for what else the template reads; "
        "those that it does not read are ignored",
    ),
    Field("verbosity", _I),
    Field("moderation", _I, "but for the mode `block`, which is rejected: nothing here moderates"),
)

KNOWN_FIELDS: Final = frozenset(field.name for field in CHAT_FIELDS)
