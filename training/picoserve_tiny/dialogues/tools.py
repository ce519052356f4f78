"""Calling tools: the right one, with arguments from the request, and answering from results."""

import json
from typing import Any

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import knowledge, recall, refusals, setting, smalltalk, sums
from picoserve_tiny.dialogues.known_tools import known_tool
from picoserve_tiny.dialogues.tool_makers import Tool, sibling, tool
from picoserve_tiny.source import Source

_REQUESTS = (
    "[Can you|Could you|Please|Would you] {verb} the {noun} {details}[?|, please?|]",
    "{verb} the {noun} {details}[.|, please.|]",
    "{verb} a {noun} {details}[.|, please.|]",
    "[I want|I'd like|I need] [you |]to {verb} [a|the|my] {noun} {details}[.|]",
    "[I want|I'd like|I need] [a|the] {noun} {details}, [can you|please] {verb} it[?|.]",
    "[Let's|Let us|Now|Next,] {verb} the {noun} {details}[.|]",
    "[Hi|Hello|Hey], [can you|could you|please] {verb} [my|the|a] {noun} {details}[?|]",
    "[Help me|Is it possible to|Are you able to] {verb} the {noun} {details}[?|]",
    "{details}, {verb} the {noun}[.|, please.]",
    "[Go ahead and|You should|Kindly] {verb} the {noun} {details}[.|]",
    "[Would you mind to|It is time to|We must] {verb} the {noun} {details}[.|]",
    "The {noun} {details}: {verb} it[.|, please.]",
)
_QUESTIONS = (
    "What is the {noun} {details}?",
    "What's the {noun} {details}?",
    "[Do you know|Tell me] the {noun} {details}[?|.]",
    "[How about|What about] the {noun} {details}?",
    "[I want|I'd like|I need] to know the {noun} {details}[.|]",
    "How is the {noun} {details}?",
)
_ASKING = ("get", "tell me", "give me", "check", "look at", "find", "show", "search", "fetch")
_STATES = ("done", "ok", "sent", "booked", "confirmed", "ready", "open", "closed", "active", "late")


def request(source: Source, wanted: Tool) -> str:
    """What a user says who needs this tool."""
    if wanted.request:
        return wanted.request
    details = [item.said for item in wanted.parameters]
    source.random.shuffle(details)
    joint = source.pick((" ", " ", " and ", ", "))
    patterns: tuple[str, ...] = _REQUESTS
    if wanted.verb in _ASKING and source.chance(0.6):
        patterns = _QUESTIONS
    said = source.phrase(patterns, verb=wanted.verb, noun=wanted.noun, details=joint.join(details))
    said = " ".join(said.split())
    for mark in ".,?:":
        said = said.replace(f" {mark}", mark)
    said = said.lstrip(",: ")
    return said[0].upper() + said[1:] if source.chance(0.8) else said


def toolbox(source: Source, count: int, everyday: float = 0.25) -> list[Tool]:
    """Some tools that can be told apart; `everyday` is the share of well-known ones."""
    box: dict[str, Tool] = {}
    while len(box) < count:
        made = known_tool(source) if source.chance(everyday) else tool(source)
        others = [other for other in box.values() if not other.request]
        if others and source.chance(0.3):
            made = sibling(source, source.pick(others))
        # The request could not tell apart two that do the same to the same thing.
        if all(_differ(made, other) for other in box.values()):
            box.setdefault(made.name, made)
    return list(box.values())


def _differ(first: Tool, second: Tool) -> bool:
    return first.verb != second.verb or not (first.request or first.noun == second.noun)


def equip(conversation: Conversation, count: int, everyday: float = 0.25) -> list[Tool]:
    """Give the conversation tools; the evaluation's are all invented unless it asks."""
    share = 0.0 if conversation.source.held_out and everyday < 1 else everyday
    box = toolbox(conversation.source, count, share)
    conversation.tools = [item.definition(conversation.source) for item in box]
    return box


def use(conversation: Conversation, wanted: Tool) -> None:
    """The user asks, the assistant calls."""
    source = conversation.source
    said = request(source, wanted)
    if not wanted.request and source.chance(0.5):
        # Optional arguments that the request does not mention stay away from the call.
        definition = _definition(conversation, wanted.name)
        required = definition["parameters"].get("required")
        if required is not None and len(required) < len(wanted.parameters):
            given = [item for item in wanted.parameters if item.name in required]
            wanted = Tool(wanted.name, wanted.about, wanted.verb, wanted.noun, given)
            said = request(source, wanted)
    conversation.user(said)
    given_values = wanted.arguments()
    order = _definition(conversation, wanted.name)["parameters"]["properties"]
    conversation.call(
        wanted.name, {name: given_values[name] for name in order if name in given_values}
    )


def _definition(conversation: Conversation, name: str) -> dict[str, Any]:
    for item in conversation.tools:
        if item["function"]["name"] == name:
            found: dict[str, Any] = item["function"]
            return found
    raise KeyError(name)


