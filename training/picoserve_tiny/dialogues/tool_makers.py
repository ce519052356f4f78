"""Invented tools: a name, a description, parameters, and how a user asks for each."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from picoserve_tiny import lists
from picoserve_tiny.source import Source

Value = str | int | float | bool


@dataclass
class Parameter:
    """One argument of a tool, with the words that carry it in a request."""

    name: str
    kind: str
    about: str
    value: Value
    said: str
    choices: tuple[str, ...] = ()

    def schema(self, *, bare: bool, type_last: bool) -> dict[str, Any]:
        """The parameter as JSON schema."""
        shape: dict[str, Any] = {} if bare else {"description": self.about}
        if self.choices:
            shape["enum"] = list(self.choices)
        return {**shape, "type": self.kind} if type_last else {"type": self.kind, **shape}


@dataclass
class Tool:
    """A tool and what a request for it is made of.

    Attributes:
        name: The function's name.
        about: Its description.
        verb: What it does, as people say it.
        noun: What it does it to.
        parameters: Its arguments, each with a value.
        request: A whole request, if the tool brings its own.
    """

    name: str
    about: str
    verb: str
    noun: str
    parameters: list[Parameter]
    request: str = ""

    def definition(self, source: Source) -> dict[str, Any]:
        """The tool as OpenAI's API describes it."""
        bare, type_last = source.chance(0.2), source.chance(0.2)
        shapes = {
            item.name: item.schema(bare=bare, type_last=type_last) for item in self.parameters
        }
        schema: dict[str, Any] = {"properties": shapes}
        if not type_last:
            schema = {"type": "object", **schema}
        required = [item.name for item in self.parameters]
        if required and source.chance(0.75):
            schema["required"] = required if source.chance(0.7) else required[:1]
        if type_last:
            schema["type"] = "object"
        function = {"name": self.name, "description": self.about, "parameters": schema}
        definition = {"type": "function", "function": function}
        if source.chance(0.12):
            ordered: dict[str, Any] = json.loads(json.dumps(definition, sort_keys=True))
            return ordered
        return definition

    def arguments(self) -> dict[str, Value]:
        """What the call must carry."""
        return {item.name: item.value for item in self.parameters}


Maker = Callable[[Source], Parameter]


def _place(source: Source) -> Parameter:
    name = source.pick(("city", "location", "place", "town", "destination", "origin", "region"))
    value = source.city()
    before = {"destination": "to", "origin": "from"}.get(name, source.pick(("in", "for", "in")))
    about = source.pick((f"The {name}", f"Name of the {name}", f"{name.capitalize()} name"))
    return Parameter(name, "string", about, value, f"{before} {value}")


def _person(source: Source) -> Parameter:
    name = source.pick(("name", "person", "customer", "recipient", "guest", "contact", "user_name"))
    value = source.full_name()
    said = source.pick(("for", "for", "to", "with")) + f" {value}"
    return Parameter(name, "string", f"The {name.replace('_', ' ')}", value, said)


def _amount(source: Source) -> Parameter:
    unit = source.pick(
        ("people", "minutes", "hours", "days", "items", "copies", "euros", "nights", "percent")
    )
    name = source.pick((unit, f"number_of_{unit}", "amount", "quantity", "count", f"{unit}_count"))
    value = source.number(1, source.pick((10, 30, 500)))
    said = source.pick(("for", "with", "of")) + f" {value} {unit}"
    return Parameter(name, source.pick(("integer", "number")), f"How many {unit}", value, said)


def _level(source: Source) -> Parameter:
    name = source.pick(("level", "temperature", "volume", "brightness", "speed", "page", "size"))
    value = source.number(0, 100)
    said = source.pick(("to", "at", f"at {name}", f"with {name}")) + f" {value}"
    return Parameter(name, source.pick(("integer", "number")), f"The {name}", value, said)


def _topping(source: Source) -> Parameter:
    name = source.pick(("topping", "food", "filling", "flavour", "ingredient", "dish"))
    value = source.pick((source.pick_word(lists.FOODS), source.word()))
    return Parameter(name, "string", f"The {name}", value, f"with {value}")


def _day(source: Source) -> Parameter:
    name = source.pick(("day", "date", "when"))
    value = source.pick((*lists.DAYS, "today", "tomorrow", "tonight"))
    if source.chance(0.3):
        value = f"{source.pick(lists.MONTHS)} {source.number(1, 28)}"
    said = value if value.startswith("to") else f"on {value}"
    return Parameter(name, "string", f"The {name if name != 'when' else 'day'}", value, said)


def _time(source: Source) -> Parameter:
    name = source.pick(("time", "start_time", "at_time", "hour"))
    value = source.clock()
    return Parameter(name, "string", "The time of day", value, f"at {value}")


