"""A small chat template in harmony, with the traits of gpt-oss's own.

It writes tools, calls and results itself, drops thoughts once the assistant has spoken, takes one
call per message, ignores system messages behind the first, and joins texts that must be there.
"""

from typing import Final

TEMPLATE: Final = (
    "<|start|>system<|message|>Reasoning: {{ reasoning_effort or 'medium' }}<|end|>"
    "{% if messages[0].role == 'system' %}{% set rest = messages[1:] %}"
    "{% else %}{% set rest = messages %}{% endif %}"
    "{% if rest|length < messages|length or tools %}<|start|>developer<|message|>"
    "{% if rest|length < messages|length %}# Instructions\n{{ messages[0].content }}\n{% endif %}"
    "{% for tool in tools or [] %}// {{ tool.function.description + '\n' }}"
    "type {{ tool.function.name }} = ("
    "{% for name, each in (tool.function.parameters.properties or {}).items() %}"
    "{{ name + (each.description or '') }}"
    "{% if each.enum and each.default is defined %}{{ ' = ' + each.default }}{% endif %};"
    "{% endfor %})\n{% endfor %}<|end|>{% endif %}"
    "{% set last = namespace(name=none) %}"
    "{% for m in rest %}"
    "{% if m.role == 'assistant' and 'tool_calls' in m %}"
    "{% set spoken = namespace(later=false) %}"
    "{% for each in rest[loop.index:] %}"
    "{% if each.role == 'assistant' and 'tool_calls' not in each %}"
    "{% set spoken.later = true %}{% endif %}{% endfor %}"
    "{% if m.content and m.thinking %}{{ raise_exception('content or thinking') }}{% endif %}"
    "{% if (m.content or m.thinking) and not spoken.later %}"
    "<|start|>assistant<|channel|>analysis<|message|>{{ m.content or m.thinking }}<|end|>"
    "{% endif %}"
    "{% set call = m.tool_calls[0].function %}{% set last.name = call.name %}"
    "<|start|>assistant to=functions.{{ call.name }}<|channel|>commentary json<|message|>"
    "{{ call.arguments|tojson }}<|call|>"
    "{% elif m.role == 'assistant' %}{% set last.name = none %}"
    "<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>"
    "{% elif m.role == 'tool' %}"
    "{% if last.name is none %}{{ raise_exception('no call') }}{% endif %}"
    "<|start|>functions.{{ last.name }} to=assistant<|channel|>commentary<|message|>"
    "{{ m.content|tojson }}<|end|>"
    "{% elif m.role == 'user' %}<|start|>user<|message|>{{ m.content }}<|end|>{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}{# <|return|> #}"
)

THOUGHT: Final = "<|channel|>analysis<|message|>%s<|end|><|start|>assistant"
FINAL: Final = "<|channel|>final<|message|>"
CALL: Final = "<|channel|>commentary to=functions.%s <|constrain|>json<|message|>"
CALL_AS_WRITTEN: Final = " to=functions.%s<|channel|>commentary json<|message|>"
