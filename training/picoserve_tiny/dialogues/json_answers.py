"""Short JSON answers: keys from a schema, values from what the user says."""

import json
from typing import Any

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import knowledge, refusals, setting, smalltalk, sums
from picoserve_tiny.source import Source

_SCHEMA = (
    "[Answer|Reply|Respond] [only |]in JSON [with|using|that matches] this schema: {schema}",
    "[Answer|Reply|Respond] with [a |]JSON [object |]that follows this JSON schema:\n{schema}",
    "[Return|Write|Give|Output] JSON [for|matching] this schema: {schema}",
    "Your answer must be JSON [and match|matching] this schema:\n{schema}",
    "Output format: JSON. Schema: {schema}",
    "[Answer|Reply|Respond] [only |]with [JSON|one JSON object|a JSON document] for this schema: "
    "{schema}",
    "[Answer|Reply|Respond] only with JSON that [fits|matches] this schema[, and nothing else|]:\n"
    "{schema}",
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
_ANSWER_KEYS = ("answer", "reply", "response", "text", "message", "content", "result", "output")
_TALK = (*smalltalk.BEATS, *knowledge.BEATS, *refusals.BEATS, sums.add)
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
    value = source.value()
    return (key, int(value), "integer") if value.isdigit() else (key, value, "string")


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
    """Data in words turned into JSON, or an answer inside of JSON."""
    conversation = Conversation(source, "JSON for a schema")
    if source.chance(0.2):
        _talk(conversation)
        return conversation
    data, schema = _fields(source)
    if source.chance(0.65):
        wish = source.expand(source.pick(_SCHEMA)).format(schema=json.dumps(schema))
    else:
        wish = source.expand(source.pick(_KEYS)).format(keys=_listed(source, list(data)))
    told = source.phrase(_TELL, clauses=_clauses(source, data))
    if source.chance(0.3):
        setting.introduce(conversation, personas=0.2, styles=0.0)
        order = source.pick(("{0}\n{1}", "{1} {0}", "{0} {1}"))
        conversation.document(order.format(wish, told), data)
    else:
        before = f"{setting.generic(source)} " if source.chance(0.4) else ""
        conversation.system(before + wish)
        conversation.document(told, data)
    if not source.held_out:
        for _ in range(source.pick((0, 1, 2))):
            data = {key: _another(source, value) for key, value in data.items()}
            told = source.phrase(_TELL, clauses=_clauses(source, data))
            conversation.document(told, data)
    return conversation


def _another(source: Source, value: object) -> object:
    """A value of the same type."""
    if isinstance(value, bool):
        return source.chance(0.5)
    if isinstance(value, int):
        return source.number(0, 999)
    while (text := source.value()).isdigit():
        pass
    return text


def _talk(conversation: Conversation) -> None:
    source = conversation.source
    key = source.pick(_ANSWER_KEYS)
    schema: dict[str, Any] = {"type": "object", "properties": {key: {"type": "string"}}}
    if source.chance(0.7):
        schema["required"] = [key]
    wish = source.expand(source.pick(_SCHEMA)).format(schema=json.dumps(schema))
    setting.introduce(conversation, personas=0.2, styles=0.0, more=(wish,))
    source.pick(_TALK)(conversation)
    document = {key: conversation.messages.pop()["content"]}
    conversation.document(conversation.messages.pop()["content"], document)


def _listed(source: Source, keys: list[str]) -> str:
    quoted = [f'"{key}"' for key in keys] if source.chance(0.4) else keys
    return ", ".join(quoted[:-1]) + " and " + quoted[-1] if len(quoted) > 1 else quoted[0]
