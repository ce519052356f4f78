"""Remembering what was said: by the user in earlier turns, or by the system prompt."""

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import about, refusals, setting, smalltalk, sums
from picoserve_tiny.source import Source

_MY_NAME = (
    "My name is {value}.",
    "[Hi|Hello|Hey], [I'm|I am] {value}.",
    "I'm {value}.",
    "[You can call|Call|Please call] me {value}.",
    "[Hi|Hello|Hey], my name is {value}[.|, nice to meet you.]",
    "This is {value}[| speaking].",
    "{value} is my name.",
    "[People|My friends|They] call me {value}.",
    "I go by {value}.",
    "My name's {value}.",
)
_ASK_MY_NAME = (
    "What's my name?",
    "What is my name?",
    "[Do you|Can you] [know|remember|recall|tell me] my name?",
    "[Do you remember|Tell me|Can you tell me] what my name is?",
    "Who am I?",
    "[Say|Tell me] my name[.|]",
    "What am I called?",
    "What did I say my name was?",
    "What was my name[| again]?",
    "[So, |And |]what's my name again?",
)
_TELL = (
    "My {key} is {value}.",
    "[Remember|Please remember|Note|Keep in mind] that my {key} is {value}.",
    "{value} is my {key}.",
    "[By the way|You should know|I want you to know|Just so you know], my {key} is {value}.",
    "[I have a|I've got a] {key}[, it's|, and it is|. It's|. It is] {value}.",
    "The {key} I have is {value}.",
    "[For|As] my {key}, [take|use|put] {value}.",
    "[Let me tell you|I can tell you] my {key}: {value}.",
    "My {key}? It's {value}.",
    "Let's say my {key} is {value}.",
    "[Write down|Save|Store|Remember] this: my {key} is {value}.",
    "My {key} has always been {value}.",
)
_ASK = (
    "What is my {key}?",
    "What's my {key}?",
    "[Do you|Can you] [remember|know|recall|tell me] my {key}?",
    "[Do you remember|Tell me|Can you tell me] what my {key} is?",
    "What did I say my {key} was?",
    "Tell me my {key}[.|]",
    "What was my {key}[| again]?",
    "[And |So |]my {key} is what?",
    "My {key}, [what was it|what is it|do you remember]?",
    "[Which|What] {key} did I [tell you|mention|say]?",
    "I forgot my {key}. [What is it|Can you tell me]?",
    "[Say|Repeat] my {key}[.|]",
)
_TELL_CITY = (
    "I live in {value}.",
    "I'm from {value}.",
    "I come from {value}.",
    "My home is [in |]{value}.",
    "I moved to {value}.",
    "I'm living in {value}.",
)
_ASK_CITY = (
    "Where do I live?",
    "[Do you|Can you] [remember|know|tell me] where I live?",
    "[Which|What] [city|place|town] do I live in?",
    "Where am I from?",
    "Where is my home?",
    "Where did I say I live?",
)
_TELL_FACT = (
    "The {key} is {value}.",
    "The {key} is {value}.",
    "[Our|Your] {key} is {value}.",
    "{key}: {value}",
    "[Remember|Note|Know|Fact]: the {key} is {value}.",
    "The {key} [today|here|now] is {value}.",
    "For the {key}, it is {value}.",
)
_ASK_FACT = (
    "What is the {key}?",
    "What's the {key}?",
    "[Do you know|Can you tell me|Tell me|I need to know|Could you tell me] the {key}[?|]",
    "[Do you know|Can you tell me|Tell me] what the {key} is[?|]",
    "[Hi|Hello|Hey], what is the {key}?",
    "What about the {key}?",
    "[I want|I'd like] to know the {key}[.|]",
    "[Which|What] {key} [is it|do you have]?",
    "[Your|And the|The] {key}[, please|?]",
    "Give me the {key}[.|, please.]",
)
_PERSONAL = (
    (
        ("I like {value}.", "I [really |]like {value}[| a lot].", "I'm a fan of {value}."),
        ("What do I like?", "[Do you remember|Tell me] what I like[?|.]", "I like what?"),
        "you like {value}",
    ),
    (
        ("I'm {value} years old.", "I am {value} years old.", "My age is {value}."),
        ("How old am I?", "[Do you know|Tell me] how old I am[?|.]", "What is my age?"),
        "you are {value} years old",
    ),
    (
        ("I have a {value}.", "I own a {value}.", "I [bought|got] a {value}."),
        ("What do I have?", "[Do you remember|Tell me] what I have[?|.]", "What do I own?"),
        "you have a {value}",
    ),
    (
        ("I'm a {value}.", "I work as a {value}.", "My job is {value}.", "I am a {value}."),
        ("What is my job?", "What do I do?", "What do I work as?", "[Tell me|Say] my job."),
        "you work as a {value}",
    ),
    (
        ("I'm going to {value}.", "I want to go to {value}.", "I'm travelling to {value}."),
        ("Where am I going?", "Where do I want to go?", "[Tell me|Say] where I am going."),
        "you are going to {value}",
    ),
)
_TELL_TWO = (
    "My {first} is {one} and my {second} is {two}.",
    "My {first} is {one}[.|,] [and |]my {second} is {two}.",
    "[Remember this|Please remember|Note]: my {first} is {one} and my {second} is {two}.",
    "My {first}: {one}, my {second}: {two}",
    "I tell you that my {first} is {one} and my {second} is {two}.",
    "[Hi|Hello|Hey], my {first} is {one} and my {second} is {two}.",
    "My {first} is called {one} and my {second} is {two}.",
)
_RELATIVES = ("brother", "sister", "mother", "father", "friend", "boss", "son", "daughter", "wife")


