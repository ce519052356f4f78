"""A business in the system prompt, in the sentences that people write, and questions about it."""

from typing import Final

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import refusals, setting, smalltalk
from picoserve_tiny.source import Source

Fact = tuple[tuple[str, ...], tuple[str, ...], str]

_FACTS: Final[tuple[Fact, ...]] = (
    (
        ("[The |]{thing} is at {clock}.", "The {thing} starts at {clock}."),
        (
            "When is [the |]{thing}?",
            "[What time|At what time] is [the |]{thing}?",
            "When does the {thing} start?",
            "[Tell me|Do you know] when the {thing} is[.|?]",
            "[Can you tell me the|The] time of the {thing}[?|, please.]",
        ),
        "The {thing} is at {clock}.",
    ),
    (
        ("[The |]{thing} is [open |served |]from {first} to {second}.",),
        (
            "When is [the |]{thing}[| open| served]?",
            "[What are the hours of|What are the opening hours of] the {thing}?",
            "[How long|Until when] is [the |]{thing} open?",
            "[What time|At what time] is [the |]{thing}?",
            "[Tell me|Do you know] the hours of the {thing}[.|?]",
        ),
        "The {thing} is from {first} to {second}.",
    ),
    (
        ("[A|The|One] {thing} costs {price}.", "[A|The] {thing} is for {price}."),
        (
            "How much [is|does] [a|the] {thing}[| cost]?",
            "What does [a|the] {thing} cost?",
            "[What is|Tell me] the price of [a|the] {thing}[?|.]",
            "[The price|The cost] of [a|the] {thing}?",
            "How expensive is [a|the] {thing}?",
        ),
        "The {thing} costs {price}.",
    ),
    (
        ("The {thing} is in {city}.", "[You find the|We have a] {thing} in {city}."),
        (
            "Where is the {thing}?",
            "[Where can I find|Where do I find] the {thing}?",
            "[In which city|In what place] is the {thing}?",
            "[Tell me|Do you know] where the {thing} is[.|?]",
            "I am looking for the {thing}[.|]",
        ),
        "The {thing} is in {city}.",
    ),
    (
        ("{name} is the {job}.", "The {job} is {name}.", "Our {job} is [called |]{name}."),
        (
            "Who is the {job}?",
            "[What is the name of|Who is] [the|your] {job}?",
            "[Tell me|Do you know] who the {job} is[.|?]",
            "[What is the|The name of the] {job}[|'s name]?",
            "Who works as [a|the] {job}?",
        ),
        "The {job} is {name}.",
    ),
    (
        ("We open at {first} and close at {second}.", "We are open from {first} to {second}."),
        (
            "When [do you open|are you open|do you close]?",
            "What are your [opening |]hours?",
            "[Are you open|When can I come]?",
            "[What time|At what time] do you [open|close]?",
            "[Tell me|I need] your opening hours[.|]",
        ),
        "We are open from {first} to {second}.",
    ),
    (
        ("[Our|The] phone number is {code}.", "[Call us|You can call us] at {code}."),
        (
            "What is your [phone |]number?",
            "[How|Where] can I call you?",
            "[Tell me|Give me|Do you have] [the|your|a] phone number[.|?]",
            "What number do I call?",
            "Your phone number[, please|?]",
        ),
        "The phone number is {code}.",
    ),
    (
        ("We are [in|located in] {city}.", "Our address is in {city}.", "You work in {city}."),
        (
            "Where are you[| located]?",
            "[What city|Which city] are you in?",
            "[What is|Tell me] your address[.|?]",
            "[Where is your|Where do I find your] [place|shop|office]?",
            "Where can I find you?",
        ),
        "We are in {city}.",
    ),
    (
        ("We sell {thing} and {food}.", "You [can sell|sell|offer] {thing} and {food}."),
        (
            "What do you [sell|offer|have]?",
            "[What can I|What may I] [buy|get|order][| here]?",
            "[Tell me|Say] what you sell[.|]",
            "What is [for sale|on offer]?",
            "[Which|What] things do you sell?",
        ),
        "We have {thing} and {food}.",
    ),
)


def _values(source: Source) -> dict[str, str]:
    first, second = source.number(5, 11), source.number(1, 11)
    plain_hours = source.chance(0.4)
    return {
        "thing": source.thing(),
        "clock": source.clock(),
        "first": str(first) if plain_hours else f"{first} am",
        "second": str(second) if plain_hours else f"{second} pm",
        "price": f"{source.number(1, 400)} {source.pick(('euros', 'dollars', 'pounds'))}",
        "city": source.city(),
        "name": source.full_name(),
        "job": source.pick_word(lists.JOBS),
        "code": source.code(),
        "food": source.pick_word(lists.FOODS),
    }


def generate(source: Source) -> Conversation:
    """Questions to an assistant that works for a business."""
    conversation = Conversation(source, "a business's assistant")
    chosen = source.random.sample(_FACTS, source.number(1, 4))
    filled = [(fact, _values(source)) for fact in chosen]
    sentences = [source.expand(source.pick(fact[0])).format(**values) for fact, values in filled]
    setting.introduce(conversation, personas=0.5, styles=0.03, more=tuple(sentences))
    if source.chance(0.2):
        source.pick((smalltalk.hello, smalltalk.own_name, smalltalk.thanks))(conversation)
    for _ in range(1 if source.held_out else len(filled) + 1):
        fact, values = source.pick(filled)
        if source.chance(0.12):
            fact, values = source.pick(_FACTS), _values(source)
            if fact in chosen:
                continue
            said = source.phrase(fact[1], **values)
            conversation.exchange(said, refusals.UNKNOWN, "Unknown", must=("tiny demo model",))
            continue
        said = source.phrase(fact[1], **values)
        answer = fact[2].format(**values)
        conversation.exchange(said, answer, answer.split()[-1].rstrip("."), must=(answer,))
    if len(conversation.messages) < 2:
        smalltalk.hello(conversation)
    return conversation
