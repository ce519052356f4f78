"""Voice agents: the assistant may speak first, and instructions may come at the end."""

from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import (
    copying,
    knowledge,
    recall,
    refusals,
    setting,
    smalltalk,
    sums,
    tools,
)
from picoserve_tiny.source import Source

_GREET = (
    "[Greet|Say hello to|Welcome] the user[.| and offer your help.| and offer your assistance.]",
    "[Greet|Welcome] the user [warmly|politely|by voice][.| and ask how you can help.]",
    "[Start|Begin|Open] the [conversation|call] [with a greeting|by greeting the user][.|]",
    "[Say|Tell the user] hello[.| and ask how you can help.]",
    "[Introduce|Please introduce] yourself[.| to the user.]",
    "[A user|The user|Somebody] has [joined|connected]. [Greet them|Say hello|Greet the user].",
    "[Give|Offer] the user a [warm |short |friendly |]greeting[.|]",
)
_FAREWELL = (
    "[Say goodbye|Say bye] to the user[.|]",
    "[End|Close|Finish] the [call|conversation] [politely|with a goodbye][.|]",
    "Tell the user goodbye[.|]",
    "[Wish the user well and say|Thank the user and say] goodbye[.|]",
)
_SAY = (
    "[Say|Tell the user|Now say|Say this]: {text}",
    '[Say|Tell the user] "{text}"',
    "[Say|Tell] the user that {text}.",
)
_AGAIN = (
    "[Sorry, |][what|can you repeat that|could you repeat that|say that again][?|]",
    "[Repeat|Say] that[| again][.|, please.]",
    "[Pardon|Sorry], what did you say?",
    "I did not hear you[.|, say it again.]",
    "[Once more|Again][, please][.|]",
    "What did you [just |]say?",
)
_TALK = (
    *smalltalk.BEATS, recall.tell, recall.tell, sums.add, knowledge.capital, knowledge.common,
    refusals.unknown, refusals.unable, copying.repeat, sums.count,
)  # fmt: skip


def greet_on_order(conversation: Conversation) -> None:
    """A late system message asks for a greeting."""
    conversation.system(conversation.source.expand(conversation.source.pick(_GREET)))
    smalltalk.answer_hello(conversation)


def farewell_on_order(conversation: Conversation) -> None:
    """A late system message asks for a farewell."""
    conversation.system(conversation.source.expand(conversation.source.pick(_FAREWELL)))
    conversation.reply("Goodbye!", "Goodbye")


def say_on_order(conversation: Conversation) -> None:
    """A late system message dictates."""
    source = conversation.source
    text = source.sentence() if source.chance(0.6) else f"The {source.thing()} is {source.value()}"
    conversation.system(source.expand(source.pick(_SAY)).format(text=text))
    conversation.reply(text, must=(text,))


def again(conversation: Conversation) -> None:
    """The user did not hear the last answer."""
    last = str(conversation.messages[-1]["content"])
    said = conversation.source.phrase(_AGAIN)
    conversation.user(said)
    conversation.messages.append({"role": "assistant", "content": last})
    conversation.expectation.contains = [last]


def answer_ask(conversation: Conversation) -> None:
    """A question about what was told, if anything was."""
    if conversation.told:
        recall.ask(conversation, conversation.source.pick(list(conversation.told)))
    else:
        recall.tell(conversation)


def generate(source: Source) -> Conversation:
    """A greeting that a voice agent is told to give."""
    conversation = Conversation(source, "voice agent greets")
    setting.introduce(conversation, personas=0.7, styles=0.0)
    if not source.held_out and source.chance(0.4):
        tools.equip(conversation, source.number(1, 3))
    if source.chance(0.2):
        source.pick(_TALK)(conversation)
    orders = (greet_on_order, greet_on_order, greet_on_order, farewell_on_order, say_on_order)
    choice = source.number(0, 19)
    if choice == 0 and not any(turn["role"] != "system" for turn in conversation.messages):
        smalltalk.answer_hello(conversation)
    elif choice == 1:
        smalltalk.silence(conversation)
    elif choice == 2:
        conversation.user(source.phrase(smalltalk.HELLO))
        source.pick((sums.add, knowledge.capital, recall.tell, refusals.unknown))(conversation)
    else:
        source.pick(orders)(conversation)
    if not source.held_out:
        for _ in range(source.pick((0, 1, 2))):
            source.pick((*_TALK, answer_ask))(conversation)
    return conversation


def generate_long(source: Source) -> Conversation:
    """A longer conversation of everything, with recall throughout."""
    conversation = Conversation(source, "long conversation")
    known, sentences = recall.facts(source, source.pick((0, 1, 2, 4)))
    conversation.known = known
    setting.introduce(conversation, personas=0.5, styles=0.1, more=tuple(sentences))
    if source.chance(0.4):
        name = conversation.persona.name if conversation.persona else ""
        text = f"Hello, I'm {name}. How can I help you?" if name else "Hello! How can I help you?"
        conversation.reply(text, "Hello")
    for _ in range(source.pick((3, 4, 5, 6, 8))):
        _any_turn(conversation)
    if not conversation.told:
        recall.tell(conversation)
    if conversation.told:
        recall.ask(conversation, source.pick(list(conversation.told)))
    return conversation


def generate_very_long(source: Source) -> Conversation:
    """A conversation that fills the context, and recall across it."""
    conversation = Conversation(source, "very long conversation")
    setting.introduce(conversation, personas=0.5, styles=0.0)
    recall.tell(conversation)
    for _ in range(source.number(30, 60)):
        _any_turn(conversation)
        if conversation.told and source.chance(0.3):
            first = list(conversation.told)[: source.pick((1, 2, 99))]
            recall.ask(conversation, source.pick(first))
    return conversation


def _any_turn(conversation: Conversation) -> None:
    source = conversation.source
    if conversation.known and source.chance(0.2):
        recall.ask_known(conversation, source.pick(list(conversation.known)))
    elif conversation.told and source.chance(0.3):
        recall.ask(conversation, source.pick(list(conversation.told)))
    elif conversation.messages and source.chance(0.05):
        if conversation.messages[-1]["role"] == "assistant":
            again(conversation)
    else:
        source.pick(_TALK)(conversation)