def key(source: Source) -> str:
    """Something that can have a value: "favourite colour", "zorbit code", "brother's name"."""
    owner = source.pick((*_RELATIVES, *lists.ANIMALS[:10]))
    makers = (
        source.pick(("favourite ", "favorite ")) + source.pick((*lists.THINGS, "colour", "food")),
        f"{owner}'s name",
        f"{source.pick_word(lists.THINGS)} {source.pick(('number', 'code', 'name', 'colour'))}",
        f"{source.word()} {source.pick(('number', 'code', 'name', 'price', 'size'))}",
        source.pick(("lucky number", "birthday", "hobby", "job", "age", "hometown", "team")),
        source.pick_word(lists.THINGS),
        source.word(),
        source.thing(),
    )
    return source.pick(makers)


def tell(conversation: Conversation) -> None:
    """The user tells something about themselves; the assistant takes note."""
    source = conversation.source
    choice = source.number(0, 11)
    if choice < 3 and "name" not in conversation.told:
        value = source.full_name()
        conversation.told["name"] = value
        said = source.phrase(_MY_NAME, value=value)
        conversation.exchange(said, f"Nice to meet you, {value}.", value, must=(value,))
    elif choice == 3 and "city" not in conversation.told:
        value = source.city()
        conversation.told["city"] = value
        said = source.phrase(_TELL_CITY, value=value)
        conversation.exchange(said, f"Got it, you live in {value}.", value)
    elif choice == 4:
        _tell_personal(conversation)
    elif choice == 5:
        _tell_two(conversation)
    else:
        what, value = key(source), source.value()
        if what in conversation.told:
            return
        conversation.told[what] = value
        said = source.phrase(_TELL, key=what, value=value)
        conversation.exchange(said, f"Got it, your {what} is {value}.", value)


def _tell_personal(conversation: Conversation) -> None:
    source = conversation.source
    index = source.number(0, len(_PERSONAL) - 1)
    what = f"#{index}"
    if what in conversation.told:
        return
    nouns = (source.pick_word(lists.FOODS), source.word(), source.thing())
    makers = (
        lambda: source.pick(nouns),
        lambda: str(source.number(5, 99)),
        lambda: source.pick(nouns[1:]),
        lambda: source.pick((source.pick_word(lists.JOBS), source.word())),
        source.city,
    )
    value = makers[index]()
    conversation.told[what] = value
    statements, _, noted = _PERSONAL[index]
    said = source.phrase(statements, value=value)
    conversation.exchange(said, f"Got it, {noted.format(value=value)}.", value)


def _tell_two(conversation: Conversation) -> None:
    source = conversation.source
    first, second = key(source), key(source)
    if first == second or first in conversation.told or second in conversation.told:
        return
    one, two = source.value(), source.value()
    conversation.told |= {first: one, second: two}
    said = source.phrase(_TELL_TWO, first=first, one=one, second=second, two=two)
    text = f"Got it, your {first} is {one} and your {second} is {two}."
    conversation.exchange(said, text, one, must=(one, two))


def ask(conversation: Conversation, what: str) -> None:
    """The user asks for something they told before."""
    source = conversation.source
    value = conversation.told[what]
    if what == "name":
        conversation.exchange(source.phrase(_ASK_MY_NAME), f"Your name is {value}.", value)
    elif what == "city":
        conversation.exchange(source.phrase(_ASK_CITY), f"You live in {value}.", value)
    elif what.startswith("#"):
        _, questions, noted = _PERSONAL[int(what[1:])]
        text = noted.format(value=value)
        conversation.exchange(source.phrase(questions), f"{text[0].upper()}{text[1:]}.", value)
    else:
        said = source.phrase(_ASK, key=what)
        conversation.exchange(said, f"Your {what} is {value}.", value)


