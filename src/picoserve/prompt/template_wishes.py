"""What a request wants of a model's template beside the conversation: values, and thoughts or none.

`chat_template_kwargs` is vLLM's, SGLang's and llama.cpp's field; `reasoning_effort` is OpenAI's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.chat_template import ChatTemplate
from picoserve.prompt.control_text import Neutraliser
from picoserve.prompt.text import checked_text
from picoserve.prompt.thinking import SWITCHES
from picoserve.prompt.turns import Scalar, Turn

_EFFORT: Final = "reasoning_effort"
_OFF: Final = frozenset({"none", "minimal"})


@dataclass(frozen=True, slots=True)
class TemplateWishes:
    """What the template is told.

    Attributes:
        variables: Values for its variables.
        thinks: Whether the model may think before it replies.
        unused: What the template has no use for.
    """

    variables: dict[str, Scalar]
    thinks: bool
    unused: tuple[str, ...] = ()


def template_wishes(
    request: ChatRequest, template: ChatTemplate, *, by_default: bool, has_form: bool
) -> TemplateWishes:
    """Read the request's wishes; those of `chat_template_kwargs` win.

    Args:
        by_default: Whether the model thinks where the request does not say.
        has_form: The server writes how the reply begins, so there is no place for a thought.

    Raises:
        InvalidRequestError: A text among the values cannot be read.
    """
    asked, variables, unused = _of_effort(request.reasoning_effort, template)
    for name, value in (request.chat_template_kwargs or {}).items():
        param = f"chat_template_kwargs.{name}"
        if name in SWITCHES and isinstance(value, bool):
            asked[param] = value
        elif name not in template.variables:
            unused.append(param)
        elif value is not None:
            variables[name] = _clean(value, param, template)
    wish = [*asked.values()][-1] if asked else None
    wanted = by_default if wish is None else wish
    thinks = wanted and not has_form
    if asked or has_form:
        variables |= dict.fromkeys(template.thinking_switches, thinks)
    variables = _least_effort(template, wanted=wanted) | variables
    heard = {param for param, on in asked.items() if _is_heard(template, has_form, on=on)}
    unused += [param for param in asked if param not in heard and param not in variables]
    return TemplateWishes(variables, thinks, tuple(unused))


def _of_effort(
    effort: str | None, template: ChatTemplate
) -> tuple[dict[str, bool], dict[str, Scalar], list[str]]:
    """What it asks of thinking, what the template is told, and its name where it is unused."""
    if effort is None:
        return {}, {}, []
    on = effort not in _OFF
    if on and template.thoughts is None:
        # Thoughts that nothing tells from the reply would be shown and read aloud as content.
        return {}, {}, [_EFFORT]
    has_levels = on and _EFFORT in template.variables
    levels = {_EFFORT: _clean(effort, _EFFORT, template)} if has_levels else {}
    return {_EFFORT: on}, levels, []


def _least_effort(template: ChatTemplate, *, wanted: bool) -> dict[str, Scalar]:
    """For a model that always thinks, where no thoughts are wanted."""
    return {_EFFORT: template.least_effort} if template.least_effort and not wanted else {}


def unused_thoughts(turns: Sequence[Turn], template: ChatTemplate) -> tuple[str, ...]:
    """The name of what earlier replies have thought, where the template has no place for it."""
    is_unused = not template.takes_thoughts and any(turn.thought for turn in turns)
    return ("messages.reasoning_content",) if is_unused else ()


def _is_heard(template: ChatTemplate, has_form: bool, *, on: bool) -> bool:
    """Whether a wish for thoughts, or for none, changes anything."""
    if on:
        return bool(template.thinking_switches) and not has_form
    return template.can_leave_thinking or (has_form and template.thoughts is not None)


def _clean(value: Scalar, param: str, template: ChatTemplate) -> Scalar:
    if not isinstance(value, str):
        return value
    return Neutraliser(template.control_tokens)(checked_text(value, param))