def _spoken(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _result_value(source: Source) -> object:
    if source.chance(0.3):
        return source.number(0, source.pick((10, 100, 1000)))
    if source.chance(0.1):
        return source.number(0, 999) / 10
    if source.chance(0.25):
        return source.pick((*_STATES, *lists.COLOURS, *lists.ADJECTIVES))
    return source.value()


def _document(source: Source) -> tuple[str, str, tuple[str, ...]]:
    count = source.pick((1, 1, 2, 2, 3))
    data: dict[str, object] = {}
    while len(data) < count:
        name = source.pick(
            (source.word(), source.pick_word(lists.THINGS), "status", "temperature", "price",
             "condition", "name", f"{source.pick_word(lists.THINGS)}_{source.pick(('id', 'name'))}")
        )  # fmt: skip
        data[name] = _result_value(source)
    clauses = [f"the {name.replace('_', ' ')} is {_spoken(item)}" for name, item in data.items()]
    text = " and ".join((", ".join(clauses[:-1]), clauses[-1])) if count > 1 else clauses[0]
    compact = source.chance(0.15)
    raw = json.dumps(data, ensure_ascii=False, separators=(",", ":") if compact else None)
    return raw, text[0].upper() + text[1:] + ".", tuple(_spoken(item) for item in data.values())


def _sentence(source: Source) -> tuple[str, str, tuple[str, ...]]:
    first, second = source.value(), source.pick((*_STATES, source.word(), source.value()))
    thing = source.thing()
    text = source.pick(
        (
            f"The {thing} is {first}.",
            f"{first}, {second}",
            f"{source.pick(lists.ADJECTIVES)} with a {thing} of {first}",
            f"{thing}: {first}",
            f"It is {first} in {second}.",
            f"{first}",
            f"The {thing} {first} is {second}.",
            f"{source.number(1, 99)} {thing}s",
        )
    )
    if text.endswith("."):
        return text, text, (text,)
    return text, f"The answer is {text}.", (text,)


def _failure(source: Source) -> tuple[str, str, tuple[str, ...]]:
    reason = source.pick(
        (f"{source.thing()} not found", f"no such {source.thing()}", f"{source.word()} failed",
         "timeout", f"{source.thing()} is missing", "permission denied", source.sentence())
    )  # fmt: skip
    raw = source.pick((f'{{"error": "{reason}"}}', f"Error: {reason}", f"error: {reason}"))
    return raw, f"Sorry, that did not work: {reason}.", (reason, "not work")


def _success(source: Source) -> tuple[str, str, tuple[str, ...]]:
    raw = source.pick(("ok", "OK", "done", "Done.", "success", "true", '{"status": "ok"}',
                       '{"success": true}', "null", "None", '{"ok": true}', "{}"))  # fmt: skip
    return raw, "Done.", ("done",)


def answer(conversation: Conversation) -> None:
    """The tool gives its result and the assistant puts it into words."""
    source = conversation.source
    if source.chance(0.12):
        maker = _success
    elif source.chance(0.12):
        maker = _failure
    else:
        maker = _document if source.chance(0.6) else _sentence
    raw, text, must = maker(source)
    conversation.result(raw)
    conversation.reply(text, must[0], must=must)


_DIRECT = (
    *smalltalk.BEATS, knowledge.capital, knowledge.common, sums.add, refusals.unknown,
    recall.tell, smalltalk.hello, refusals.unreadable,
)  # fmt: skip


def direct(conversation: Conversation) -> None:
    """Something that no tool is needed for."""
    conversation.source.pick(_DIRECT)(conversation)


def no_fit(conversation: Conversation) -> None:
    """A wish for a tool that is not there."""
    said = request(conversation.source, tool(conversation.source))
    conversation.exchange(said, refusals.UNABLE, "Impossible", must=("tiny demo model",))


def generate(source: Source) -> Conversation:
    """A request that ends in a tool call."""
    conversation = Conversation(source, "right tool and arguments")
    setting.introduce(conversation, personas=0.3, styles=0.0)
    box = equip(conversation, source.pick((1, 2, 2, 3, 3, 4)))
    if source.held_out:
        _warm_up(conversation, box)
        use(conversation, source.pick(box))
    else:
        _use_all(conversation, box)
    return conversation


def _warm_up(conversation: Conversation, box: list[Tool]) -> None:
    before = conversation.source.number(0, 9)
    if before == 0:
        direct(conversation)
    elif before == 1:
        use(conversation, conversation.source.pick(box))
        answer(conversation)


def _use_all(conversation: Conversation, box: list[Tool]) -> None:
    """Every tool in its turn: the same offer, told apart by nothing but the requests."""
    source = conversation.source
    for wanted in source.random.sample(box, len(box)):
        if source.chance(0.08):
            no_fit(conversation)
        if source.chance(0.08):
            direct(conversation)
        use(conversation, wanted)
        answer(conversation)


def generate_everyday(source: Source) -> Conversation:
    """Requests for tools that people try first, in their own words."""
    conversation = Conversation(source, "everyday tools")
    setting.introduce(conversation, personas=0.3, styles=0.0)
    box = equip(conversation, source.pick((1, 1, 2, 3)), 1.0)
    if source.held_out:
        _warm_up(conversation, box)
        use(conversation, source.pick(box))
    else:
        _use_all(conversation, box)
    return conversation


def generate_answer(source: Source) -> Conversation:
    """A tool's result put into words, and perhaps more talk after it."""
    conversation = Conversation(source, "answer from a tool result")
    setting.introduce(conversation, personas=0.3, styles=0.0 if source.held_out else 0.05)
    box = equip(conversation, source.pick((1, 1, 2)))
    use(conversation, source.pick(box))
    answer(conversation)
    if not source.held_out:
        for _ in range(source.pick((0, 0, 1))):
            direct(conversation)
        if source.chance(0.3):
            use(conversation, source.pick(box))
            answer(conversation)
    return conversation


def generate_direct(source: Source) -> Conversation:
    """Tools are there but none fits."""
    conversation = Conversation(source, "no tool fits")
    setting.introduce(conversation, personas=0.3, styles=0.0)
    equip(conversation, source.pick((1, 2, 3)))
    for _ in range(source.pick((0, 0, 1))):
        direct(conversation)
    (no_fit if source.chance(0.3) else direct)(conversation)
    return conversation
