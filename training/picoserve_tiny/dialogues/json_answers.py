"""Short JSON answers: keys from a schema, values from what the user says."""

import json
from typing import Any

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import setting
from picoserve_tiny.source import Source

_SCHEMA = (
    "[Answer|Reply|Respond] [only |]in JSON [with|using|that matches] this schema: {schema}",
    "[Answer|Reply|Respond] with [a |]JSON [object |]that follows this JSON schema:\n{schema}",
    "[Return|Write|Give|Output] JSON [for|matching] this schema: {schema}",
    "Your answer must be JSON [and match|matching] this schema:\n{schema}",
    "Output format: JSON. Schema: {schema}",
    "[Fill|Use] this JSON schema: {schema}",
    "Extract the data as JSON. Schema: {schema}",
)
_KEYS = (
    "[Answer|Reply|Respond] [only |]in JSON with the keys {keys}.",
    "[Return|Write|Give me] a JSON object with {keys}.",
    "JSON with keys {keys}[.|, please.]",
    "[Extract|Collect] {keys} as JSON.",
    "Output JSON. Keys: {keys}.",
    "Use JSON with the fields {keys}.",
    "[Make|Create] JSON with [the fields|these keys]: {keys}.",
)
_TELL = (
    "{clauses}[.|]",
    "[Hi|Hello|Hey], {clauses}[.|]",
    "[Here is|This is] the data: {clauses}[.|]",
    "[Note that|I can tell you that|You should know that] {clauses}[.|]",
    "[Text|Input|Data]: {clauses}[.|]",
    "[Please write down|Take this]: {clauses}[.|]",
    "We know that {clauses}[.|]",
)
_NAMES = ("name", "city", "age", "colour", "animal", "price", "day", "answer", "title", "food")


def _field(source: Source) -> tuple[str, object, str]:
    """A key, its value, and the JSON type of it."""
    key = source.pick(
        (source.pick(_NAMES), source.word(), source.pick_word(lists.THINGS),
         f"{source.pick(lists.ADJECTIVES)}_{source.pick_word(lists.THINGS)}")
    )  # fmt: skip
    if key in {"age", "price"} or source.chance(0.25):
        return key, source.number(0, 999), source.pick(("integer", "number"))
    if source.chance(0.08):
        return key, source.chance(0.5), "boolean"
    return key, source.value(), "string"


def _fields(source: Source) -> tuple[dict[str, object], dict[str, Any]]:
    data: dict[str, object] = {}
    properties: dict[str, Any] = {}
    for _ in range(source.pick((1, 2, 2, 3, 4))):
        key, value, kind = _field(source)
        data[key] = value
        properties[key] = {"type": kind}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if source.chance(0.7):
        schema["required"] = list(properties)
    if source.chance(0.3):
        schema["additionalProperties"] = False
    return data, schema


def _clauses(source: Source, data: dict[str, object]) -> str:
    verb = source.pick(("is", "is", "is", "="))
    article = source.pick(("the ", "my ", "the ", ""))
    told = []
    for key, value in data.items():
        shown = str(value).lower() if isinstance(value, bool) else value
        told.append(f"{article}{key.replace('_', ' ')} {verb} {shown}")
    if source.chance(0.4):
        source.random.shuffle(told)
    joint = source.pick((" and ", ", ", ", "))
    return joint.join(told)


def generate(source: Source) -> Conversation:
    """Data in words turned into JSON."""
    conversation = Conversation(source, "JSON for a schema")
    data, schema = _fields(source)
    if source.chance(0.65):
        wish = source.expand(source.pick(_SCHEMA)).format(schema=json.dumps(schema))
    else:
        wish = source.expand(source.pick(_KEYS)).format(keys=_listed(source, list(data)))
    told = source.phrase(_TELL, clauses=_clauses(source, data))
    if source.chance(0.3):
        setting.introduce(conversation, personas=0.2, styles=0.0)
        conversation.document(source.pick(("{0}\n{1}", "{1} {0}", "{0} {1}")).format(wish, told),
                              data)  # fmt: skip
    else:
        before = f"{setting.generic(source)} " if source.chance(0.4) else ""
        conversation.system(before + wish)
        conversation.document(told, data)
    return conversation


def _listed(source: Source, keys: list[str]) -> str:
    quoted = [f'"{key}"' for key in keys] if source.chance(0.4) else keys
    return ", ".join(quoted[:-1]) + " and " + quoted[-1] if len(quoted) > 1 else quoted[0]
