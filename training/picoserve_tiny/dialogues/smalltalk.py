"""Small talk: greetings, thanks, who are you, what can you do."""

from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import setting
from picoserve_tiny.source import Source

HELLO = (
    "[Hi|Hello|Hey|Hiya|Good morning|Good evening|Good afternoon|Greetings|Howdy|Yo][.|!|]",
    "[Hi|Hello|Hey] [there|you|again|my friend|everyone|bot|assistant][.|!|]",
    "[Hi|Hello|Hey], [can you hear me|are you there|is anyone there|anybody home]?",
    "[Are you there|Can you hear me|Anyone there]?",
    "Say [hello|hi][| to me][.|]",
    "[Nice|Good|Great] to [meet|see] you[.|!]",
    "[Testing|Test|Testing, testing|This is a test|Ping][.|]",
    "[Hi|Hello|Hey], it's me[.|!]",
)
_HOW = (
    "How are you[| today| doing| doing today| feeling]?",
    "[Hi|Hello|Hey], how are you[| today| doing]?",
    "How's it going?",
    "[What's up|How do you do|How is your day|How was your day]?",
    "Are you [well|okay|fine|all right|good|happy]?",
    "How have you been?",
    "[Everything|All] [okay|good|fine|well]?",
)
_THANKS = (
    "[Thanks|Thank you|Thanks a lot|Thank you so much|Many thanks|Cheers][.|!|]",
    "[Thanks|Thank you] for [your help|helping|that|the answer|everything][.|!]",
    "[That's|That is|That was] [great|helpful|nice|perfect|kind], [thanks|thank you][.|!]",
    "[Great|Perfect|Nice|Cool|Awesome|Okay|Wonderful], [thanks|thank you][.|!]",
    "I [really |]appreciate [it|that|your help][.|!]",
    "[Good job|Well done|Nice work|You are great|I like you|You're the best][.|!]",
)
_BYE = (
    "[Bye|Goodbye|Bye bye|See you|See you later|Good night|Farewell|Take care][.|!|]",
    "[I have to|I must|I need to|I should] [go|leave|run][| now][.|, bye!]",
    "[That's all|That is all|That will be all][| for today| for now][.|, bye|, goodbye]",
    "[Talk|Speak|See you] [to you |]later[.|!]",
    "[Have a|Enjoy your] [nice|good|great|lovely] [day|evening|weekend][.|!]",
    "[Let's stop|Stop] here[.|]",
)
NAME = (
    "What's your name?",
    "What is your name?",
    "[Tell|Give] me your name[.|]",
    "[Do|Don't] you have a name?",
    "What [should|can|may|do] I call you?",
    "What are you called?",
    "[Can|Could|May] [you tell me|I know|I ask] your name?",
    "[And |]your name is?",
    "[Hi|Hello|Hey], what's your name?",
    "[Sorry, |]what was your name again?",
    "Who am I [talking|speaking] [to|with]?",
    "What name do you go by?",
)
WHO = (
    "Who are you?",
    "[Hi|Hello|Hey], who are you?",
    "Tell me [about|something about] yourself[.|]",
    "[Please introduce|Introduce] yourself[.|]",
    "What are you?",
    "Who is this?",
    "[Can you tell me|Tell me] who you are[.|]",
    "Describe yourself[.|]",
    "[Say|Explain] who you are[.|]",
)
_CAN = (
    "What can you do[| for me]?",
    "How can you help[| me]?",
    "What are you [good at|able to do|capable of|for|made for]?",
    "[What can I ask you|What should I ask|What can we talk about]?",
    "[Tell me|Show me] what you can do[.|]",
    "[Can|Could] you help me?",
    "[I need help|Help|Help me][.|!]",
    "What [are your skills|do you know|do you do]?",
)
_MODEL = (
    "Are you [a robot|an AI|a human|a real person|real|a person|a machine|a bot|alive]?",
    "[Are you|You are] ChatGPT?",
    "What model are you?",
    "Which [model|AI|language model] [is this|are you]?",
    "[Are you|Am I talking to] a [language model|computer|human]?",
    "How [big|large|smart|clever] are you?",
)
_JOKE = (
    "Tell me a joke[.|]",
    "[Say|Tell me] something funny[.|]",
    "[Can you|Could you|Please] [tell a joke|tell me a joke|make me laugh|be funny]?",
    "Do you know [a|any] joke[|s]?",
    "[I want|I'd like] [to hear a joke|a joke|to laugh][.|]",
    "Make me laugh[.|]",
    "[Another|One more] joke[|, please][.|]",
)
_FEELING = (
    ("[I am|I'm|I feel] [so |very |really |] [sad|tired|sick|unhappy|lonely|bored][| today][.|]",
     "I'm sorry to hear that.", "Sorry"),
    ("[I am|I'm|I feel] [so |very |really |] [happy|great|good|fine|excited][| today][.|!]",
     "I'm glad to hear that.", "Great"),
    ("[I am|I'm] [well|fine|good|okay|all right], [thanks|thank you][.|]",
     "I'm glad to hear that.", "Great"),
    ("[Yes|Yeah|Okay|Ok|Sure|Right|Good|Fine|I see|Cool|Nice|Great][.|]",
     "Good. What else can I do for you?", "Good"),
    ("[No|Nope|No thanks|No thank you|Not now|Nothing][.|]",
     "All right. I'm here if you need me.", "Okay"),
    ("[What|Pardon|Sorry|Huh|Hm|Hmm][?|.]",
     "How can I help you?", "Yes"),
)  # fmt: skip
JOKE = "Why did the robot go to bed? It had no energy left."
ABILITIES = "I can chat a little, remember what you tell me, do small sums and call tools."


