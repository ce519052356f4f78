"""Short JSON answers: keys from a schema, values from what the user says."""

import json
from typing import Any, Final

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
    "Reply only with JSON that meets this schema: {schema}",
    "Reply only with JSON that meets this schema: {schema}",
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
_STATES: Final = (
    ("sunny", "rainy"), ("warm", "cold"), ("open", "closed"), ("quiet", "loud"), ("big", "small"),
    ("new", "old"), ("full", "empty"), ("free", "busy"), ("ready", "late"), ("wet", "dry"),
)  # fmt: skip
_PLACE: Final = ("city", "name|city|place|location|town")
_PERSON: Final = ("name", "name|person|who|full_name")
_SENTENCES: Final[tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = (
    ("It is {state} in {city}.", (_PLACE, ("state", "{state}|is_{state}"))),
    ("[In {city} it is|{city} is] [very |]{state}[| today].", (_PLACE, ("state", "{state}"))),
    ("The {thing} in {city} is {state}.",
     (("thing", "thing|object|item"), _PLACE, ("state", "{state}|is_{state}"))),
    ("{name} is {age} years old.", (_PERSON, ("age", "age|years"))),
    ("[My name is|I am|I'm] {name} and I am {age}[| years old].", (_PERSON, ("age", "age"))),
    ("{name}, {age}, lives in {city}.", (_PERSON, ("age", "age"), _PLACE)),
    ("{name} lives in {city}[| and likes {food}].", (_PERSON, _PLACE)),
    ("{name} is a {job} [from|in] {city}.", (_PERSON, ("job", "job|work|profession"), _PLACE)),
    ("{name} [works as|is] a {job}.", (_PERSON, ("job", "job|profession|role"))),
    ("{name} and {other} are going to [a|the] {thing} on {day}.",
     (("thing", "name|event|what"), ("day", "date|day|when"),
      ("name+other", "participants|people|guests"))),
    ("{name} [meets|calls|visits] {other} on {day} at {time}.",
     (("name+other", "people|names|participants"), ("day", "day|date"), ("time", "time|clock"))),
    ("[I want|I'd like|Please send me] {number} {food} [and a {thing} |]in {colour}.",
     (("number", "amount|count|quantity"), ("food", "food|item|product"),
      ("colour", "colour|color"))),
    ("A {colour} {thing} for {number} euros.",
     (("colour", "colour|color"), ("thing", "name|product|thing"), ("number", "price|euros"))),
    ("The {thing} [is|starts] on {day} at {time} in {city}.",
     (("thing", "title|event|name"), ("day", "day|date"), ("time", "time"), _PLACE)),
    ("{name} [likes|wants|ate] {food}.", (_PERSON, ("food", "food|dish|likes"))),
    ("[Book|Reserve] a table for {name} on {day} at {time}.",
     (_PERSON, ("day", "day|date"), ("time", "time|hour"))),
    ("There are {number} {thing}s in {city}.",
     (("number", "count|number|total"), _PLACE)),
)  # fmt: skip
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


def _sentence(source: Source) -> tuple[str, dict[str, object], dict[str, Any]]:
    """A sentence as people write it, what it says, and the schema of that."""
    slots: dict[str, object] = {
        "name": source.full_name(),
        "other": source.name(),
        "city": source.city(),
        "age": source.number(5, 99),
        "number": source.number(2, 400),
        "job": source.pick_word(lists.JOBS),
        "food": source.pick_word(lists.FOODS),
        "colour": source.pick(lists.COLOURS),
        "thing": source.thing(),
        "day": source.pick(lists.DAYS),
        "time": source.clock(),
    }
    state, opposite = source.pick(_STATES)
    is_so = source.chance(0.5)
    slots["state"] = state if is_so else opposite
    pattern, keys = source.pick(_SENTENCES)
    text = source.phrase((pattern,), **slots)
    data: dict[str, object] = {}
    properties: dict[str, Any] = {}
    for slot, names in keys:
        key = source.pick(names.split("|")).format(state=state)
        value = [slots[one] for one in slot.split("+")] if "+" in slot else slots[slot]
        data[key] = is_so if slot == "state" else value
        properties[key] = _type_of(data[key])
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema["required"] = list(properties)
    if source.chance(0.6):
        schema["additionalProperties"] = False
    if source.chance(0.4):
        schema["title"] = source.thing().title().replace(" ", "")
    if source.chance(0.3):
        for key, shape in properties.items():
            shape["title"] = key.replace("_", " ").title()
    return text, data, schema


def _type_of(value: object) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": "array", "items": {"type": "string"}}
    names = {bool: "boolean", int: "integer"}
    return {"type": names.get(type(value), "string")}


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
    sentence = source.chance(0.35)
    made, data, schema = _sentence(source) if sentence else ("", *_fields(source))
    if sentence or source.chance(0.65):
        wish = source.expand(source.pick(_SCHEMA)).format(schema=json.dumps(schema))
    else:
        wish = source.expand(source.pick(_KEYS)).format(keys=_listed(source, list(data)))
    told = made or source.phrase(_TELL, clauses=_clauses(source, data))
    if source.chance(0.3):
        setting.introduce(conversation, personas=0.2, styles=0.0)
        order = source.pick(("{0}\n{1}", "{1} {0}", "{0} {1}"))
        conversation.document(order.format(wish, told), data)
    else:
        before = f"{setting.generic(source)} " if source.chance(0.4) else ""
        conversation.system(before + wish)
        conversation.document(told, data)
    if not source.held_out and not sentence:
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