def _code(source: Source) -> Parameter:
    noun = source.pick(("order", "account", "ticket", "invoice", "booking", "room", "item", "case"))
    tail = source.pick(("id", "number", "code"))
    value = source.code()
    said = source.pick(("for", "with", "of")) + f" {noun} {source.pick((tail, tail, ''))} {value}"
    return Parameter(f"{noun}_{tail}", "string", f"The {noun} {tail}", value, _tidy(said))


def _text(source: Source) -> Parameter:
    name = source.pick(("message", "text", "note", "title", "subject", "content", "query"))
    value = source.sentence()
    before = source.pick(("saying", f"with the {name}", f"with {name}", f"and the {name} is"))
    return Parameter(name, "string", f"The {name}", value, f"{before} {value}")


def _choice(source: Source) -> Parameter:
    groups = (
        ("unit", ("celsius", "fahrenheit")),
        ("size", ("small", "medium", "large")),
        ("colour", lists.COLOURS),
        ("color", lists.COLOURS),
        ("mode", ("fast", "slow", "eco", "night", "auto", "silent")),
        ("priority", ("low", "normal", "high")),
        ("kind", tuple(source.word() for _ in range(4))),
        ("language", ("English", "French", "German", "Spanish", "Italian", "Dutch")),
    )
    name, options = source.pick(groups)
    choices = tuple(source.random.sample(options, min(len(options), source.number(2, 4))))
    value = source.pick(choices)
    said = source.pick(("in", f"with {name}", f"{name}", f"with the {name}")) + f" {value}"
    return Parameter(name, "string", f"The {name}", value, said, choices)


def _free(source: Source) -> Parameter:
    words = [source.word() for _ in range(source.pick((1, 1, 2)))]
    if source.chance(0.4):
        words = [source.pick_word(lists.THINGS)]
    if source.chance(0.25):
        number = source.number(0, 999)
        said = f"with {' '.join(words)} {number}"
        return Parameter("_".join(words), "integer", f"The {' '.join(words)}", number, said)
    value = source.value()
    said = source.pick(("with", "with the", "and", "using")) + f" {' '.join(words)} {value}"
    return Parameter("_".join(words), "string", f"The {' '.join(words)}", value, said)


def _tidy(text: str) -> str:
    return " ".join(text.split())


_MAKERS: tuple[Maker, ...] = (
    _place, _place, _person, _amount, _level, _day, _time, _code, _text, _choice, _topping, _free,
    _free,
)  # fmt: skip
_ABOUT = (
    "{verb} [the|a] {noun}[.|]",
    "{verb} [the|a] {noun} [for|of] the user[.|]",
    "[Use this to|Call this to|Lets you] {small} [the|a] {noun}[.|]",
    "[Called|Use] when the user [asks|wants] to {small} [a|the] {noun}[.|]",
    "{verb} {noun} [information|data|details][.|]",
    "[Function|Tool] to {small} [a|the] {noun}[.|]",
)
_SPOKEN = {"get": ("get", "tell me", "give me"), "check": ("check", "look at")}


def tool(source: Source) -> Tool:
    """One invented tool with a request for it."""
    invented = source.chance(0.35)
    noun = source.word() if invented else source.pick_word(lists.THINGS)
    if source.chance(0.25):
        extra = source.pick((*lists.ADJECTIVES, source.word()))
        noun = f"{extra} {noun}"
    return _named(source, source.pick(lists.VERBS), noun)


def sibling(source: Source, other: Tool) -> Tool:
    """A tool that is easily taken for another: it shares the verb or the noun."""
    if source.chance(0.5) and other.verb in lists.VERBS:
        return _named(source, other.verb, source.pick_word(lists.THINGS))
    verbs = [verb for verb in lists.VERBS if verb not in _SPOKEN and verb != other.verb]
    return _named(source, source.pick(verbs), other.noun)


def _named(source: Source, verb: str, noun: str) -> Tool:
    words = [verb, *noun.split()]
    name = "_".join(words)
    if source.chance(0.12):
        name = words[0] + "".join(word.capitalize() for word in words[1:])
    elif source.chance(0.1):
        name = source.pick((noun.replace(" ", "_"), f"{noun.replace(' ', '_')}_{verb}"))
    about = source.expand(source.pick(_ABOUT))
    about = about.format(verb=verb.capitalize(), small=verb, noun=noun)
    parameters: dict[str, Parameter] = {}
    makers: list[Maker] = []
    for _ in range(source.pick((0, 1, 1, 1, 2, 2, 3))):
        # Two places, or two people, could only be told apart by chance; a free one names itself.
        maker = source.pick([one for one in _MAKERS if one is _free or one not in makers])
        makers.append(maker)
        made = maker(source)
        parameters[made.name] = made
    return Tool(name, about, source.pick(_SPOKEN.get(verb, (verb,))), noun, [*parameters.values()])
