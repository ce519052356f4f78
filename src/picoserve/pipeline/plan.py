"""What one generation needs, and who reads its reply."""

from dataclasses import dataclass

from picoserve.constraint.plan import DocumentPlan, ReplyPlan, ToolPlan
from picoserve.contexts.saved import SavedContext
from picoserve.generation import HarmonyChannels, Job, ThoughtFormat
from picoserve.output.document import DocumentReply
from picoserve.output.harmony_reply import HarmonyReply
from picoserve.output.plain import PlainReply
from picoserve.output.reply import Reply
from picoserve.output.thinking import ThinkingReply
from picoserve.output.thoughts import splitter_for
from picoserve.output.tool_calls import ToolReply
from picoserve.pool.model_pool import Placement


@dataclass(frozen=True, slots=True)
class Plan:
    """What one generation needs.

    Attributes:
        job: For the engine; its stop phrases are those of the template.
        user_stop: The caller's stop phrases.
        reply: What the reply has to be.
        reply_lead: Text that a reply begins with and that no client wants to see.
        thoughts: How the model tells its thoughts from its reply; None where it has none.
        prompt_field: The request field that the prompt came from, for errors.
        context: A saved context that the prompt begins with.
    """

    placement: Placement
    job: Job
    user_stop: tuple[str, ...] = ()
    reply: ReplyPlan = None
    reply_lead: str = ""
    thoughts: ThoughtFormat | None = None
    prompt_field: str = "messages"
    context: SavedContext | None = None


def reader_for(plan: Plan) -> Reply:
    """Who reads the reply; behind thoughts only where the model has them."""
    reply = _reader_of_what_is_said(plan)
    if plan.thoughts is None:
        return reply
    if isinstance(plan.thoughts, HarmonyChannels):
        return HarmonyReply(reply, plan.reply)
    return ThinkingReply(reply, splitter_for(plan.thoughts), plan.job.stop)


def _reader_of_what_is_said(plan: Plan) -> Reply:
    job, lead, logprobs = plan.job, plan.reply_lead, plan.job.top_logprobs is not None
    match plan.reply:
        case DocumentPlan(grammar=grammar):
            return DocumentReply(grammar, job.stop, lead=lead, logprobs=logprobs)
        case ToolPlan():
            return ToolReply(plan.reply, job.stop, plan.user_stop, lead=lead, logprobs=logprobs)
        case None:
            return PlainReply((*job.stop, *plan.user_stop), lead=lead, logprobs=logprobs)
