"""What the prompts of all conversations that begin with certain messages begin with."""

import os.path
from collections.abc import Sequence

from picoserve.constraint import GrammarCache
from picoserve.engine.engine import EngineInfo
from picoserve.errors import InvalidRequestError
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.messages import AssistantMessage, Message, UserMessage
from picoserve.prompt.chat import chat_work
from picoserve.prompt.served_model import ServedModel


def context_prompt(
    request: ChatRequest, model: ServedModel, info: EngineInfo, cache: GrammarCache
) -> str:
    """The common beginning of the request's prompt and those of longer conversations.

    Each is made the way that a chat request's is. What is common to them ends before the words
    that are not known yet. May block for a moment.

    Raises:
        InvalidRequestError: Such a conversation cannot be served, or its beginning is empty.
    """
    prompts = [
        chat_work(
            request.model_copy(update={"messages": [*request.messages, *more]}), model, info, cache
        )
        .jobs[0]
        .prompt
        for more in _continuations(request.messages[-1])
    ]
    beginning = os.path.commonprefix(prompts)  # noqa: RUF071  # characters are what is meant
    if not beginning:
        raise InvalidRequestError("The messages leave nothing to be read.", param="messages")
    return beginning


def _continuations(last: Message) -> Sequence[Sequence[Message]]:
    """How a conversation may go on: texts that have no first character in common."""
    users = [UserMessage(role="user", content=text) for text in ("Good morning", "3 times")]
    ways: list[list[Message]] = [[user] for user in users]
    if not isinstance(last, AssistantMessage):
        ways.append([AssistantMessage(role="assistant", content="Well, ..."), users[0]])
    if last.role in {"user", "tool", "function"}:
        ways.append([])
    return ways
