"""Which free engine a prompt goes to: the one that saves most and loses least.

A picoLLM engine holds one context, its last prompt and reply; a prompt that begins like it is
evaluated from the difference on, and what does not match is lost. So the next turn of a
conversation belongs to the engine that holds its history, and a new conversation to an engine
whose context nobody is likely to ask for again: one never used, else the one used longest ago.
Sending it to the engine that shares most with it would let two conversations with the same
system prompt push each other out at every turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from picoserve.pool.prefix import common_prefix_length


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job comes from, as far as the client says.

    It only decides between engines; what is shared is decided by the prompt's own text.

    Attributes:
        room: One conversation's own name.
        key: A name that may stand for many conversations at once, as `prompt_cache_key` and
            `user` do; so it breaks ties and nothing else.
    """

    room: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class ContextFit:
    """Which engines a saved context concerns.

    Attributes:
        identity: The context identity of those engines.
        characters: How much of the prompt they can load from a file.
        only: No other engine will do.
    """

    identity: str
    characters: int = 0
    only: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A free engine.

    Attributes:
        context: Prompt and reply that it holds, "" when it has done nothing yet.
        prompt_length: How much of the context was prompt.
        last_used: When it last began a job, in any clock.
        free_places: Jobs that could start on it now.
        keeps_others: It has several places, so a new prompt does not push out the last one.
        is_own: Its last job came from the same room, so nobody else would miss its context.
        has_key: Its last job had the same key.
        loadable: How much of this prompt it can load from a file, in characters.
    """

    context: str = ""
    prompt_length: int = 0
    last_used: float = 0.0
    free_places: int = 1
    keeps_others: bool = False
    is_own: bool = False
    has_key: bool = False
    loadable: int = 0


def best_candidate(candidates: Sequence[Candidate], prompt: str) -> int | None:
    """The index of the engine to take; None when there is none."""
    if not candidates:
        return None
    numbers = range(len(candidates))
    shared = [common_prefix_length(c.context, prompt) for c in candidates]
    spare = min(numbers, key=lambda i: _spare_rank(candidates[i]))
    # What can be loaded is saved wherever the prompt goes.
    saved = [max(shared[i], candidates[i].loadable) for i in numbers]
    scores = [_score(candidates[i], shared[i], is_spare=i == spare) for i in numbers]
    if not candidates[spare].context:
        # Reading what conversations share is paid once per engine and then stays.
        used = [saved[i] for i in numbers if candidates[i].context]
        scores[spare] = min(used, default=saved[spare])
    return max(
        numbers,
        key=lambda i: (
            _continues(candidates[i], shared[i]),
            scores[i],
            candidates[i].free_places,
            candidates[i].is_own,
            candidates[i].has_key,
            i == spare,
        ),
    )


def _continues(candidate: Candidate, shared: int) -> bool:
    """Whether the prompt goes on from the engine's last one, or repeats it."""
    return 0 < candidate.prompt_length <= shared


def _score(candidate: Candidate, shared: int, *, is_spare: bool) -> int:
    """Characters saved, less those of a context that would be missed."""
    saved = max(shared, candidate.loadable)
    own = candidate.is_own or _continues(candidate, shared)
    harmless = own or is_spare or candidate.keeps_others
    return saved if harmless else saved - (len(candidate.context) - shared)


def _spare_rank(candidate: Candidate) -> tuple[bool, float]:
    return (bool(candidate.context), candidate.last_used)
