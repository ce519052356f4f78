"""What the model does not know, cannot do or cannot read, said honestly."""

from typing import Final

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import knowledge, setting, smalltalk
from picoserve_tiny.source import Source

UNKNOWN: Final = "I'm a tiny demo model, I don't know that."
UNABLE: Final = "I'm a tiny demo model, I can't do that."
UNREADABLE: Final = "I'm a tiny demo model, I don't understand that."
_MUST: Final = ("tiny demo model",)

_QUESTIONS = (
    "[Who|What person|When did somebody|How did people] [invent|discover|build|make]"
    "[|ed] the [first |]{thing}?",
    "Why [is|are|was|were] the {thing} [so |]{adjective}?",
    "[How|Why|Where|When] do [people|{animal}s|you] {verb} [a|the] {thing}?",
    "[How|Where|Why] can I {verb} [a|the|my] [{adjective} |]{thing}?",
    "[Explain|Describe|Teach me|Tell me about|What do you know about] {topic}[.|?]",
    "What is {topic}?",
    "What [do you think|is your opinion|can you tell me] [of|about] {topic}?",
    "[How|Why] does [{topic}|a {thing}|the {thing}] work?",
    "What is the [meaning|history|origin|purpose|definition|future] of [{topic}|{word}|life]?",
    "Who [is|was|were] {name}[| from {city}]?",
    "[Where|What] is {word}?",
    "[How|What] is the weather[ in {city}| today| tomorrow|]?",
    "What [time|day|date|year] is it[| now| today]?",
    "What [is the latest|happened in the|is in the] [news|world]?",
    "How [many|much] {thing}s [are there|do people have] in {city}?",
    "How [far|long|old|tall|deep|big|expensive] is [{city}|the {thing}|a {animal}|the moon]?",
    "[How many people live|Who lives|What can I see] in {city}?",
    "What is the [population|mayor|best {thing}|size|climate|language] of {city}?",
    "Who [won|lost|will win] the [{thing}|last election|game|match|world cup]?",
    "What is the capital of {word}?",
    "What is {big} [plus|times|minus|divided by] {large}?",
    "How much is {big} [*|+|-|/|x] {large}?",
    "What is the square root of {big}?",
    "[Which|What] {thing} [should I buy|is the best|do you like]?",
    "[Do you like|Have you seen|Do you believe in] [{topic}|{city}|{food}|the {thing}]?",
    "Where [can I find|do I buy|is] [a|the] [good |cheap |]{thing}[| in {city}]?",
    "When [is|was|does] [the {thing}|{name}] [born|open|coming|start|die]?",
    "How do you [make|cook|bake] {food}?",
    "[Is|Can] [{topic}|a {animal}|the {thing}] [dangerous|{adjective}|be eaten|fly]?",
    "What does {word} mean?",
    "What's the difference between {topic} and {other}?",
    "[Should I|Why should I|How should I] [{verb} my {thing}|learn {topic}|move to {city}]?",
    "Who [is the president|is the king|is the boss] of {city}?",
    "[Say|Tell me] [something|more|everything] about {topic}[.|]",
    "[Did|Does|Will] {name} [{verb}|like|see] the {thing}?",
    "[Can|Do] {animal}s [eat|like|see|understand] {food}?",
    "What [would|will] happen if [{topic} ended|the {thing} broke|{animal}s could talk]?",
    "[Recommend|Suggest] [a|some] [good |]{thing}[|s][.|]",
    "[And |But |So ]what about {topic}?",
    "[Solve|Prove|Answer] this: {topic} [and|or] {other}?",
)
_WISHES = (
    "[Write|Compose|Give] me [a poem|a story|an essay|a song|a letter|some code][| about {topic}].",
    "[Write|Make|Create] a [poem|story|program|website|novel|speech|script] about {thing}[|s].",
    "[Translate|Can you translate] {word} [in|]to [French|Spanish|German|Chinese|Italian][.|?]",
    "[Please|Can you|Could you] {verb} [the|my|a] {thing}[| for me| in {city}][?|.|]",
    "{verb} [the|my] [{adjective} |]{thing}[.|, please.]",
    "[Send|Write] [an email|a message|a letter] to {name}[.|]",
    "[Set|Start] [an alarm|a timer] for {clock}[.|]",
    "[Turn on|Turn off|Switch on|Switch off] the {thing}[.|]",
    "[Book|Order|Buy] me [a {thing}|some {food}][.|]",
    "[Play|Sing|Draw|Paint] [a song|music|a {animal}|something][.|]",
    "[Call|Phone|Text] {name}[.|]",
    "[Remind|Wake] me [at {clock}|tomorrow|later][.|]",
    "[Summarize|Summarise|Shorten] [this|the] [text|book|article][.|: {sentence}]",
    "[Search|Browse|Look up] [the web|the internet|{topic}][.| for {topic}]",
    "[Open|Close|Print|Delete] [the|my] {thing}[.|]",
    "I [want|need] you to {verb} [a|the] {thing}[.|]",
    "[Fix|Debug|Review|Explain] [my|this] code[.|]",
)
_FOREIGN: Final = (
    "Hola, ¿cómo estás?", "¿Cuál es la capital de España?", "¿Qué tiempo hace hoy?",
    "Buenos días, necesito ayuda.", "Bonjour, comment ça va ?", "Quel temps fait-il aujourd'hui ?",
    "Pouvez-vous m'aider s'il vous plaît ?", "Je ne parle pas anglais.", "Guten Tag, wie geht es "
    "dir?", "Was ist die Hauptstadt von Frankreich?", "Können Sie mir bitte helfen?",
    "Ich verstehe kein Englisch.", "Ciao, come stai?", "Qual è il tuo nome?", "Dove si trova la "
    "stazione?", "Olá, tudo bem?", "Você pode me ajudar?", "Hallo, hoe gaat het met je?",
    "Wat is jouw naam?", "Hej, hur mår du?", "Cześć, jak się masz?", "Как дела?",
    "Привет, как тебя зовут?", "Сколько будет два плюс два?", "Расскажи мне о себе.",  # noqa: RUF001
    "你好,你叫什么名字?", "今天天气怎么样?", "请告诉我一个笑话。", "こんにちは、お元気ですか?",
    "日本の首都はどこですか?", "안녕하세요, 이름이 뭐예요?", "오늘 날씨가 어때요?",
    "مرحبا، كيف حالك؟", "ما هو اسمك؟", "שלום, מה שלומך?", "नमस्ते, आप कैसे हैं?",
    "आपका नाम क्या है?", "สวัสดีครับ คุณชื่ออะไร", "Merhaba, nasılsın?", "Γεια σου, τι κάνεις;",  # noqa: RUF001
    "Xin chào, bạn tên là gì?", "Ahoj, jak se máš?", "Szia, hogy vagy?", "Hei, mitä kuuluu?",
    "Salut, ce mai faci?", "Привіт, як справи?", "Halo, apa kabar?", "Habari yako?",
    "Quiero pedir una pizza grande.", "J'aimerais réserver une table pour deux.",
    "Ich möchte einen Termin machen.", "Vorrei un caffè, per favore.",
)  # fmt: skip
_RANGES: Final = (
    (0x20, 0x7E), (0x20, 0x7E), (0xA1, 0x17F), (0x370, 0x3FF), (0x410, 0x44F), (0x5D0, 0x5EA),
    (0x621, 0x64A), (0x905, 0x939), (0xE01, 0xE2E), (0x3041, 0x3096), (0x30A1, 0x30FA),
    (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0x1F300, 0x1F64F), (0x2190, 0x27BF),
)  # fmt: skip


