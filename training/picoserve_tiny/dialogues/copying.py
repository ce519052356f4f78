"""Saying what one is told to say, and picking from what one is given."""

from collections.abc import Callable

from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import setting
from picoserve_tiny.source import Source

_REPEAT = (
    "[Say|Repeat|Repeat after me|Echo|Write]: {text}",
    "[Say|Repeat|Write|Echo] {text}",
    '[Say|Repeat|Repeat after me|Write|Type] "{text}"',
    "[Please|Can you|Could you] [say|repeat|echo|write] {text}",
    "Repeat [this|these words|the following]: {text}",
    "[Just|Only] say {text}",
    "[I want you to|You must|Now] say: {text}",
    "[Copy|Echo back] this text: {text}",
    "[Say|Write|Repeat] the [words|text|following words]: {text}",
    "[Say|Write|Repeat|Answer with] exactly this: {text}",
    '[Answer|Reply|Respond] with "{text}"',
    "[Tell me|Read out|Read aloud|Spell out|Print]: {text}",
    "[Would you|Will you] [say|repeat|write] {text}[?|, please?]",
    "[After me|Repeat it|Say it back]: {text}",
    "[Reply|Respond] with [only |just |]{text}",
)
_ORDER = (
    "[What is|What's|Tell me|Give me|Say] the {place} [word|one|item] of {words}[?|]",
    "[Which|What] [word|one] [is|comes] {place}[| here| in this list]: {words}?",
    "[Here are some words|A list|Words]: {words}. [What is|Say|Name] the {place} [word|one][?|]",
    "{words}. [Which|What] is the {place} [one|word]?",
    "From {words}, [pick|take|choose] the {place} [one|word].",
    "In {words}, what is the {place} [one|word]?",
    "[Read|Look at] this list: {words}. What is {place}?",
)


def _texts(source: Source) -> str:
    if not source.held_out and source.chance(0.5):
        return source.any_words()
    makers: tuple[Callable[[], str], ...] = (
        source.sentence,
        source.sentence,
        source.value,
        lambda: setting.generic(source),
        lambda: f"{source.pick(('hello', 'hi', 'good', 'my'))} {source.thing()}",
        lambda: " ".join(source.word() for _ in range(source.number(1, 5))),
        lambda: " ".join(source.code() for _ in range(source.number(1, 3))),
        lambda: f"{source.full_name()} {source.pick(('and', 'or', 'met', 'of'))} {source.value()}",
    )
    return source.pick(makers)()


def repeat(conversation: Conversation) -> None:
    """The user dictates a text."""
    text = _texts(conversation.source)
    conversation.exchange(conversation.source.phrase(_REPEAT, text=text), text, must=(text,))


def order(conversation: Conversation) -> None:
    """The first, second or last word of a list."""
    source = conversation.source
    words = [source.word() for _ in range(source.number(2, 5))]
    places = ("first", "second", "third", "fourth")[: len(words)]
    index = source.number(0, len(words) - 1)
    place = "last" if index == len(words) - 1 and source.chance(0.5) else places[min(index, 3)]
    answer = words[-1] if place == "last" else words[places.index(place)]
    said = source.phrase(_ORDER, place=place, words=", ".join(words))
    conversation.exchange(said, f"The {place} one is {answer}.", answer)


BEATS = (repeat, repeat, order)


def generate(source: Source) -> Conversation:
    """A chat of dictation."""
    conversation = Conversation(source, "saying what is dictated")
    setting.introduce(conversation, personas=0.1, styles=0.0)
    for _ in range(source.pick((1, 3, 5))):
        source.pick(BEATS)(conversation)
    return conversation
