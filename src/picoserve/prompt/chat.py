"""A chat request → the jobs that answer it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from picoserve.constraint import Grammars
from picoserve.constraint.plan import DocumentPlan, ReplyPlan, ToolPlan
from picoserve.engine.engine import Capability, EngineInfo
from picoserve.errors import InvalidRequestError, UnsupportedParameterError, UnsupportedValueError
from picoserve.generation import Image, Job, ThoughtFormat
from picoserve.images.source import ImageSource
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.call_triggers import CALL_TOKENS
from picoserve.prompt.chat_template import ChatTemplate
from picoserve.prompt.image import image_source
from picoserve.prompt.limits import (
    check_certain_overflow,
    check_grammars,
    check_moderation,
    check_sampling,
    check_stream_options,
)
from picoserve.prompt.ocr import ocr_jobs, unused_by_ocr
from picoserve.prompt.reply_plan import format_instruction, reply_plan, wants_document
from picoserve.prompt.sampling import jobs_for_choices, token_limit
from picoserve.prompt.served_model import ServedModel
from picoserve.prompt.template_wishes import TemplateWishes, template_wishes, unused_thoughts
from picoserve.prompt.text import checked_text
from picoserve.prompt.thinking import (
    thought_marks,
    thoughts_after,
    thoughts_beside_form,
    without_open_thought,
)
from picoserve.prompt.tool_choice import Tooling, tooling_for, unused_by_tooling
from picoserve.prompt.tool_text import HERMES
from picoserve.prompt.turns import TemplateError, Turn
from picoserve.prompt.turns_from_chat import turns_from_messages, unused_by_turns


@dataclass(frozen=True, slots=True)
class ChatWork:
    """What a chat request comes to.

    Attributes:
        jobs: One per choice. Where the reply is free text without thoughts, their stop phrases
            hold the caller's, but those that an engine could find in the lead.
        user_stop: The caller's stop phrases.
        reply: What the reply has to be.
        reply_lead: Text that every reply begins with and that nobody wants to see.
        thoughts: How the model tells its thoughts from its reply; None where it has none.
        unused: Fields of the request that have no place in the prompt or in a reply of this form.
        image: What the jobs look at; it is yet to be read into them.
    """

    jobs: list[Job]
    user_stop: tuple[str, ...]
    tooling: Tooling
    reply: ReplyPlan
    reply_lead: str
    thoughts: ThoughtFormat | None = None
    unused: tuple[str, ...] = ()
    image: ImageSource | None = None

    def with_image(self, image: Image) -> Self:
        """The same work with the image in every job."""
        return replace(self, jobs=[replace(job, image=image) for job in self.jobs], image=None)


def chat_work(
    request: ChatRequest, model: ServedModel, info: EngineInfo, cache: Grammars
) -> ChatWork:
    """Everything that must be decided before an engine is touched. May block for a moment.

    Raises:
        InvalidRequestError: Something in the request cannot be served.
    """
    _check_support(request)
    check_stream_options(request)
    user_stop = tuple(
        checked_text(phrase, f"stop[{i}]") for i, phrase in enumerate(request.stop_phrases)
    )
    image = image_source(request.messages, info, model.image_side)
    if info.can(Capability.OCR):
        jobs = ocr_jobs(request, model, info, image, user_stop)
        unused = (*unused_by_ocr(request), *unused_by_turns(request.messages))
        return ChatWork(jobs, user_stop, tooling_for(request), None, "", None, unused, image)
    check_sampling(request, info)
    template = model.template(info)
    tooling = tooling_for(request)
    if tooling.functions and wants_document(request):
        # A tag is what tells a call from a document.
        template = template.with_tool_style(HERMES)
    reply = reply_plan(request, tooling, template.tool_style, cache)
    turns = turns_from_messages(request.messages)
    has_form = isinstance(reply, DocumentPlan) or (isinstance(reply, ToolPlan) and reply.forced)
    wishes = template_wishes(request, template, by_default=model.thinking, has_form=has_form)
    prompt = _prompt(request, template, turns, tooling, wishes)
    form = template.thoughts
    thoughts = thoughts_beside_form(form) if has_form else thoughts_after(prompt, form)
    check_certain_overflow(checked_text(prompt, "messages"), info, "messages")
    stop = (*template.stop_phrases, *template.strip_phrases)
    if reply is None and thoughts is None:
        stop += template.stops_behind_lead(user_stop)
    jobs = jobs_for_choices(
        request,
        model.default_sampling,
        prompt=prompt,
        stop=stop,
        max_tokens=token_limit(request.token_limit, model.default_sampling, info),
        top_logprobs=_top_logprobs(request, info),
    )
    marks = (
        *(CALL_TOKENS if isinstance(reply, ToolPlan) else ()),
        *thought_marks(thoughts),
    )
    jobs = [replace(job, shown_tokens=marks) for job in jobs]
    # A stop phrase would leave half a document, which is what the form is there to rule out.
    unused = (
        *unused_by_turns(request.messages),
        *unused_by_tooling(request, tooling),
        *wishes.unused,
        *unused_thoughts(turns, template),
        *(("stop",) if has_form and user_stop else ()),
    )
    lead = template.lead_after(turns)
    return ChatWork(jobs, user_stop, tooling, reply, lead, thoughts, unused, image)


def _prompt(
    request: ChatRequest,
    template: ChatTemplate,
    turns: Sequence[Turn],
    tooling: Tooling,
    wishes: TemplateWishes,
) -> str:
    suffix, variables = format_instruction(request), wishes.variables
    try:
        prompt = template.render(
            turns, tooling.definitions(), system_suffix=suffix, variables=variables
        )
    except TemplateError as error:
        told = ("chat_template_kwargs", "reasoning_effort")
        param = next((name for name in told if getattr(request, name)), "messages")
        raise InvalidRequestError(
            f"Invalid '{param}': {error}", param=param, code="invalid_value"
        ) from error
    return prompt if wishes.thinks else without_open_thought(prompt, template.thoughts)


def _check_support(request: ChatRequest) -> None:
    if request.modalities is not None and request.modalities != ["text"]:
        raise UnsupportedValueError(
            "Unsupported value: 'modalities' does not support anything but [\"text\"] "
            "with this model.",
            param="modalities",
        )
    for name in ("audio", "web_search_options"):
        if (request.model_extra or {}).get(name) is not None:
            raise _unsupported(name)
    if request.structured_outputs and request.structured_outputs.structural_tag is not None:
        raise _unsupported("structured_outputs.structural_tag")
    check_grammars(request.model_extra or {})
    check_moderation((request.model_extra or {}).get("moderation"))


def _unsupported(name: str) -> UnsupportedParameterError:
    return UnsupportedParameterError(
        f"Unsupported parameter: '{name}' is not supported with this model.", param=name
    )


def _top_logprobs(request: ChatRequest, info: EngineInfo) -> int | None:
    if request.top_logprobs is not None and not request.logprobs:
        raise InvalidRequestError(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            param="top_logprobs",
        )
    if not request.logprobs:
        return None
    return min(request.top_logprobs or 0, info.max_top_logprobs)