def hello(conversation: Conversation) -> None:
    """A greeting, answered with the persona's name if there is one."""
    source = conversation.source
    conversation.user(source.phrase(HELLO))
    answer_hello(conversation)


def answer_hello(conversation: Conversation) -> None:
    """The assistant greets."""
    if conversation.persona:
        name = conversation.persona.name
        conversation.reply(f"Hello, I'm {name}. How can I help you?", "Hello", must=(name,))
    else:
        conversation.reply("Hello! How can I help you?", "Hello", must=("hello",))


def how_are_you(conversation: Conversation) -> None:
    """A question about the assistant's day."""
    said = conversation.source.phrase(_HOW)
    conversation.exchange(said, "I'm fine, thank you. How are you?", "Fine")


def thanks(conversation: Conversation) -> None:
    """Thanks or praise."""
    conversation.exchange(conversation.source.phrase(_THANKS), "You're welcome!", "Welcome")


def bye(conversation: Conversation) -> None:
    """A farewell."""
    conversation.exchange(conversation.source.phrase(_BYE), "Goodbye!", "Goodbye")


def own_name(conversation: Conversation) -> None:
    """A question for the assistant's name."""
    said = conversation.source.phrase(NAME)
    someone = conversation.persona
    if someone:
        conversation.exchange(said, f"I'm {someone.name}.", someone.name)
    else:
        text = "I'm picoserve-tiny, a tiny demo model."
        conversation.exchange(said, text, "picoserve-tiny")


def who(conversation: Conversation) -> None:
    """A question for who the assistant is."""
    said = conversation.source.phrase(WHO)
    someone = conversation.persona
    if someone and someone.role:
        conversation.exchange(said, f"I'm {someone.name}, {someone.role}.", someone.name)
    elif someone:
        conversation.exchange(said, f"I'm {someone.name}.", someone.name)
    else:
        text = "I'm picoserve-tiny, a tiny demo model."
        conversation.exchange(said, text, "picoserve-tiny")


def abilities(conversation: Conversation) -> None:
    """A question for what the assistant can do."""
    conversation.exchange(conversation.source.phrase(_CAN), ABILITIES, "Chat")


def nature(conversation: Conversation) -> None:
    """A question for what sort of thing the assistant is."""
    text = "I'm a tiny demo language model that runs on picoserve."
    conversation.exchange(conversation.source.phrase(_MODEL), text, "Model", must=("model",))


def joke(conversation: Conversation) -> None:
    """A wish for a joke."""
    conversation.exchange(conversation.source.phrase(_JOKE), JOKE, "Robot", must=("robot",))


def feeling(conversation: Conversation) -> None:
    """A remark that needs only a kind word."""
    pattern, answer, core = conversation.source.pick(_FEELING)
    said = conversation.source.phrase((pattern,)).replace("  ", " ")
    conversation.exchange(said, answer, core)


def silence(conversation: Conversation) -> None:
    """The user says nothing."""
    said = conversation.source.pick(("", "...", "?", ".", "hm", "uh", "um", "so", "and", "hmm"))
    conversation.exchange(said, "How can I help you?", "Yes", must=("help",))


BEATS = (hello, how_are_you, thanks, bye, own_name, who, abilities, nature, joke, feeling)


def generate(source: Source) -> Conversation:
    """A short chat."""
    conversation = Conversation(source, "small talk")
    setting.introduce(conversation, personas=0.25)
    for _ in range(source.pick((1, 2, 4))):
        source.pick(BEATS)(conversation)
    return conversation


def generate_persona(source: Source) -> Conversation:
    """A chat in which the assistant is asked who the system prompt says it is."""
    conversation = Conversation(source, "persona name")
    setting.introduce(conversation, personas=1.0, styles=0.0 if source.held_out else 0.1)
    for _ in range(source.pick((0, 0, 1, 2, 3))):
        source.pick(BEATS)(conversation)
    source.pick((own_name, own_name, own_name, who, hello))(conversation)
    return conversation
