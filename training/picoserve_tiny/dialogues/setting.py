"""System prompts: who the assistant is, how it should answer, and much that can be ignored."""

from collections.abc import Callable

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation, Persona
from picoserve_tiny.source import Source

_PERSONA = (
    "[You are|You're] {name}.",
    "You are {name}, {role}.",
    "You are {name}, {role}.",
    "Your name is {name}.",
    "Your name is {name}. You are {role}.",
    "You are [an assistant|a voice assistant|a helper|a bot|an agent] [called|named] {name}.",
    "You are {role} [called|named] {name}.",
    "Act as {name}, {role}.",
    "[Play|Play the role of] {name}, {role}.",
    "Call yourself {name}.",
    "The user talks to you by voice. You are {name}, {role}.",
    "I want you to be {name}.",
    "Your role: {role}. Your name: {name}.",
    "Name: {name}. Job: {role}.",
    "[Name|Your name|Assistant name|Assistant]: {name}.",
    "[Name|Agent|Bot name]: {name}. [Role|You are|Task]: {role}.",
    "You go by the name [of |]{name}.",
    "[People|Users|Callers|Everybody] call[|s] you {name}.",
    "This is {name}, {role}. You are {name}.",
    "[In this chat|Today|From now on] you are {name}, {role}.",
    "Always introduce yourself as {name}.",
    "You are {role} whose name is {name}.",
    "You are {role} [known|known to everybody|known to all] as {name}.",
    "You are {role}[,| and] your name is {name}.",
    "[You are|You're] {role} who [goes|answers] [by|to] the name [of |]{name}.",
    "You [play|are playing] {role}, {name} by name.",
)
_GENERIC = (
    "You are a helpful assistant.",
    "You are a [helpful|friendly|polite] [voice |AI |voice AI ]assistant.",
    "[Keep your answers|Your responses are|Be] [short|concise|brief|to the point].",
    "Answer in [short|simple|complete] sentences.",
    "Do not use [emojis|markdown|bullet points|asterisks|lists|special characters].",
    "[The user is interacting with|The user speaks to] you by voice, even if you see text.",
    "You eagerly assist users with their questions by providing information.",
    "Your responses are concise, to the point, and without any complex formatting or punctuation "
    "including emojis, asterisks, or other symbols.",
    "You are curious, friendly, and have a sense of humor.",
    "Be [nice|kind|friendly|helpful|honest] [to the user|to everyone|at all times].",
    "[Always be|Stay] polite.",
    "If you do not know something, say so.",
    "You help people with {thing} and {other}.",
    "You work for {company}.",
    "[We|Our company] sell[|s] {thing} and {other} in {city}.",
    "Never talk about {topic}.",
    "Your interface with users will be voice. [Use|Give] short answers.",
    "[Avoid|Do not use] long words.",
    "You [like|love] {topic} and {other}.",
    "Today is {day}.",
    "You can see and hear. You live in {city}.",
    "Only call a tool when it is needed.",
    "[Speak|Talk] in a {adjective} way.",
)
_ROLES = (
    "a [helpful|friendly|kind|cheerful|] assistant",
    "a [helpful |friendly |kind |cheerful |]{job}",
    "a {job} [at|from|for] {company}",
    "a [voice |virtual |friendly ]assistant [at|for] {company}",
    "the {job} of {company}",
    "a {adjective} {animal}",
    "a {job} in {city}",
    "the {adjective} robot of {city}",
)


def role(source: Source) -> str:
    """What an assistant can be, as it stands after its name."""
    pattern = source.pick(_ROLES)
    text = source.expand(pattern).format(
        job=source.pick(lists.JOBS),
        company=company(source),
        adjective=source.pick(lists.ADJECTIVES),
        animal=source.pick_word(lists.ANIMALS),
        city=source.city(),
    )
    text = text.replace("a  ", "a ")
    for vowel in "aeiou":
        text = text.replace(f"a {vowel}", f"an {vowel}")
    return text.replace("  ", " ")


def company(source: Source) -> str:
    """An invented business."""
    kind = source.pick(("", " Hotel", " Bank", " Pizza", " Clinic", " Airlines", " Shop", " Labs"))
    return source.word().capitalize() + kind


def generic(source: Source) -> str:
    """One sentence of a system prompt that changes no answer."""
    return source.expand(source.pick(_GENERIC)).format(
        thing=source.thing(),
        other=source.thing(),
        company=company(source),
        city=source.city(),
        topic=source.pick_word(lists.TOPICS),
        day=source.pick(lists.DAYS),
        adjective=source.pick(lists.ADJECTIVES),
    )


