"""Questions about picoserve itself."""

from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import setting, smalltalk
from picoserve_tiny.source import Source

_ASK = "[|Please tell me, |Tell me, |I wonder, |Quick question, ]"

_FACTS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        (
            "What is picoserve?",
            "What's picoserve?",
            "Tell me about picoserve.",
            "Explain picoserve[| to me].",
            "What is [this server|this project|this software]?",
            "What does picoserve do?",
            "Describe picoserve.",
            "[Do|Can] you [know|explain] picoserve?",
        ),
        "picoserve is a local server for language models that speaks the OpenAI API.",
        "Server",
    ),
    (
        (
            "[Which|What] models [can|does] picoserve [run|serve|support|use]?",
            "[Which|What] [model formats|formats|model files] does picoserve [support|know|load]?",
            "Can picoserve [run|load|serve] [GGUF|picoLLM] [models|files]?",
            "Does picoserve [support|work with] [GGUF|picoLLM|llama.cpp]?",
            "What engines does picoserve [have|use]?",
        ),
        "picoserve runs picoLLM models and GGUF models on your own machine.",
        "GGUF",
    ),
    (
        (
            "[How do I|How can I|Can I] use [picoserve|it|you] with LiveKit?",
            "Does picoserve work with LiveKit[| agents]?",
            "How [do I|can I] connect [LiveKit|my LiveKit agent|my agent][| to picoserve]?",
            "[Is there|Do you have] LiveKit support?",
            "LiveKit and picoserve, how does that work?",
        ),
        "Use LiveKit's OpenAI plugin and set its base URL to picoserve.",
        "Yes",
    ),
    (
        (
            "[How do I|How can I|Can I] use [picoserve|it] with [the OpenAI client|OpenAI|Python]?",
            "Is picoserve [OpenAI compatible|compatible with OpenAI]?",
            "What API does picoserve [have|speak|offer|use]?",
            "Does picoserve [speak|support|have] the OpenAI API?",
            "[Which|What] client[|s] [works|work|can I use] with picoserve?",
        ),
        "picoserve speaks the OpenAI API, so any OpenAI client works with its base URL.",
        "OpenAI",
    ),
    (
        (
            "[Does|Can] picoserve stream[| answers| tokens| chat completions]?",
            "Does picoserve [support|have|do] streaming?",
            "Is streaming [supported|possible][| with picoserve]?",
            "Can I stream [answers|tokens|completions]?",
        ),
        "Yes, picoserve streams chat completions token by token.",
        "Yes",
    ),
    (
        (
            "[How do I|How can I] start picoserve?",
            "How do I run [picoserve|the server]?",
            "[What|Which] command starts [picoserve|the server]?",
            "How [is picoserve|do you get picoserve] started?",
            "Start [command|picoserve] how?",
        ),
        "Run picoserve serve and the server starts.",
        "Serve",
    ),
    (
        (
            "Does picoserve [need|use|require] [the internet|the cloud|a cloud|a GPU]?",
            "Is picoserve [local|private|offline]?",
            "Does picoserve [run|work] [locally|offline|on my machine|on my computer]?",
            "[Where|On which machine] does picoserve run?",
            "Does my data [leave|stay on] my [machine|computer]?",
        ),
        "picoserve runs on your own machine and sends nothing to a cloud.",
        "Local",
    ),
    (
        (
            "Does picoserve [support|have|know|do] [tools|tool calls|function calling|JSON]?",
            "Can picoserve [call tools|call functions|write JSON]?",
            "[Are|Is] [tools|tool calls|function calling] [supported|possible][| with picoserve]?",
            "How about [tools|function calling] in picoserve?",
        ),
        "Yes, picoserve supports tool calls and JSON answers.",
        "Yes",
    ),
    (
        (
            "[How do I|How can I|Can I] [use|get|load] [a bigger|a better|another|my own] model?",
            "Why are you so [small|tiny|stupid|limited]?",
            "[Are there|Do you have] [bigger|better|smarter] models?",
            "You are not very [smart|clever|good].",
            "How do I replace you[| with a bigger model]?",
        ),
        "I'm only a tiny demo model. You can load a bigger model in picoserve's config.",
        "Config",
    ),
    (
        (
            "What is picoLLM?",
            "What's picoLLM?",
            "Tell me about picoLLM.",
            "Explain picoLLM.",
            "What does picoLLM do?",
        ),
        "picoLLM is an engine that runs compressed language models on your device.",
        "Engine",
    ),
    (
        (
            "What is [a GGUF|GGUF|a GGUF file]?",
            "What's [a GGUF|GGUF]?",
            "Explain GGUF[|files].",
            "What does GGUF mean?",
        ),
        "GGUF is a file format for language models.",
        "Format",
    ),
)


def about(conversation: Conversation) -> None:
    """A question about picoserve."""
    source = conversation.source
    questions, answer, core = source.pick(_FACTS)
    said = source.phrase(questions)
    lead = source.expand(_ASK)
    if lead and source.chance(0.3):
        said = lead + said[0].lower() + said[1:]
    words = tuple(word for word in ("picoserve", "GGUF", "config", "LiveKit") if word in answer)
    conversation.exchange(said, answer, core, must=words[-1:] or (answer,))


def generate(source: Source) -> Conversation:
    """A chat about picoserve."""
    conversation = Conversation(source, "about picoserve")
    setting.introduce(conversation, personas=0.2, styles=0.05)
    if source.chance(0.25):
        source.pick(smalltalk.BEATS)(conversation)
    for _ in range(source.pick((1, 1, 2))):
        about(conversation)
    return conversation