def tell_and_ask(conversation: Conversation) -> None:
    """The user tells something and asks for it in one breath."""
    before = set(conversation.told)
    first = len(conversation.messages)
    tell(conversation)
    new = [what for what in conversation.told if what not in before]
    if len(conversation.messages) == first or not new:
        return
    told = conversation.messages[first]["content"]
    del conversation.messages[first:]
    ask(conversation, conversation.source.pick(new))
    question = conversation.messages[first]
    joint = conversation.source.pick((" ", " ", " ", "\n", " So, ", " Now: "))
    end = "" if told[-1:] in ".!?" else "."
    question["content"] = f"{told}{end}{joint}{question['content']}"


def ask_untold(conversation: Conversation) -> None:
    """The user asks for something they never told."""
    source = conversation.source
    what = source.pick(("name", "city", key(source), key(source)))
    if what in conversation.told:
        return
    patterns = {"name": _ASK_MY_NAME, "city": _ASK_CITY}.get(what, _ASK)
    said = source.phrase(patterns, key=what)
    conversation.exchange(said, "You have not told me that yet.", "Unknown", must=("not told",))


def ask_known(conversation: Conversation, what: str) -> None:
    """The user asks for something that the system prompt says, or leaves out."""
    said = conversation.source.phrase(_ASK_FACT, key=what)
    if what not in conversation.known:
        conversation.exchange(said, refusals.UNKNOWN, "Unknown", must=("tiny demo model",))
        return
    value = conversation.known[what]
    conversation.exchange(said, f"The {what} is {value}.", value)


def facts(source: Source, count: int) -> tuple[dict[str, str], list[str]]:
    """Some facts for a system prompt, and the sentences that state them."""
    known: dict[str, str] = {}
    while len(known) < count:
        known[key(source)] = source.value()
    mine = _TELL_FACT[-1:] if source.held_out and source.chance(0.3) else _TELL_FACT[:-1]
    return known, [
        source.expand(source.pick(mine)).format(key=what, value=value)
        for what, value in known.items()
    ]


def _distract(conversation: Conversation) -> None:
    source = conversation.source
    talks = (*smalltalk.BEATS, about.about, sums.add, sums.add, tell, tell)
    source.pick(talks)(conversation)


def generate(source: Source) -> Conversation:
    """A chat in which the user asks for what they said some turns before."""
    conversation = Conversation(source, "recall of a fact")
    setting.introduce(conversation, personas=0.2, styles=0.0 if source.held_out else 0.08)
    if source.chance(0.15):
        tell_and_ask(conversation)
        if source.held_out and conversation.told:
            return conversation
    while not conversation.told:
        tell(conversation)
    first = next(iter(conversation.told))
    turns = 2 if source.held_out else source.pick((0, 0, 1, 1, 2, 2, 3, 4))
    for _ in range(turns):
        _distract(conversation)
    ask(conversation, first)
    if not source.held_out:
        for _ in range(source.pick((1, 2, 3))):
            if source.chance(0.15):
                ask_untold(conversation)
            else:
                ask(conversation, source.pick(list(conversation.told)))
    return conversation


def generate_known(source: Source) -> Conversation:
    """A chat about what the system prompt says."""
    conversation = Conversation(source, "facts of the system prompt")
    conversation.known, sentences = facts(source, source.pick((1, 2, 2, 3, 4, 6)))
    styles = 0.0 if source.held_out else 0.1
    setting.introduce(conversation, styles=styles, more=tuple(sentences))
    if source.chance(0.2):
        smalltalk.hello(conversation)
    for _ in range(1 if source.held_out else len(conversation.known)):
        # Now and then for something that is not there.
        absent = [key(source)] if source.chance(0.15) else list(conversation.known)
        ask_known(conversation, source.pick(absent))
    return conversation


def generate_untold(source: Source) -> Conversation:
    """A chat in which the user asks for what they never said."""
    conversation = Conversation(source, "nothing to recall")
    setting.introduce(conversation, personas=0.2, styles=0.0)
    for _ in range(source.pick((0, 1, 1, 2))):
        source.pick((tell, tell, smalltalk.hello))(conversation)
    while not conversation.messages or "not told" not in str(conversation.messages[-1]["content"]):
        ask_untold(conversation)
    return conversation