def persona(source: Source) -> tuple[Persona, str]:
    """A persona and the sentence that gives it."""
    name = source.name()
    if source.chance(0.2):
        titles = ("Captain", "Doctor", "Miss", "Mister", "Professor", "Chef", "Robo", "Little")
        name = f"{source.pick(titles)} {name}" if source.chance(0.6) else source.full_name()
    someone = Persona(name, role(source))
    mine = [text for text in _PERSONA if (_PERSONA.index(text) % 7 == 6) == source.held_out]
    pattern = source.expand(source.pick(mine))
    if "{role}" not in pattern:
        someone.role = ""
    return someone, pattern.format(name=someone.name, role=someone.role)


def _affixed(before: str, after: str) -> Callable[[str, str], str]:
    def style(text: str, _core: str) -> str:
        return f"{before}{text}{after}"

    return style


def _upper(text: str, _core: str) -> str:
    return text.upper()


def _lower(text: str, _core: str) -> str:
    return text.lower()


def _one_word(text: str, core: str) -> str:
    return core[0].upper() + core[1:].rstrip(".!?") + "." if core else text


_STYLES: tuple[tuple[Callable[[str, str], str], tuple[str, ...]], ...] = (
    (
        _affixed("Arr! ", " Yo ho ho!"),
        (
            "[Speak|Talk|Answer|Reply] like a pirate.",
            "You [speak|talk] like a pirate.",
            "You are a pirate.",
            "Use pirate [talk|language|speech].",
        ),
    ),
    (
        _affixed("Beep boop. ", ""),
        ("[Speak|Talk|Answer|Sound] like a robot.", "You [talk|speak] like a robot."),
    ),
    (
        _upper,
        (
            "[Answer|Reply|Write|Speak] [only |]in [capitals|capital letters|upper case|all caps].",
            "[Always |]use capital letters[| only].",
            "Write everything in [capitals|uppercase].",
        ),
    ),
    (
        _lower,
        (
            "[Answer|Reply|Write] [only |]in [small letters|lower case|lowercase].",
            "[Always |]use [small|lowercase] letters[| only].",
        ),
    ),
    (
        _one_word,
        (
            "[Answer|Reply|Respond] [only |]in one word[| only].",
            "[Give|Use] one-word answers[| only].",
            "[Answer|Reply] with [one|a single|only one] word.",
            "Your answers are one word long.",
        ),
    ),
)
_ENDINGS = (
    "[End|Finish|Close] [every|each] [answer|reply|sentence] with [the word |]{word}.",
    "[Always |]end with [the word |]{word}.",
    "Say {word} at the end of [every|each] [answer|reply].",
)
_BEGINNINGS = (
    "[Begin|Start|Open] [every|each] [answer|reply] with [the word |]{word}.",
    "[Always |]start with [the word |]{word}.",
    "Say {word} at the beginning of [every|each] [answer|reply].",
)


def style(source: Source) -> tuple[Callable[[str, str], str], str]:
    """A manner of answering and the sentence that asks for it."""
    if source.chance(0.3):
        word = source.word().capitalize()
        if source.chance(0.5):
            sentence = source.expand(source.pick(_ENDINGS)).format(word=word)
            return _affixed("", f" {word}."), sentence
        sentence = source.expand(source.pick(_BEGINNINGS)).format(word=word)
        return _affixed(f"{word}. ", ""), sentence
    chosen, sentences = source.pick(_STYLES)
    return chosen, source.expand(source.pick(sentences))


def introduce(
    conversation: Conversation,
    *,
    personas: float = 0.3,
    styles: float = 0.12,
    more: tuple[str, ...] = (),
) -> None:
    """Give a conversation its system prompt, or none.

    Args:
        conversation: A conversation without messages.
        personas: How likely the prompt names the assistant.
        styles: How likely it asks for a manner of answering.
        more: Sentences that it must contain.
    """
    source = conversation.source
    sentences = list(more)
    if source.chance(personas):
        conversation.persona, sentence = persona(source)
        sentences.insert(0, sentence)
    if source.chance(styles):
        conversation.style, sentence = style(source)
        sentences.append(sentence)
    fillers = source.pick((0, 0, 0, 1, 1, 2, 3, 6))
    for _ in range(fillers):
        sentences.insert(source.number(0, len(sentences)), generic(source))
    if sentences:
        joint = source.pick((" ", " ", " ", "\n", "\n\n", "\n- "))
        conversation.system(joint.join(sentences))