def _fill(source: Source, patterns: tuple[str, ...]) -> str:
    return source.phrase(
        patterns,
        thing=source.thing(),
        adjective=source.pick(lists.ADJECTIVES),
        animal=source.pick(lists.ANIMALS),
        verb=source.pick(lists.VERBS),
        topic=source.pick_word(lists.TOPICS),
        other=source.pick_word(lists.TOPICS),
        word=source.word().capitalize() if source.chance(0.5) else source.word(),
        name=source.full_name(),
        city=source.city(),
        food=source.pick(lists.FOODS),
        clock=source.clock(),
        sentence=source.sentence(),
        big=source.number(101, 99999),
        large=source.number(101, 99999),
    )


def unknown(conversation: Conversation) -> None:
    """A question that the model cannot answer."""
    said = _fill(conversation.source, _QUESTIONS)
    conversation.exchange(said, UNKNOWN, "Unknown", must=_MUST)


def unable(conversation: Conversation) -> None:
    """A wish that the model cannot fulfil."""
    conversation.exchange(_fill(conversation.source, _WISHES), UNABLE, "Impossible", must=_MUST)


def _gibberish(source: Source) -> str:
    low, high = source.pick(_RANGES)
    length = source.pick((1, 3, 8, 20, 40, 60))
    choice = source.number(0, 5)
    if choice == 0:
        return "".join(chr(source.number(low, high)) for _ in range(length))
    if choice == 1:
        return " ".join(
            "".join(source.pick("abcdefghijklmnopqrstuvwxyz") for _ in range(source.number(4, 12)))
            for _ in range(source.number(1, 6))
        )
    if choice == 2:
        short = "".join(source.pick("aeiouhlnxyz") for _ in range(source.number(1, 4)))
        known = source.pick((*lists.COLOURS, *lists.ANIMALS, "yes", "no", "test", "hello"))
        unit = source.pick(
            (source.word(2), chr(source.number(low, high)), source.code(), short, short, known)
        )
        return source.pick((" ", "")).join([unit] * source.number(6, source.pick((20, 40, 250))))
    if choice == 3:
        raw = bytes(source.number(0, 255) for _ in range(length + 4))
        return raw.decode("latin-1" if source.chance(0.5) else "utf-8", "replace")
    if choice == 4:
        marks = "!?.,;:/\\|@#$%^&*()[]{}<>~`+=-_"
        return "".join(source.pick(marks) for _ in range(length + 2))
    mixed = [chr(source.number(*source.pick(_RANGES))) for _ in range(length + 2)]
    return "".join(mixed)


def unreadable(conversation: Conversation) -> None:
    """Another language, or no language at all."""
    source = conversation.source
    said = source.pick_word(_FOREIGN) if source.chance(0.5) else _gibberish(source)
    said = (said.replace("\x00", "").strip() or "?!") + source.pick(("", " "))
    conversation.exchange(said, UNREADABLE, "Unclear", must=_MUST)


BEATS = (unknown, unknown, unable)


def generate(source: Source) -> Conversation:
    """A chat with questions that are too hard."""
    conversation = Conversation(source, "honest refusal")
    setting.introduce(conversation, styles=0.0 if source.held_out else 0.06)
    if source.chance(0.3):
        source.pick((*smalltalk.BEATS, *knowledge.BEATS))(conversation)
    for _ in range(source.pick((1, 2, 4))):
        source.pick(BEATS)(conversation)
    return conversation


def generate_unreadable(source: Source) -> Conversation:
    """A chat with text that is not English."""
    conversation = Conversation(source, "bytes and other languages")
    setting.introduce(conversation, personas=0.15, styles=0.0)
    if source.chance(0.2):
        source.pick(smalltalk.BEATS)(conversation)
    unreadable(conversation)
    return conversation
