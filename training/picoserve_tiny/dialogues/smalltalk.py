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
    "[hi|hey|hello|yo|hiya|heya|hullo|hallo]",
    "[Hi hi|Hello hello|Hey hey|Hi, hi|Hello, hello][.|!]",
    "[Hi|Hello|Hey] [picoserve|picoserve-tiny|robot|computer|model|buddy|world][.|!]",
    "[Good day|Good to hear you|Welcome|Salutations|Morning|Evening|Afternoon][.|!]",
    "[Pleased|Happy|Delighted] to meet you[.|!]",
    "[I'm here|I am here|I'm back|I am back|Here I am][.|!]",
    "[Hello|Hi]? [Is this thing on|Does this work|Is this working|Anyone]?",
    "[One two three|Mic check|Check check|Hello world|Does it work|Is it working][.|?|!]",
    "[Wake up|Are you awake|Are you ready|Ready|Shall we start|Let's start|Let's begin][?|.]",
    "[I|We] just wanted to say [hi|hello][.|!]",
    "[Greet me|Say hi|Say hello|Give me a greeting][.|]",
)
_HOW = (
    "How are you[| today| doing| doing today| feeling]?",
    "[Hi|Hello|Hey], how are you[| today| doing]?",
    "How's it going?",
    "[What's up|How do you do|How is your day|How was your day]?",
    "Are you [well|okay|fine|all right|good|happy]?",
    "How have you been?",
    "[Everything|All] [okay|good|fine|well]?",
    "How are things[| going| with you| today]?",
    "How [do you feel|are you feeling|have you been doing|goes it|are you getting on]?",
    "[how r u|how are u|hows it going|sup|wassup|whats up][?|]",
    "[What's new|What's going on|What is happening|Anything new][?|]",
    "[Is everything|Are things] [okay|all right|fine|good][| with you]?",
    "[Are you|You] having a [good|nice|great] [day|time]?",
    "[Hope|I hope] you [are|'re] [well|fine|okay][.|]",
)
_THANKS = (
    "[Thanks|Thank you|Thanks a lot|Thank you so much|Many thanks|Cheers][.|!|]",
    "[Thanks|Thank you] for [your help|helping|that|the answer|everything][.|!]",
    "[That's|That is|That was] [great|helpful|nice|perfect|kind], [thanks|thank you][.|!]",
    "[Great|Perfect|Nice|Cool|Awesome|Okay|Wonderful], [thanks|thank you][.|!]",
    "I [really |]appreciate [it|that|your help][.|!]",
    "[Good job|Well done|Nice work|You are great|I like you|You're the best][.|!]",
    "[thx|ty|tysm|thank u|tks|Thanks so much|Thank you kindly][.|!|]",
    "[You|That] [helped|helped me] [a lot|very much][.|!]",
    "[Good|Great|Excellent|Amazing|Brilliant|Lovely|Fantastic][.|!] [Thanks|Thank you][.|!]",
    "[Thanks|Thank you], [you are|that is|that was] [great|kind|helpful|very helpful][.|!]",
    "[I am|I'm] [so |very |]grateful[.|!]",
    "[Okay|All right|Right|Ok] [thanks|thank you|thx][.|!]",
    "[You are|You're] [so |very |really |][kind|nice|helpful|smart|clever|funny|cute][.|!]",
    "[I love you|You rock|You did well|Good answer|Nice one|Good bot|I love it][.|!]",
)
_BYE = (
    "[Bye|Goodbye|Bye bye|See you|See you later|Good night|Farewell|Take care][.|!|]",
    "[I have to|I must|I need to|I should] [go|leave|run][| now][.|, bye!]",
    "[That's all|That is all|That will be all][| for today| for now][.|, bye|, goodbye]",
    "[Talk|Speak|See you] [to you |]later[.|!]",
    "[Have a|Enjoy your] [nice|good|great|lovely] [day|evening|weekend][.|!]",
    "[Let's stop|Stop] here[.|]",
    "[bye|cya|gn|ttyl|bye now|byebye|ciao]",
    "[I am|I'm] [leaving|off|going|done|going home|going to bed][| now][.|]",
    "[Until|See you] [tomorrow|next time|then|soon|again][.|!]",
    "[Thanks|Thank you|Okay|All right], [bye|goodbye|see you][.|!]",
    "[We are|We're|I think we are] [done|finished][| here][.|]",
    "[Sleep well|Good night and sleep well|Take it easy|All the best|So long][.|!]",
    "[It was|It's been] [nice|good|great] [talking|speaking|chatting] [to|with] you[.|!]",
    "[End|Finish|Stop] the chat[.|]",
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
    "[your name|name|ur name|name please][?|]",
    "[What|Which] name [do you have|did they give you|was given to you]?",
    "[Who|What] [should|do] I [say|tell them] I [spoke|talked] to?",
    "How [should|do|may|can] I [address|call] you?",
    "[What|How] do [people|they|others|your friends] call you?",
    "I [did not|didn't] [catch|get|hear] your name[.|]",
    "[State|Say|Spell out|Reveal] your name[.|]",
    "[I'd like|I want] to know your name[.|]",
    "[Remind me|Tell me again], what's your name?",
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
    "[who r u|who are u|who dis|what r u][?|]",
    "[And |So |]who are you[| then| exactly| anyway]?",
    "[What|Who] am I [talking|speaking|chatting] to?",
    "[I want|I'd like] to know who you are[.|]",
    "[Who|What] is [there|on the line|on the phone|answering]?",
    "[Give me|I'd like] [a short|an] introduction[.|, please.]",
    "[Let me know|Remind me] who you are[.|]",
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
    "[What else|What more] can you do?",
    "[What|Which] [things|tasks|jobs] [can|could] you [do|help with]?",
    "[What|How] [are you|is this] [useful|good] for?",
    "[What is|What's] [your purpose|your job|your task|this for]?",
    "[What can you|Can you] [help me with|do|answer]?",
    "[I have a question|I have a problem|Can I ask you something|May I ask a question][.|?|]",
    "[List|Name|Describe] your [skills|abilities|features][.|]",
    "[help|help pls|help please|options|menu]",
    "[Are you|You are] [useful|helpful]?",
)
_MODEL = (
    "Are you [a robot|an AI|a human|a real person|real|a person|a machine|a bot|alive]?",
    "[Are you|You are] ChatGPT?",
    "What model are you?",
    "Which [model|AI|language model] [is this|are you]?",
    "[Are you|Am I talking to] a [language model|computer|human]?",
    "How [big|large|smart|clever] are you?",
    "[Are you|Is this] [an LLM|a chatbot|a program|software|GPT|artificial intelligence]?",
    "[What|Which] [kind|sort|type] of [model|thing|machine|AI|program] are you?",
    "[What are you made of|How do you work|How were you made|How many parameters do you have]?",
    "Do you [sleep|eat|have feelings|dream|think|have a body|breathe|get tired|live]?",
    "[Am I|I am] [talking|speaking] to [a robot|an AI|a real person|a machine][?|]",
    "How old are you?",
    "[Are you|You are] [Claude|Gemini|Siri|Alexa|Llama|Mistral|GPT-4|Copilot]?",
    "[Who|What] [made|built|trained|created] you?",
)
_JOKE = (
    "Tell me a joke[.|]",
    "[Say|Tell me] something funny[.|]",
    "[Can you|Could you|Please] [tell a joke|tell me a joke|make me laugh|be funny]?",
    "Do you know [a|any] joke[|s]?",
    "[I want|I'd like] [to hear a joke|a joke|to laugh][.|]",
    "Make me laugh[.|]",
    "[Another|One more] joke[|, please][.|]",
    "[joke|jokes|a joke|joke please|tell joke]",
    "[Give|Tell] us a [good |funny |]joke[.|]",
    "[Let me hear|Let's hear|Come on,] a joke[.|]",
    "[Know|Got|Have you] [a joke|any jokes|any good jokes]?",
    "[Cheer me up|Entertain me|Be funny|Amuse me][.|]",
    "[Say|Tell me] [a funny thing|a joke|a good joke|a short joke][.|, please.]",
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
