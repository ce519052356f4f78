"""Request fields and the model's defaults → jobs, one per choice."""

from typing import Final

from picoserve.engine.engine import EngineInfo
from picoserve.generation import Job, Sampling
from picoserve.openai_api.sampling import SamplingFields
from picoserve.prompt.served_model import DefaultSampling

# Engines want a share above zero; so small a one leaves only the likeliest token.
_SMALLEST_TOP_P: Final = 1e-6


def jobs_for_choices(
    request: SamplingFields,
    defaults: DefaultSampling,
    *,
    prompt: str,
    stop: tuple[str, ...],
    max_tokens: int | None,
    top_logprobs: int | None,
) -> list[Job]:
    """`n` jobs that differ in their seed only.

    The first choice has the request's seed itself, so that `n` changes nothing about it.
    """
    return [
        Job(
            prompt=prompt,
            max_tokens=max_tokens,
            stop=tuple(dict.fromkeys(stop)),
            sampling=_sampling(request, defaults, choice),
            top_logprobs=top_logprobs,
        )
        for choice in range(request.n or 1)
    ]


def token_limit(wanted: int | None, defaults: DefaultSampling, info: EngineInfo) -> int | None:
    """Most tokens to generate: the request's or the model's, and no more than the context holds.

    The context ends a reply anyway, and engines count in 32 bits.
    """
    limit = defaults.max_tokens if wanted is None else wanted
    return None if limit is None else min(limit, info.context_length)


def _sampling(request: SamplingFields, defaults: DefaultSampling, choice: int) -> Sampling:
    top_p = _or(request.top_p, defaults.top_p)
    return Sampling(
        temperature=_or(request.temperature, defaults.temperature),
        top_p=max(top_p, _SMALLEST_TOP_P),
        presence_penalty=_or(request.presence_penalty, defaults.presence_penalty),
        frequency_penalty=_or(request.frequency_penalty, defaults.frequency_penalty),
        seed=None if request.seed is None else request.seed + choice,
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
